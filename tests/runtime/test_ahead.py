"""Many photos, decoded in threads while the network runs."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image

from edgekit.errors import ImageError, UsageError
from edgekit.runtime import load
from edgekit.runtime.ahead import work_ahead


@pytest.fixture
def photos(tiny, tmp_path):
    """Photos of other sizes than the model's, one of them no photo."""
    paths = []
    for number, pixels in enumerate(tiny.images):
        path = tmp_path / f"{number:02}.png"
        Image.fromarray(pixels).resize((90 + number, 70)).save(path)
        paths.append(path)
    paths[7].write_text("no photo")
    return paths


@pytest.mark.parametrize("workers", [None, 1, 3])
def test_the_answers_of_classify_in_order(tiny, photos, workers):
    with load(tiny.fp32) as model:
        answers = list(model.classify_many(photos, top=2, workers=workers))
        assert len(answers) == len(photos)
        for path, answer in zip(photos, answers, strict=True):
            if path == photos[7]:
                assert isinstance(answer, ImageError)
                assert str(path) in str(answer)
            else:
                assert answer == model.classify(path, top=2)


def test_wrong_arguments_are_refused_at_once(tiny):
    with load(tiny.fp32) as model:
        for wrong in ({"top": 0}, {"workers": 0}, {"workers": 1.5}, {"language": 5}):
            with pytest.raises(UsageError):
                model.classify_many([], **wrong)
        assert list(model.classify_many([])) == []
        with pytest.raises(UsageError, match="must be uint8"):
            list(model.classify_many([np.zeros((4, 4, 3))]))
        for wrong in ("photo.jpg", b"a file", None):
            with pytest.raises(UsageError, match="images is an iterable of photos"):
                model.classify_many(wrong)
    with load(tiny.pair) as model, pytest.raises(UsageError, match="cannot classify photos"):
        model.classify_many([])


def test_only_a_few_items_are_read_ahead():
    read = []

    def items():
        for number in range(100):
            read.append(number)
            yield number

    answers = work_ahead(lambda number: number * 2, items(), workers=3)
    assert next(answers) == 0
    assert len(read) == 7
    assert next(answers) == 2
    assert len(read) == 8
    answers.close()
    assert len(read) == 8


def test_work_is_done_side_by_side():
    together = threading.Barrier(2, timeout=30)  # one worker alone would wait here for ever
    assert list(work_ahead(lambda _: together.wait() >= 0, range(4), workers=2)) == [True] * 4


def test_other_errors_end_it_and_no_thread_is_left():
    before = threading.active_count()

    def work(number):
        if number == 3:
            raise ZeroDivisionError
        return number

    answers = work_ahead(work, range(10), workers=2)
    assert [next(answers) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        next(answers)
    assert threading.active_count() == before
