"""Workers that are forked: real processes, with converters that do as they are told and need no TensorFlow."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import edgekit
from edgekit.converters import jobs
from edgekit.converters.base import MODULES, get_converter
from edgekit.converters.forking import ForkedWorker, Nursery, NurseryGoneError, can_fork, open_nursery
from edgekit.converters.jobs import Job, quiet_cpu, run_jobs
from edgekit.progress import SILENT
from edgekit.spec import ImageFormat, image_classifier

pytestmark = pytest.mark.skipif(not can_fork(), reason="no forks here")

OBEDIENT = """
import os, time
from edgekit.converters.base import MODULES, NoOptions, register
from edgekit.errors import ConversionError

@register
class Obedient:
    format, calibrated, Options = "obedient", (), NoOptions

    def convert(self, program, spec, precision, calibration, options, out):
        out.with_suffix(".pid").write_text(f"{os.getpid()} {os.getppid()}")
        print("I shall", precision)
        if precision == "crash":
            os.kill(os.getpid(), 9)
        if precision == "hang":
            time.sleep(600)
        raise ConversionError("it went well")
"""

ANOTHER_WORKER = """
import json, pathlib, sys
for folder in map(pathlib.Path, sys.argv[1:]):
    (folder / "result.json").write_text(json.dumps({"check": {}, "error": "without the nursery"}))
    print(folder.name, flush=True)
"""


@pytest.fixture
def open_with(tmp_path: Path) -> Iterator[Callable[..., Nursery]]:
    """Opens nurseries that import a module of this text, and closes them."""
    opened: list[Nursery] = []

    def run(text: str = OBEDIENT) -> Nursery:
        (tmp_path / "told.py").write_text(text)
        path = os.pathsep.join([str(tmp_path), str(Path(edgekit.__file__).parents[1])])
        opened.append(Nursery(["told"], {**quiet_cpu(), "PYTHONPATH": path}))
        return opened[-1]

    yield run
    for nursery in opened:
        nursery.close()


@pytest.fixture
def make_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Job]]:
    """Jobs of the converter that obeys; where there is no nursery, another worker tells so."""
    program = tmp_path / "program"
    program.mkdir()
    spec = image_classifier("x", ("a", "b"), ImageFormat(8, 8))
    (program / "program.json").write_text(json.dumps({"batch": 1, "spec": spec.to_dict()}))
    script = tmp_path / "worker.py"
    script.write_text(ANOTHER_WORKER)
    monkeypatch.setattr(jobs, "child_command", lambda module, *words: [sys.executable, str(script), *words])
    (tmp_path / "jobs").mkdir()

    def make(words: str) -> list[Job]:
        job = Job("obedient", "", "", str(program), None, "", {}, "")
        return [
            dataclasses.replace(job, precision=word, name=f"{place}-{word}", output=str(tmp_path / f"{place}.x"))
            for place, word in enumerate(words.split())
        ]

    return make


def wait_for(path: Path) -> list[int]:
    """The process ids in a file, once it is there: of the worker and of the nursery."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and len(numbers := path.read_text().split()) == 2:
            return [int(number) for number in numbers]
        time.sleep(0.01)
    raise AssertionError(f"{path} was not written")


def end_of(worker: ForkedWorker) -> int:
    """Its exit code, when it has ended."""
    for _ in worker.lines():
        pass
    return worker.wait()


def wait_for_end(process: int) -> None:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.01)


def test_a_crash_takes_no_other_with_it(
    open_with: Callable[..., Nursery], make_jobs: Callable[[str], list[Job]], tmp_path: Path
) -> None:
    nursery = open_with()
    well, crash, again = run_jobs(make_jobs("well crash well"), tmp_path / "jobs", SILENT, nursery)
    assert well.error == again.error == "it went well"
    assert "SIGKILL" in str(crash.error)
    assert [one.log.read_text().splitlines()[0] for one in (well, crash, again)] == [
        "I shall well",
        "I shall crash",
        "I shall well",
    ]
    parents = {wait_for(tmp_path / f"{place}.pid")[1] for place in range(3)}
    assert parents == {nursery.process_id}


