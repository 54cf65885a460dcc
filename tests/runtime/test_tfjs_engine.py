"""The TensorFlow.js engine: graph models in Node, on real models written by hand."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit import bundle
from edgekit.bundle import find_built
from edgekit.errors import MissingExtraError, ModelFileError, UnsupportedModelError, UsageError
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.worker import Job, measure_in_child
from edgekit.runtime.engines import node_process
from edgekit.runtime.engines.node_process import NodeDiedError, NodeProcess, find_node
from edgekit.runtime.engines.tfjs import TfjsEngine, open_model
from edgekit.runtime.loading import load
from edgekit.spec import ModelSpec, TensorSpec
from tests.conftest import missing
from tests.runtime.tfjs_models import edit, node, placeholder, write_dense, write_model

KERNEL = np.random.default_rng(0).normal(0, 0.02, (12, 4)).astype(np.float32)
PIXELS = np.random.default_rng(1).integers(0, 256, (5, 12), np.uint8)
SPEC = ModelSpec(
    name="dense",
    task="tensors",
    inputs=(TensorSpec("pixels", (None, 12)),),
    outputs=(TensorSpec("probabilities", (None, 4)),),
)


@pytest.fixture(autouse=True, scope="module")
def _runner() -> None:
    if find_built("node") is None:
        missing("the Node runner has not been built; run make setup")


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    return write_dense(tmp_path / "dense.tfjs", KERNEL, SPEC)


@pytest.fixture
def engine(dense: Path) -> Iterator[TfjsEngine]:
    opened = TfjsEngine(dense, SPEC, "dense")
    yield opened
    opened.close()


def expected(pixels: NDArray[Any]) -> NDArray[Any]:
    powers = np.exp(pixels.astype(np.float64) @ KERNEL)
    return np.asarray(powers / powers.sum(1, keepdims=True))


def test_several_rows_and_one_give_the_numbers_of_numpy(engine: TfjsEngine) -> None:
    for rows in (PIXELS, PIXELS[:1]):
        answer = engine.run({"pixels": rows.astype(np.float32)})["probabilities"]
        assert answer.dtype == np.float32
        np.testing.assert_allclose(answer, expected(rows), atol=1e-6)


def test_bytes_are_widened_in_node(engine: TfjsEngine) -> None:
    whole = engine.run({"pixels": PIXELS.astype(np.float32)})["probabilities"]
    np.testing.assert_array_equal(engine.run({"pixels": PIXELS})["probabilities"], whole)
    np.testing.assert_array_equal(engine.run({"pixels": PIXELS.astype(np.float16)})["probabilities"], whole)
    backwards = np.asfortranarray(PIXELS.astype(">f4"))
    np.testing.assert_array_equal(engine.run({"pixels": backwards})["probabilities"], whole)


def test_an_opened_folder_and_its_json_have_the_spec(dense: Path) -> None:
    for path in (dense, dense / "model.json"):
        opened = open_model(path, None, False)
        assert opened.spec == SPEC
        assert opened.engine.inputs[0].shape == (None, 12)
        assert opened.engine.batch_size > 1
        opened.engine.close()


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = write_dense(tmp_path / "a, b* (ü) 'c\".tfjs", KERNEL)
    with load(folder) as model:
        assert model.predict({"pixels": PIXELS})["probabilities"].shape == (5, 4)


def test_info_says_what_really_ran(engine: TfjsEngine) -> None:
    info = engine.info
    assert (info.name, info.version, info.threads) == ("@tensorflow/tfjs", "4.22.0", 1)
    assert info.kernels.startswith("WebAssembly")
    assert "Node " in info.kernels


def test_no_tensor_is_left_behind(engine: TfjsEngine) -> None:
    engine.run({"pixels": PIXELS})
    before = engine.count_memory()
    for _ in range(20):
        engine.run({"pixels": PIXELS})
    assert engine.count_memory() == before
    with pytest.raises(UsageError):
        engine.run({"pixels": PIXELS[:, :5]})
    assert engine.count_memory() == before


def test_tensors_of_several_dtypes_go_by_their_names_in_the_specs_order(tmp_path: Path) -> None:
    integers = {"T": {"type": "DT_INT32"}}
    folder = write_model(
        tmp_path / "pair.tfjs",
        [
            placeholder("b", "int32", -1, 2),
            placeholder("a", "float32", -1, 2),
            placeholder("chosen", "bool", -1, 2),
            node("total", "AddV2", "b", "b", **integers),
            node("picked", "Select", "chosen", "a", "zero"),
            node("large", "Greater", "a", "zero"),
        ],
        {
            "total": ("total:0", "int32", (-1, 2)),
            "picked": ("picked:0", "float32", (-1, 2)),
            "large": ("large:0", "bool", (-1, 2)),
        },
        {"zero": np.zeros((2, 2), np.float32)},
    )
    spec = ModelSpec(
        name="pair",
        task="tensors",
        inputs=(
            TensorSpec("a", (None, 2)),
            TensorSpec("chosen", (None, 2), "bool"),
            TensorSpec("b", (None, 2), "int32"),
        ),
        outputs=(
            TensorSpec("picked", (None, 2)),
            TensorSpec("large", (None, 2), "bool"),
            TensorSpec("total", (None, 2), "int32"),
        ),
    )
    engine = TfjsEngine(folder, spec)
    assert [info.name for info in engine.inputs] == ["a", "chosen", "b"]
    assert [info.name for info in engine.outputs] == ["picked", "large", "total"]
    a = np.array([[1.5, -2], [3, 4]], np.float32)
    chosen = np.array([[True, False], [False, True]])
    b = np.array([[2**30 - 1, 2], [3, -4]], np.int32)
    answer = engine.run({"b": b, "a": a, "chosen": chosen})
    engine.close()
    assert list(answer) == ["picked", "large", "total"]
    np.testing.assert_array_equal(answer["picked"], np.where(chosen, a, 0))
    np.testing.assert_array_equal(answer["large"], a > 0)
    np.testing.assert_array_equal(answer["total"], b * 2)
    assert [array.dtype.name for array in answer.values()] == ["float32", "bool", "int32"]


def test_an_operation_that_webassembly_lacks_runs_in_javascript_and_that_is_told(tmp_path: Path) -> None:
    folder = write_model(
        tmp_path / "einsum.tfjs",
        [
            placeholder("pixels", "float32", -1, 12),
            node("product", "Einsum", "pixels", "kernel", equation={"s": "YWIsYmMtPmFj"}, N={"i": "2"}),  # ab,bc->ac
        ],
        {"answer": ("product:0", "float32", (-1, 4))},
        {"kernel": KERNEL},
    )
    engine = TfjsEngine(folder)
    answer = engine.run({"pixels": PIXELS})["answer"]
    np.testing.assert_allclose(answer, PIXELS @ KERNEL, rtol=1e-5)
    assert engine.info.kernels.startswith("JavaScript")
    before = engine.count_memory()
    engine.run({"pixels": PIXELS})
    assert engine.count_memory() == before
    engine.close()


def test_a_model_too_large_for_webassembly_says_so_instead_of_answering_wrongly(tmp_path: Path) -> None:
    for sizes in ([600_000_000], [1_100_000_000]):  # in floats: more than 2^31 bytes, and than 2^32
        folder = write_model(
            tmp_path / f"huge{sizes[0]}.tfjs",
            [
                placeholder("value", "float32"),
                node("filled", "Fill", "sizes", "value"),
                node("last", "Max", "filled", "axis", keep_dims={"b": False}),
            ],
            {"answer": ("last:0", "float32", ())},
            {"sizes": np.array(sizes, np.int32), "axis": np.array([0], np.int32)},
        )
        engine = TfjsEngine(folder, name="huge")
        with pytest.raises(UnsupportedModelError, match=r"huge: .*more memory than WebAssembly"):
            engine.run({"value": np.array(1, np.float32)})
        engine.close()


def test_predictor_and_threads(dense: Path) -> None:
    with load(dense) as model:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda row: model.predict({"pixels": row[None]}), PIXELS))
        for row, answer in zip(PIXELS, answers, strict=True):
            np.testing.assert_allclose(answer["probabilities"], expected(row[None]), atol=1e-6)


def test_it_can_be_measured(dense: Path) -> None:
    protocol = LatencyProtocol(warmup_runs=1, warmup_seconds=0, min_runs=5, min_seconds=0, max_seconds=20)
    measurement = measure_in_child(Job(str(dense), protocol))
    assert measurement.engine.name == "@tensorflow/tfjs"
    assert measurement.latency.runs == 5
    if sys.platform == "linux":  # Node's memory counts, too
        assert measurement.processes == 2
        assert (measurement.peak_memory_bytes or 0) > (measurement.base_memory_bytes or 0) + (25 << 20)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"image": PIXELS}, "Expected arrays for 'pixels'. Got: 'image'"),
        ({"pixels": PIXELS[:, :5]}, r"Got an array of shape \(5, 5\)"),
        ({"pixels": PIXELS.astype(np.float64)}, "dtype float64"),
    ],
)
def test_wrong_inputs_are_named(engine: TfjsEngine, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        engine.run(inputs)


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no folder": (lambda folder: folder.rename(folder.with_name("elsewhere")), "is not a folder with a TF.js model"),
    "not JSON": (lambda folder: (folder / "model.json").write_text('{"format":'), "is not JSON"),
    "foreign": (lambda folder: (folder / "model.json").write_text('{"name": "page"}'), "has the format None"),
    "a layers model": (
        lambda folder: edit(folder, lambda d: d.update(format="layers-model")),
        "is a TF.js layers model",
    ),
    "no weights": (lambda folder: (folder / "group1-shard1of1.bin").unlink(), "group1-shard1of1.bin"),
    "short weights": (lambda folder: os.truncate(folder / "group1-shard1of1.bin", 100), "cut short"),
    "outside": (lambda folder: _point_outside(folder, "../secret.bin"), "outside of its folder"),
    "an absolute path": (
        lambda folder: _point_outside(folder, str(folder.parent / "secret.bin")),
        "outside of its folder",
    ),
    "a link to outside": (lambda folder: _link_outside(folder), "outside of its folder"),
    "no topology": (lambda folder: edit(folder, lambda d: d.pop("modelTopology")), "modelTopology"),
    "no versions": (lambda folder: edit(folder, lambda d: d["modelTopology"].pop("versions")), "versions"),
}


def _point_outside(folder: Path, path: str) -> None:
    (folder / "group1-shard1of1.bin").rename(folder.parent / "secret.bin")
    edit(folder, lambda document: document["weightsManifest"][0].update(paths=[path]))


def _link_outside(folder: Path) -> None:
    (folder / "group1-shard1of1.bin").rename(folder.parent / "secret.bin")
    (folder / "group1-shard1of1.bin").symlink_to(folder.parent / "secret.bin")


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_folder_is_one_sentence(dense: Path, name: str) -> None:
    spoil, message = BROKEN[name]
    spoil(dense)
    with pytest.raises(ModelFileError, match=re.escape(message)) as raised:
        open_model(dense, None, False)
    assert str(dense) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no folder", "There is no file"),
        ("not JSON", "cannot be read"),
        ("short weights", "cannot load"),
        ("no weights", "is missing"),
        ("outside", "outside of the model's folder"),
        ("an absolute path", "outside of the model's folder"),
        ("a link to outside", "outside of the model's folder"),
    ],
)
def test_the_runner_itself_reads_nothing_that_is_broken_or_outside(dense: Path, name: str, message: str) -> None:
    """Whatever was checked before: the files could have changed since."""
    BROKEN[name][0](dense)
    with pytest.raises(ModelFileError, match=message):
        TfjsEngine(dense)


def test_an_unknown_operation_is_named(tmp_path: Path) -> None:
    nodes = [placeholder("a", "float32", -1, 2), node("b", "Frobnicate", "a")]
    folder = write_model(tmp_path / "unknown.tfjs", nodes, {"b": ("b:0", "float32", (-1, 2))}, {})
    engine = TfjsEngine(folder)
    with pytest.raises(UnsupportedModelError, match="Frobnicate"):
        engine.run({"a": np.zeros((1, 2), np.float32)})
    engine.close()


def test_a_closed_engine_says_so_and_its_process_is_gone(engine: TfjsEngine) -> None:
    engine.close()
    engine.close()
    assert _is_gone(engine.process_id)
    with pytest.raises(UsageError, match="closed"):
        engine.run({"pixels": PIXELS})


def test_the_process_goes_with_the_object(dense: Path) -> None:
    engine = TfjsEngine(dense)
    process_id = engine.process_id
    del engine
    gc.collect()
    assert _is_gone(process_id)


@pytest.mark.parametrize("ending", ["", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_the_process_goes_with_python(dense: Path, ending: str) -> None:
    code = (
        "from pathlib import Path; from edgekit.runtime.engines.tfjs import TfjsEngine\n"
        f"engine = TfjsEngine(Path({str(dense)!r})); print(engine.process_id, flush=True)\n{ending}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert _is_gone(int(done.stdout))


def _is_gone(process_id: int) -> bool:
    for _ in range(100):
        status = Path(f"/proc/{process_id}/stat")
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        # Where nobody waits for orphans, as in many containers, the dead stay listed.
        if status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_process_that_is_killed_ends_in_one_sentence(engine: TfjsEngine) -> None:
    os.kill(engine.process_id, signal.SIGKILL)
    with pytest.raises(UnsupportedModelError, match=r"dense: Node ended .*SIGKILL"):
        engine.run({"pixels": PIXELS})
    with pytest.raises(UsageError, match="closed"):
        engine.run({"pixels": PIXELS})


def test_a_process_that_never_answers_is_ended() -> None:
    process = NodeProcess([str(find_node("A test")), "-e", "setInterval(() => {}, 1000)"])
    with pytest.raises(NodeDiedError, match="it took longer than 0 s"):
        process.request({"op": "load"}, seconds=0.2)
    assert _is_gone(process.process_id)


def test_what_a_process_said_last_is_in_the_error() -> None:
    process = NodeProcess([str(find_node("A test")), "-e", "throw new TypeError('so it is')"])
    with pytest.raises(NodeDiedError, match="TypeError: so it is"):
        process.request({"op": "load"})


def test_a_request_that_is_broken_off_leaves_no_answer_for_the_next(engine: TfjsEngine) -> None:
    class Interrupting(np.ndarray[Any, Any]):
        @property
        def size(self) -> int:  # asked for while the frame is being written
            raise KeyboardInterrupt

    process = engine._process
    with pytest.raises(KeyboardInterrupt):
        process.request({"op": "run"}, [PIXELS.view(Interrupting)])
    with pytest.raises(UnsupportedModelError, match="Node ended"):
        engine.run({"pixels": PIXELS})


def test_variables_for_node_do_not_reach_it(dense: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--require /nowhere.js")
    TfjsEngine(dense).close()


def test_a_runner_that_was_not_built_is_named(dense: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bundle, "SOURCES", tmp_path)
    with pytest.raises(UnsupportedModelError, match="make wheels"):
        open_model(dense, None, False)
    for name in ("build.ts", "package-lock.json"):
        (tmp_path / name).touch()
    with pytest.raises(UnsupportedModelError, match="make setup"):
        open_model(dense, None, False)


def test_without_node_the_extra_is_named(dense: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_process, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"Running a TF\.js model needs the extra 'tfjs'"):
        open_model(dense, None, False)


def test_threads_are_checked(dense: Path) -> None:
    with pytest.raises(UsageError, match="threads is a whole number of at least 1"):
        open_model(dense, 0, False)
