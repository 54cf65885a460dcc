"""Trials in a child process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from edgekit.child import ChildResult, run_child
from edgekit.errors import ModelFileError, UnsupportedModelError
from edgekit.runtime import load, try_model, trying
from edgekit.runtime.trial_result import TrialLimits, limits_for, read_result
from edgekit.runtime.trust import ensure_tried

REFUSED = {
    "audio_preprocessor_int8.tflite": "custom operator 'SignalWindow'",
    "keyword_scrambled_8bit.tflite": "crashes the interpreter",
    "person_detect.tflite": "quantized_dimension must be in range",
    "person_detect_vela.tflite": "Ethos-U",
    "test_model_nl_classifier_with_associated_label.tflite": "custom operator 'CUSTOM_OP_STRING_TO_FLOATS'",
}
"""The files of the collections that this interpreter cannot run, and why."""


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def trials(monkeypatch):
    """The limits of each trial that really started a child."""
    started: list[TrialLimits] = []
    real = trying.run_child

    def run_child(*arguments, **keywords):
        started.append(arguments[2])
        return real(*arguments, **keywords)

    monkeypatch.setattr(trying, "run_child", run_child)
    return started


def test_every_model_of_the_collections_is_run_or_refused_with_a_sentence(shared_data):
    files = sorted(path for name in ("tflite-zoo", "mlperf-tiny") for path in (shared_data / name).rglob("*.tflite"))
    assert len(files) > 30
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(zip(files, pool.map(try_model, files), strict=True))
    refused = {path.name: result.reason or "" for path, result in results.items() if not result.ok}
    assert refused.keys() == REFUSED.keys()
    assert all(REFUSED[name] in reason for name, reason in refused.items())
    for path, result in results.items():
        if result.ok:
            assert result.engine is not None
            assert result.engine.kernels.startswith(("XNNPACK", "builtin")), path
            assert result.inputs
            assert result.outputs
            with load(path, trust=True) as model:
                given = {info.name: np.ones([size or 1 for size in info.shape], info.dtype) for info in result.inputs}
                assert model.predict(given).keys() == {info.name for info in result.outputs}


def test_a_file_with_its_own_digest_needs_no_trial(tiny, own_cache, trials):
    load(tiny.fp32).close()
    assert trials == []


def test_a_foreign_file_is_tried_once(tiny, own_cache, trials):
    load(tiny.bare).close()
    load(tiny.bare).close()
    assert len(trials) == 1


def test_trust_skips_the_trial(tiny, own_cache, trials):
    load(tiny.bare, trust=True).close()
    assert trials == []


def test_a_digest_that_is_wrong_does_not_count(tiny, tmp_path, own_cache, trials):
    data = bytearray(tiny.fp32.read_bytes())
    position = data.index(b"sunflower")
    data[position : position + 3] = b"SUN"
    path = tmp_path / "changed.tflite"
    path.write_bytes(data)
    load(path).close()
    assert len(trials) == 1


def test_a_refusal_is_not_remembered(shared_data, own_cache, trials):
    path = shared_data / "tflite-zoo/tflite-micro/person_detect_vela.tflite"
    for _ in range(2):
        with pytest.raises(UnsupportedModelError, match="compiled for an Arm Ethos-U"):
            load(path)
    assert len(trials) == 2


@pytest.mark.skipif(os.name == "nt", reason="folders have no such permissions")
def test_without_a_cache_the_trial_is_done_again(tiny, tmp_path, monkeypatch, trials):
    blocked = tmp_path / "file-in-the-way"
    blocked.write_text("")
    blocked.chmod(stat.S_IRUSR)
    monkeypatch.setenv("EDGEKIT_CACHE", str(blocked / "cache"))
    load(tiny.bare).close()
    load(tiny.bare).close()
    assert len(trials) == 2


def test_a_trial_that_takes_too_long_is_ended(tiny):
    result = try_model(tiny.bare, TrialLimits(seconds=0.01))
    assert not result.ok
    assert "did not finish one run within 0.01 s" in (result.reason or "")


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no process's computing time")
def test_an_endless_loop_is_ended(tmp_path):
    tf = pytest.importorskip("tensorflow")
    module = tf.Module()
    module.serve = tf.function(
        lambda one: tf.while_loop(lambda number: number >= 0.0, lambda number: (number * 0.5,), (one,))[0],
        input_signature=[tf.TensorSpec((), tf.float32)],
    )
    path = tmp_path / "endless.tflite"
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    path.write_bytes(converter.convert())
    result = try_model(path, TrialLimits(seconds=1))
    assert not result.ok
    assert "did not finish one run within 1 s" in (result.reason or "")


def test_a_large_file_has_more_time():
    assert limits_for(4_000_000).seconds == 9
    assert limits_for(100).seconds == 8


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="only Linux chooses a process to end")
def test_a_trial_is_the_first_to_go_when_memory_runs_out():
    code = (
        "from edgekit.runtime.trial import limit_process\n"
        "limit_process(1 << 30, 10)\nprint(open('/proc/self/oom_score_adj').read())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 1000


def test_the_bytes_that_were_tried_are_the_bytes_that_run(tiny, tmp_path, own_cache, monkeypatch):
    """The file is exchanged for garbage while its trial runs."""
    path = tmp_path / "model.tflite"
    path.write_bytes(tiny.bare.read_bytes())

    def exchange(*given):
        path.write_bytes(b"garbage")
        return run_child(*given)

    monkeypatch.setattr(trying, "run_child", exchange)
    with load(path) as model:
        assert model.engine.inputs[0].name == "image"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_trial_ends_with_its_program(tiny):
    """The program is killed while the trial waits for the model."""
    code = (
        "import subprocess, sys\nfrom edgekit.child import child_command, child_environment\n"
        "words = child_command('edgekit.runtime.trial', '{}')\n"
        "trial = subprocess.Popen(words, stdin=subprocess.PIPE, env=child_environment({}))\n"
        "print(trial.pid, flush=True)\nsys.stdin.read()"
    )
    program = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert program.stdin is not None
    assert program.stdout is not None
    trial = Path("/proc") / program.stdout.readline().strip()
    # PR_SET_PDEATHSIG is set by the trial's first lines; it has no other name to be waited for by.
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and b"edgekit.runtime.trial" not in (trial / "cmdline").read_bytes():
        time.sleep(0.05)
    program.kill()
    program.wait()
    while time.monotonic() < deadline and is_alive(trial):
        time.sleep(0.05)
    program.stdout.close()
    program.stdin.close()
    assert not is_alive(trial)


def is_alive(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_trial_that_takes_too_much_memory_is_ended(tmp_path):
    tf = pytest.importorskip("tensorflow")
    module = tf.Module()
    module.serve = tf.function(
        lambda one: tf.broadcast_to(one, (64, 1024, 1024)) * one,  # 256 MB
        input_signature=[tf.TensorSpec((1,), tf.float32)],
    )
    path = tmp_path / "large.tflite"
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    path.write_bytes(converter.convert())
    assert try_model(path).ok
    result = try_model(path, TrialLimits(memory_bytes=64 << 20))
    assert not result.ok
    assert "memory runs out" in (result.reason or "")


def test_an_input_that_takes_too_much_memory_is_a_sentence(tiny):
    """The interpreter has room for the 256 MiB of its input, the program that fills it has none."""
    result = try_model(tiny.wide, TrialLimits(memory_bytes=384 << 20))
    assert not result.ok
    assert result.reason == (
        "it asks for more memory than the 0.375 GiB of a trial. If you trust the file, load it with trust=True"
    )


def test_nothing_native_is_held_back_in_a_trial(tiny, monkeypatch):
    """What the interpreter prints before a crash is all that there is to explain it."""
    seen: list[ChildResult] = []
    monkeypatch.setattr(trying, "run_child", lambda *given: seen.append(run_child(*given)) or seen[-1])
    assert try_model(tiny.bare).ok
    assert "XNNPACK delegate" in seen[0].log


def test_no_child_is_a_sentence(tiny, own_cache, monkeypatch):
    monkeypatch.setattr("sys.executable", "")
    with pytest.raises(ModelFileError, match=r"none can be started here.*trust=True"):
        ensure_tried(tiny.bare.read_bytes(), "bare.tflite")


def test_a_strange_working_directory_is_not_imported(tiny, own_cache, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit('the wrong numpy')")
    monkeypatch.chdir(tmp_path)
    assert try_model(tiny.bare).ok


@pytest.mark.parametrize(
    ("child", "reason"),
    [
        (ChildResult(None, -11, ""), "crashes the interpreter (signal 11, SIGSEGV"),
        (ChildResult({"ok": True}, -6, "free(): invalid pointer"), "crashes the interpreter (signal 6, SIGABRT"),
        (ChildResult(None, 0xC0000005, ""), "crashes the interpreter (exception 0xC0000005"),
        (ChildResult(None, -6, "what():  std::bad_alloc"), "asks for more memory than the 2 GiB of a trial"),
        (ChildResult(None, None, ""), "did not finish one run within 8 s"),
        (ChildResult(None, -24, ""), "did not finish one run within 8 s"),
        (ChildResult(None, -9, ""), "the system ended its trial, as Linux does when memory runs out"),
        (
            ChildResult(None, 1, "Traceback ...\nImportError: no module"),
            "the trial run failed (ImportError: no module)",
        ),
        (ChildResult(None, 3, ""), "the trial run failed (exit code 3)"),
        (ChildResult({"ok": False, "reason": "it hurts", "broken": False}, 0, ""), "it hurts"),
    ],
)
def test_how_a_child_ends_becomes_a_reason(child, reason):
    result = read_result(child, TrialLimits(), "ai-edge-litert 2.3.0")
    assert not result.ok
    assert reason in (result.reason or "")


def test_random_damage_never_ends_this_process(tiny, tmp_path, own_cache):
    data = tiny.bare.read_bytes()
    generator = np.random.default_rng(7)
    paths: list[Path] = []
    for index in range(24):
        mutant = bytearray(data)
        for position in generator.integers(8, len(data), 4):
            mutant[position] = generator.integers(0, 256)
        paths.append(tmp_path / f"mutant-{index}.tflite")
        paths[-1].write_bytes(mutant)

    def ends_well(path: Path) -> bool:
        try:
            load(path).close()
        except ModelFileError as error:
            return str(error).endswith(".")
        return True

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        assert all(pool.map(ends_well, paths))
