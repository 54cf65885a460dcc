"""Streams of frames: real threads, a real model, sources that end, break, stall, and come too fast."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgekit.camera import CameraError, Frame
from edgekit.errors import ImageError, UsageError
from edgekit.runtime import load
from edgekit.runtime import stream as stream_module


def frame_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "edgekit-frames"]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    deadline = time.monotonic() + 30
    while frame_threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not frame_threads()


@pytest.fixture
def model(tiny: Any) -> Iterator[Any]:
    with load(tiny.fp32) as predictor:
        yield predictor


class Gate:
    """A camera whose every frame is let through by the test."""

    live = True

    def __init__(self, images: Any) -> None:
        self.images = images
        self.closed = False
        self._tokens = threading.Semaphore(0)
        self._wanted = threading.Semaphore(0)

    def let(self, count: int) -> None:
        """Gives so many frames, and returns when the last was taken from the source and another one is wanted."""
        for _ in range(count):
            self._tokens.release()
        for _ in range(count):
            assert self._wanted.acquire(timeout=30)

    def close(self) -> None:
        self.closed = True

    def __iter__(self) -> Iterator[Any]:
        for number in itertools.count():
            if number:
                self._wanted.release()
            while not self._tokens.acquire(timeout=0.05):
                if self.closed:
                    return
            yield self.images[number % len(self.images)]


def test_the_answers_are_those_of_classify(model: Any, tiny: Any) -> None:
    results = list(model.classify_stream(list(tiny.images), top=2))
    assert [list(result.predictions) for result in results] == [model.classify(image, top=2) for image in tiny.images]
    assert [result.index for result in results] == list(range(len(tiny.images)))
    for result, image in zip(results, tiny.images, strict=True):
        assert result.frame is image or (result.frame == image).all()
        assert result.age_ms >= result.prepare_ms + result.inference_ms > 0
        assert (result.dropped, result.unreadable, result.time) == (0, 0, None)


def test_paths_pillow_images_bytes_and_frames(model: Any, tiny: Any, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(tiny.images[2]).save(path)
    frames = [path, str(path), path.read_bytes(), Image.open(path), tiny.images[2], Frame(tiny.images[2], 1.5)]
    results = list(model.classify_stream(frames, language="en"))
    assert len({result.predictions for result in results}) == 1
    assert [result.time for result in results] == [None] * 5 + [1.5]


def test_of_a_live_source_the_newest_frame_wins(model: Any, tiny: Any) -> None:
    gate = Gate(tiny.images)
    with model.classify_stream(gate) as stream:
        gate_thread = threading.Thread(target=gate.let, args=(1,))
        gate_thread.start()
        first = next(stream)
        gate_thread.join()
        gate.let(5)  # nobody looks meanwhile
        second = next(stream)
        gate.let(1)
        third = next(stream)
    assert (first.index, first.dropped) == (0, 0)
    assert (second.index, second.dropped) == (5, 4)
    assert list(second.predictions) == model.classify(tiny.images[5])
    assert (third.index, third.dropped) == (6, 4)
    assert gate.closed


def test_no_more_than_one_frame_waits(model: Any, tiny: Any) -> None:
    # Each frame of this camera is told when it is freed: of 50, one may be waiting, and one is the last result's.
    class Picture(np.ndarray):
        pass

    alive: set[int] = set()

    def shoot(number: int) -> Any:
        import weakref

        picture = tiny.images[0].copy().view(Picture)
        alive.add(number)
        weakref.finalize(picture, alive.discard, number)
        return picture

    gate = Gate([])
    gate.images = type("Shots", (), {"__len__": lambda self: 1000, "__getitem__": lambda self, n: shoot(n)})()
    with model.classify_stream(gate) as stream:
        threading.Thread(target=gate.let, args=(1,)).start()
        next(stream)
        gate.let(50)
        gc.collect()
        assert len(alive) <= 3


@pytest.mark.parametrize("make", [list, tuple, lambda frames: np.array(frames)])
def test_nothing_of_a_list_is_dropped(model: Any, tiny: Any, make: Any) -> None:
    results = []
    for result in model.classify_stream(make(list(tiny.images))):
        time.sleep(0.002)
        results.append(result.index)
    assert results == list(range(len(tiny.images)))


def test_nothing_of_an_iterator_of_paths_is_dropped(model: Any, tiny: Any, tmp_path: Path) -> None:
    for number, image in enumerate(tiny.images):
        Image.fromarray(image).save(tmp_path / f"{number:02d}.png")
    stream = model.classify_stream(path for path in sorted(tmp_path.iterdir()))
    next(stream)
    time.sleep(0.05)  # a live source would be through by now
    assert [result.index for result in stream] == list(range(1, len(tiny.images)))


def test_live_can_be_said(model: Any, tiny: Any) -> None:
    stream = model.classify_stream((image for image in tiny.images), live=False)
    next(stream)
    time.sleep(0.05)
    assert len(list(stream)) == len(tiny.images) - 1

    stream = model.classify_stream(list(tiny.images) * 20, live=True)
    results = list(stream)
    assert results[-1].index == 20 * len(tiny.images) - 1
    assert results[-1].dropped + len(results) == 20 * len(tiny.images)
    assert results[-1].dropped > 0


def test_an_error_of_the_source_reaches_the_caller_after_the_last_frame(model: Any, tiny: Any) -> None:
    def broken() -> Iterator[Any]:
        yield tiny.images[0]
        raise ConnectionError("the cable is out")

    stream = model.classify_stream(broken())
    assert next(stream).index == 0
    with pytest.raises(ConnectionError, match="the cable is out"):
        next(stream)
    assert list(stream) == []


def test_a_source_that_sends_nothing(model: Any, tiny: Any) -> None:
    gate = Gate(tiny.images)
    with pytest.raises(CameraError, match=r"No frame came for 0\.2 s"):
        next(model.classify_stream(gate, timeout=0.2))
    assert gate.closed


def endless(image: Any, closed: list[bool]) -> Iterator[Any]:
    """As programs write it around a camera of their own."""
    try:
        while True:
            time.sleep(0.001)
            yield image
    finally:
        closed.append(True)


def test_break_ends_the_thread_and_the_source(model: Any, tiny: Any) -> None:
    closed: list[bool] = []
    for _ in model.classify_stream(endless(tiny.images[0], closed)):
        break
    assert closed == [True]
    assert not frame_threads()


def test_close_ends_the_thread_and_the_source(model: Any, tiny: Any) -> None:
    class Camera:
        live = True
        closed = False

        def __init__(self) -> None:
            self.stop = threading.Event()

        def __iter__(self) -> Iterator[Any]:
            yield tiny.images[0]
            self.stop.wait()  # as one that hangs in the middle of a read, until it is closed

        def close(self) -> None:
            self.closed = True
            self.stop.set()

    camera = Camera()
    stream = model.classify_stream(camera)
    next(stream)
    stream.close()
    stream.close()
    assert camera.closed
    assert not frame_threads()
    assert list(stream) == []


def test_an_error_of_the_loop_ends_the_source(model: Any, tiny: Any) -> None:
    closed: list[bool] = []
    stream = model.classify_stream(endless(tiny.images[0], closed))

    def look() -> None:
        with stream:
            for _ in stream:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look()
    assert closed == [True]


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("size", [None, (40, 50)], ids=["own size", "another size"])
def test_a_source_may_fill_one_array_again_and_again(model: Any, tiny: Any, live: bool, size: Any) -> None:
    flat = [np.full((*(size or tiny.images[0].shape[:2]), 3), value, np.uint8) for value in range(0, 250, 10)]
    expected = [model.classify(image) for image in flat]

    def filled() -> Iterator[Any]:
        frame = np.empty_like(flat[0])
        for image in flat:
            frame[:] = image
            yield frame
            frame[:] = 255

    for result in model.classify_stream(filled(), live=live):
        assert list(result.predictions) == expected[result.index]
    assert list(model.classify_many(filled())) == expected


def test_unreadable_frames_of_a_camera_are_left_out(model: Any, tiny: Any) -> None:
    photo = tiny.images[0]
    frames = [photo, b"no picture", photo]
    results = list(model.classify_stream(frames, skip_unreadable=True))
    assert [(result.index, result.unreadable) for result in results] == [(0, 0), (2, 1)]
    with pytest.raises(ImageError, match=r"^frame 1 is not a readable image \(no known image format\)\.$"):
        list(model.classify_stream(frames))


def test_a_camera_with_nothing_but_unreadable_frames_ends(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "MAX_UNREADABLE", 5)
    with pytest.raises(ImageError, match="None of the last 5 frames; the last one is not a readable image"):
        list(model.classify_stream(itertools.repeat(b"static"), skip_unreadable=True))


def test_a_wrong_array_is_told_at_once(model: Any) -> None:
    with pytest.raises(UsageError, match="An image array must be uint8"):
        list(model.classify_stream([np.zeros((4, 4, 3))]))


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        ((5,), {}, "frames is an iterable of photos: .* Got: 5"),
        (("photo.jpg",), {}, "frames is an iterable of photos: .* Got: 'photo.jpg'"),
        (([], 0), {}, "top is a whole number"),
        (([], 5, 7), {}, "language is a string"),
        (([],), {"live": "yes"}, "live is true, false or None. Got: 'yes'"),
        (([],), {"timeout": 0}, "timeout is a number of seconds above 0. Got: 0"),
        (([],), {"skip_unreadable": 1}, "skip_unreadable is true, false or None. Got: 1"),
    ],
)
def test_arguments_are_checked_before_anything_is_read(model: Any, arguments: Any, options: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        model.classify_stream(*arguments, **options)


def test_a_model_that_is_no_classifier_says_so(tiny: Any) -> None:
    with load(tiny.pair) as pair, pytest.raises(UsageError, match="cannot classify photos"):
        pair.classify_stream([])


def test_a_closed_predictor_says_so(tiny: Any) -> None:
    predictor = load(tiny.fp32)
    stream = predictor.classify_stream(list(tiny.images))
    next(stream)
    predictor.close()
    with pytest.raises(UsageError, match=r"is closed\. Load it again"):
        next(stream)


def test_several_streams_and_threads_share_a_predictor(model: Any, tiny: Any) -> None:
    large = [np.repeat(np.repeat(image, 3 + n % 3, axis=0), 2 + n % 4, axis=1) for n, image in enumerate(tiny.images)]
    expected = [tuple(model.classify(image)) for image in large]

    def whole_stream(_: int) -> list[Any]:
        return [result.predictions for result in model.classify_stream(large * 5)]

    def one_by_one(_: int) -> list[Any]:
        return [tuple(model.classify(image)) for image in large * 5]

    with ThreadPoolExecutor(8) as pool:
        streams, singles = pool.map(whole_stream, range(4)), pool.map(one_by_one, range(4))
        for answers in (*streams, *singles):
            assert answers == expected * 5


def test_several_threads_take_from_one_stream(model: Any, tiny: Any) -> None:
    images = list(tiny.images) * 20
    expected = [tuple(model.classify(image)) for image in tiny.images] * 20
    stream = model.classify_stream(images)
    with ThreadPoolExecutor(4) as pool:
        taken = [result for part in pool.map(lambda _: list(stream), range(4)) for result in part]
    assert sorted(result.index for result in taken) == list(range(len(images)))
    assert all(result.predictions == expected[result.index] for result in taken)


def test_samples_that_are_no_photos(tiny: Any) -> None:
    from edgekit.spec import Label, ModelSpec, TensorSpec

    spec = ModelSpec(
        "r",
        "tensors",
        (TensorSpec("rows", (None, 5)),),
        (TensorSpec("doubled", (None, 5)),),
        labels=tuple(Label(name) for name in "abcde"),
        activation="softmax",
    )
    rows = np.random.default_rng(0).random((6, 5), np.float32)
    with load(tiny.resizable, spec=spec) as model:
        labels = [result.predictions[0].label for result in model.classify_stream(rows, top=1)]
    assert labels == ["abcde"[index] for index in rows.argmax(axis=1)]