def test_a_hang_is_stopped(
    open_with: Callable[..., Nursery],
    make_jobs: Callable[[str], list[Job]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = make_jobs("hang well")
    nursery = open_with()
    assert end_of(nursery.fork([], tmp_path / "log.txt")) == 0  # from here on it takes milliseconds
    monkeypatch.setattr(jobs, "TIME_LIMIT_SECONDS", 2)
    hang, well = run_jobs(asked, tmp_path / "jobs", SILENT, nursery)
    assert "was stopped" in str(hang.error)
    assert well.error == "it went well"
    wait_for_end(wait_for(tmp_path / "0.pid")[0])


def test_without_its_nursery_a_worker_ends_and_its_job_is_done_elsewhere(
    open_with: Callable[..., Nursery], make_jobs: Callable[[str], list[Job]], tmp_path: Path
) -> None:
    asked = make_jobs("well hang well")
    nursery = open_with()
    killed: list[int] = []

    def kill() -> None:
        killed.append(wait_for(tmp_path / "1.pid")[0])
        os.kill(nursery.process_id, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    errors = [outcome.error for outcome in run_jobs(asked, tmp_path / "jobs", SILENT, nursery)]
    killer.join()
    assert errors == ["it went well", "without the nursery", "without the nursery"]
    wait_for_end(killed[0])
    with pytest.raises(NurseryGoneError):
        nursery.fork([], tmp_path / "log.txt")


def test_closing_ends_its_workers(
    open_with: Callable[..., Nursery], make_jobs: Callable[[str], list[Job]], tmp_path: Path
) -> None:
    (asked,) = make_jobs("hang")
    folder = tmp_path / "jobs" / "job-0"
    folder.mkdir()
    asked.write(folder / "job.json")
    nursery = open_with()
    worker = nursery.fork([folder], tmp_path / "log.txt")
    process, _ = wait_for(tmp_path / "0.pid")
    nursery.close()
    assert not Path(f"/proc/{process}").exists()
    assert not Path(f"/proc/{nursery.process_id}").exists()
    with pytest.raises(NurseryGoneError):
        end_of(worker)


@pytest.mark.parametrize(
    "text",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
        "raise ImportError('not here')",
        "import os\nos.abort()",
    ],
    ids=["threads", "no import", "crash"],
)
def test_a_nursery_that_cannot_fork_is_done_without(
    open_with: Callable[..., Nursery], make_jobs: Callable[[str], list[Job]], tmp_path: Path, text: str
) -> None:
    (outcome,) = run_jobs(make_jobs("well"), tmp_path / "jobs", SILENT, open_with(text))
    assert outcome.error == "without the nursery"


def test_a_fork_that_the_system_refuses_is_an_outcome(
    open_with: Callable[..., Nursery], make_jobs: Callable[[str], list[Job]], tmp_path: Path
) -> None:
    """As where there are as many processes as there may be; a test that runs as root is not limited."""
    refusing = "import errno, os\ndef refuse():\n    raise OSError(errno.EAGAIN, 'no more')\nos.fork = refuse"
    outcomes = run_jobs(make_jobs("well well"), tmp_path / "jobs", SILENT, open_with(refusing))
    sentence = "its process cannot be started (Resource temporarily unavailable)."
    assert [outcome.error for outcome in outcomes] == [f"0-well: {sentence}", f"1-well: {sentence}"]


def test_closing_does_not_wait_for_imports(open_with: Callable[..., Nursery], tmp_path: Path) -> None:
    nursery = open_with(f"import pathlib, time\npathlib.Path({str(tmp_path / 'at_it.pid')!r}).write_text('1 2')\n"
                        "time.sleep(600)")  # fmt: skip
    wait_for(tmp_path / "at_it.pid")
    nursery.close()
    assert not Path(f"/proc/{nursery.process_id}").exists()


def test_all_that_converters_import_can_be_forked(tmp_path: Path) -> None:
    installed = [format for format in MODULES if find_spec(get_converter(format).module) is not None]
    with open_nursery(installed, quiet_cpu()) as nursery:
        assert nursery is not None
        assert end_of(nursery.fork([], tmp_path / "log.txt")) == 0
    assert not Path(f"/proc/{nursery.process_id}").exists()
