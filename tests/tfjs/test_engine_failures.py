"""What goes wrong while the engine runs: Node hangs, dies, is closed, or the files changed behind it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.bundle import find_built
from edgekit.errors import EdgeKitError, ModelFileError, UnsupportedModelError, UsageError
from edgekit.runtime.engines import tfjs
from edgekit.runtime.engines.tfjs import TfjsEngine
from tests.conftest import missing
from tests.runtime.tfjs_models import edit, write_dense

KERNEL = np.random.default_rng(0).normal(0, 0.02, (12, 4)).astype(np.float32)
PIXELS = np.random.default_rng(1).integers(0, 256, (2, 12)).astype(np.float32)


@pytest.fixture(autouse=True, scope="module")
def _runner() -> None:
    if find_built("node") is None:
        missing("the Node runner has not been built; run make setup")


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    return write_dense(tmp_path / "dense.tfjs", KERNEL)


@pytest.fixture
def engine(dense: Path) -> Iterator[TfjsEngine]:
    opened = TfjsEngine(dense, name="dense")
    yield opened
    opened.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def ask(engine: TfjsEngine) -> NDArray[Any]:
    return engine.run({"pixels": PIXELS})["probabilities"]


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def expected() -> NDArray[Any]:
    powers = np.exp(PIXELS.astype(np.float64) @ KERNEL)
    return np.asarray(powers / powers.sum(1, keepdims=True))


def test_a_process_that_hangs_in_a_run_is_ended(engine: TfjsEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfjs, "_RUN_SECONDS", 0.2)
    os.kill(engine.process_id, signal.SIGSTOP)
    with pytest.raises(UnsupportedModelError, match=r"dense: Node ended .*it took longer than"):
        ask(engine)
    with pytest.raises(UsageError, match="closed"):
        ask(engine)


def test_a_process_that_is_killed_in_a_run_fails_all_who_wait(engine: TfjsEngine, pool: ThreadPoolExecutor) -> None:
    os.kill(engine.process_id, signal.SIGSTOP)
    runs = [pool.submit(ask, engine) for _ in range(3)]
    wait_until(engine._lock.locked)
    os.kill(engine.process_id, signal.SIGKILL)
    errors = [run.exception(timeout=60) for run in runs]
    assert all(isinstance(error, EdgeKitError) for error in errors)
    texts = sorted((str(error) for error in errors), key=lambda text: "SIGKILL" not in text)
    assert "SIGKILL" in texts[0]
    assert texts[1:] == ["dense is closed. Load it again."] * 2


def test_closing_waits_for_the_run_of_another_thread(engine: TfjsEngine, pool: ThreadPoolExecutor) -> None:
    os.kill(engine.process_id, signal.SIGSTOP)
    run = pool.submit(ask, engine)
    wait_until(engine._lock.locked)
    closing = pool.submit(engine.close)
    os.kill(engine.process_id, signal.SIGCONT)
    np.testing.assert_allclose(run.result(timeout=60), expected(), atol=1e-6)
    closing.result(timeout=60)
    with pytest.raises(UsageError, match="closed"):
        ask(engine)


def test_threads_get_their_own_answers(engine: TfjsEngine, pool: ThreadPoolExecutor) -> None:
    """Rows of different numbers: an answer that went to another thread would have another shape."""
    rows = [np.full((count, 12), count, np.float32) for count in range(1, 9)] * 5
    answers = list(pool.map(lambda given: engine.run({"pixels": given})["probabilities"], rows))
    assert [len(answer) for answer in answers] == [len(given) for given in rows]
    for given, answer in zip(rows, answers, strict=True):
        powers = np.exp(given.astype(np.float64) @ KERNEL)
        np.testing.assert_allclose(answer, powers / powers.sum(1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("shape", [[2**53, 2**53], [2**31, 2], [-12, -4], [12, 5]])
def test_the_runner_believes_no_size(dense: Path, shape: list[int]) -> None:
    """Whatever was checked before: the files could have changed since."""
    edit(dense, lambda document: document["weightsManifest"][0]["weights"][0].update(shape=shape))
    with pytest.raises(ModelFileError, match="cannot load") as raised:
        TfjsEngine(dense)
    assert "\n" not in str(raised.value)


def test_weights_that_are_no_numbers_are_answered_with_no_numbers(dense: Path) -> None:
    """A shard of the right size with other bytes is a sound file; only its digest tells."""
    shard = dense / "group1-shard1of1.bin"
    shard.write_bytes(b"\xff" * shard.stat().st_size)
    engine = TfjsEngine(dense)
    assert np.isnan(ask(engine)).all()
    engine.close()
