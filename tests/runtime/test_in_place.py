"""The input is written where the interpreter reads it, and nothing is allocated twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.runtime import load
from edgekit.runtime.engines.base import InPlaceEngine


def _address(engine):
    """Where the first input lies."""
    (slot,) = engine._inputs
    return engine._interpreter.tensor(slot.index)().__array_interface__["data"][0]


@pytest.mark.parametrize("kind", ["fp32", "int8"])
def test_batches_run_in_order_and_in_one_place(tiny, kind):
    with load(getattr(tiny, kind)) as model:
        place = _address(model.engine)
        single = np.concatenate([model.predict(image[None]) for image in tiny.images])
        for batch in (tiny.images, tiny.images[:5], tiny.images[::-1], tiny.images[3:4]):
            rows = [int(np.flatnonzero((tiny.images == image).all(axis=(1, 2, 3)))[0]) for image in batch]
            np.testing.assert_array_equal(model.predict(batch), single[rows])
            assert _address(model.engine) == place
        model.classify(tiny.images[0])
        assert _address(model.engine) == place


def test_what_is_filled_is_what_is_run(tiny):
    with load(tiny.fp32) as model:
        engine = model.engine
        assert isinstance(engine, InPlaceEngine)
        pixels = tiny.images[2:3].astype(np.float32)
        (name,) = [info.name for info in engine.inputs]
        (filled,) = engine.run_filled(pixels.shape, lambda tensor: np.copyto(tensor, pixels)).values()
        (given,) = engine.run({name: pixels}).values()
    np.testing.assert_array_equal(filled, given)


def test_both_ways_follow_another_size(tiny):
    rows = {count: np.random.default_rng(count).random((count, 5), np.float32) for count in (1, 3, 7)}
    with load(tiny.resizable) as model:
        for count, filled in ((3, True), (3, False), (7, False), (1, True), (7, True), (1, False), (3, False)):
            array = rows[count]
            if filled:
                answer = model.engine.run_filled(array.shape, lambda tensor, array=array: np.copyto(tensor, array))
            else:
                answer = model.engine.run({"rows": array})
            np.testing.assert_array_equal(answer["doubled"], array * 2)


def test_a_shape_that_does_not_fit_is_refused_and_does_no_harm(tiny):
    pixels = tiny.images[:1].astype(np.float32)
    with load(tiny.fp32) as model:
        with pytest.raises(UsageError, match=r"Expected image: float32 .*\. Got an array of shape \(1, 5, 5, 3\)"):
            model.engine.run_filled((1, 5, 5, 3), lambda tensor: tensor.fill(0))
        (answer,) = model.engine.run_filled(pixels.shape, lambda tensor: np.copyto(tensor, pixels)).values()
    np.testing.assert_allclose(answer, tiny.probabilities[:1], atol=1e-5)


def test_a_closed_engine_says_so(tiny):
    model = load(tiny.fp32)
    model.close()
    with pytest.raises(UsageError, match=r"is closed\. Load it again"):
        model.engine.run_filled((1, 24, 32, 3), lambda tensor: tensor.fill(0))


def test_threads_with_frames_of_any_size_take_turns(tiny):
    frames = [np.repeat(np.repeat(image, 3, axis=0), 3, axis=1)[:, :, ::-1] for image in tiny.images]
    with load(tiny.fp32) as model, ThreadPoolExecutor(4) as pool:
        alone = [model.classify(frame) for frame in frames]
        assert list(pool.map(model.classify, frames * 10)) == alone * 10
