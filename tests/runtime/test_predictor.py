"""Photos and tensors through a loaded model."""

from __future__ import annotations

import dataclasses
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from edgekit.errors import ImageError, UsageError
from edgekit.runtime import NONE_OF_THESE, Predictor, load
from edgekit.runtime.predictor import softmax
from edgekit.spec import ModelSpec, TensorSpec


def test_float_probabilities_are_tensorflows(tiny):
    with load(tiny.fp32) as model:
        answer = model.predict(tiny.images)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, tiny.probabilities, atol=1e-5)


def test_int8_probabilities_are_close_to_tensorflows(tiny):
    with load(tiny.int8) as model:
        answer = model.predict(tiny.images)
    assert answer.dtype == np.float32
    # Measured: 0.016. A wrong scale or zero point is off by 0.1 and more.
    np.testing.assert_allclose(answer, tiny.probabilities, atol=0.05)


def test_an_empty_batch_has_no_rows(tiny):
    with load(tiny.fp32) as model:
        assert model.predict(tiny.images[:0]).shape == (0, 4)


def test_path_bytes_image_and_array_give_the_same(tiny, tmp_path):
    pixels = tiny.images[2]
    image = Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, "PNG")
    path = tmp_path / "photo ü.png"
    path.write_bytes(file.getvalue())
    with load(tiny.int8) as model:
        answers = [model.classify(source) for source in (pixels, image, file.getvalue(), path, str(path))]
    assert all(answer == answers[0] for answer in answers)


def test_an_array_of_another_size_is_resized(tiny):
    with load(tiny.fp32) as model:
        large = np.repeat(np.repeat(tiny.images[0], 2, axis=0), 2, axis=1)
        assert model.classify(large)[0].label == model.classify(tiny.images[0])[0].label


def test_predictions_carry_label_name_and_index(tiny):
    with load(tiny.fp32) as model:
        best, second = model.classify(tiny.images[0], top=2)
    assert (best.label, best.name, best.index) == ("sunflower", "Sunflower", 3)
    assert best.probability > second.probability
    assert best.probability == pytest.approx(tiny.probabilities[0, 3], abs=1e-5)


def test_top_is_bounded_by_the_classes(tiny):
    with load(tiny.fp32) as model:
        assert len(model.classify(tiny.images[0], top=100)) == 4
        for wrong in (0, "3", 2.0, None):
            with pytest.raises(UsageError, match="top is a whole number of at least 1"):
                model.classify(tiny.images[0], top=wrong)
        with pytest.raises(UsageError, match="language is a string, as in 'de'"):
            model.classify(tiny.images[0], language=5)


def test_none_of_these_below_the_threshold(tiny):
    spec = dataclasses.replace(tiny.spec, confidence_threshold=0.9)
    with load(tiny.fp32, spec=spec) as model:
        assert model.classify(tiny.images[0])[0].label == "sunflower"  # 0.998
        (only,) = model.classify(tiny.images[1])  # 0.468
    assert only.is_none
    assert only.label == NONE_OF_THESE
    assert only.probability == pytest.approx(tiny.probabilities[1].max(), abs=1e-5)


@pytest.mark.parametrize(
    ("change", "got"),
    [
        (lambda images: images[0], r"uint8 of shape \(24, 32, 3\)"),
        (lambda images: images[:, :20], r"uint8 of shape \(12, 20, 32, 3\)"),
        (lambda images: images.astype(np.float32), r"float32 of shape \(12, 24, 32, 3\)"),
        (lambda images: images[..., :1], r"uint8 of shape \(12, 24, 32, 1\)"),
    ],
)
def test_a_wrong_batch_names_expected_and_got(tiny, change, got):
    with load(tiny.fp32) as model, pytest.raises(UsageError, match=rf"uint8 of shape \(n, 24, 32, 3\).*Got {got}"):
        model.predict(change(tiny.images))


def test_an_unreadable_photo_is_an_image_error(tiny, tmp_path):
    path = tmp_path / "note.jpg"
    path.write_text("no photo")
    with load(tiny.fp32) as model, pytest.raises(ImageError, match=r"note\.jpg"):
        model.classify(path)


def test_tensors_by_name(tiny):
    left, right = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((2, 3), np.int32)
    with load(tiny.pair) as model:
        answer = model.predict({"left": left, "right": right})
    np.testing.assert_array_equal(answer["total"], left + 1)
    assert answer["largest"] == 5


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        ({"left": np.zeros((2, 3), np.float32)}, "Expected arrays for 'left', 'right'. Got: 'left'"),
        (
            {"left": np.zeros((3, 2), np.float32), "right": np.zeros((2, 3), np.int32)},
            r"Expected left: float32 \(2, 3\). Got an array of shape \(3, 2\)",
        ),
        (
            {"left": np.zeros((2, 3)), "right": np.zeros((2, 3), np.int32)},
            r"Expected left: float32 \(2, 3\). Got an array of dtype float64; convert it with .astype\('float32'\)",
        ),
        (
            {"left": np.zeros((2, 3), np.float32), "right": np.full((2, 3), "x")},
            r"Expected right: int32 \(2, 3\). Got an array of dtype <U1",
        ),
    ],
)
def test_wrong_tensors_name_expected_and_got(tiny, tensors, sentence):
    with load(tiny.pair) as model:
        with pytest.raises(UsageError, match=sentence):
            model.predict(tensors)
        # The failed call left nothing behind that blocks the next one.
        good = {"left": np.zeros((2, 3), np.float32), "right": np.zeros((2, 3), np.int32)}
        assert model.predict(good)["largest"] == 0


def test_tensors_of_other_models_need_their_names(tiny):
    sentence = r"no image classifier, .* a dictionary with: rows: float32 \(any, 5\)"
    with load(tiny.resizable) as model, pytest.raises(UsageError, match=sentence):
        model.predict(np.zeros((2, 5), np.float32))


def test_a_dynamic_size_follows_the_array(tiny):
    with load(tiny.resizable) as model:
        for rows in (3, 1, 7, 7):
            array = np.random.default_rng(rows).random((rows, 5), np.float32)
            np.testing.assert_array_equal(model.predict({"rows": array})["doubled"], array * 2)


def test_strings_run(tiny):
    with load(tiny.text) as model:
        answer = model.predict({"words": np.array([b"one", b"twelve", b"three"], dtype=object)})
    assert answer["chosen"].tolist() == [b"twelve"]


def test_raw_tensors_of_a_classifier_are_as_stored(tiny):
    with load(tiny.int8) as model:
        stored = model.predict({"image": tiny.images[:1]})["probabilities"]
        real = model.engine.outputs[0].dequantize(stored)
        np.testing.assert_array_equal(real, model.predict(tiny.images[:1]))
    assert stored.dtype == np.uint8


def test_answers_are_the_callers_own(tiny):
    with load(tiny.fp32) as model:
        first = model.predict({"image": tiny.images[:1]})["probabilities"]
        kept = first.copy()
        model.predict({"image": tiny.images[1:2]})
    np.testing.assert_array_equal(first, kept)


def test_threads_take_turns(tiny):
    with load(tiny.fp32) as model, ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda image: model.predict(image[None])[0], list(tiny.images) * 10))
    np.testing.assert_allclose(np.array(rows), np.tile(tiny.probabilities, (10, 1)), atol=1e-5)


def test_a_closed_predictor_says_so(tiny):
    model = load(tiny.fp32)
    model.close()
    model.close()
    with pytest.raises(UsageError, match=r"is closed\. Load it again"):
        model.classify(tiny.images[0])


def test_scores_without_an_activation_become_probabilities(tiny):
    spec = dataclasses.replace(tiny.spec, activation="none")
    with load(tiny.fp32) as model:
        again = Predictor(model.engine, spec)
        np.testing.assert_allclose(again.predict(tiny.images), softmax(tiny.probabilities), atol=1e-5)


def test_answers_have_the_names_of_the_spec(tiny):
    with load(tiny.int8) as model:
        (name,) = model.answers(tiny.images)
        np.testing.assert_array_equal(model.answers(tiny.images)[name], model.predict(tiny.images))
        np.testing.assert_array_equal(model.answers({"image": tiny.images})[name], model.predict(tiny.images))
    assert name == "probabilities"


def test_answers_of_several_tensors_run_row_by_row(tiny):
    rows = np.arange(15, dtype=np.float64).reshape(3, 5)
    spec = ModelSpec("r", "tensors", (TensorSpec("rows", (None, 5)),), (TensorSpec("doubled", (None, 5)),))
    with load(tiny.resizable, spec=spec) as model:
        answer = model.answers(rows)
        np.testing.assert_array_equal(answer["doubled"], rows * 2)
        with pytest.raises(UsageError, match=r"expected arrays for 'rows'.*Got: 'columns'"):
            model.answers({"columns": rows})
        with pytest.raises(UsageError, match="at least 1"):
            model.answers(rows[:0])
    with load(tiny.resizable) as model, pytest.raises(UsageError, match="has no spec"):
        model.answers(rows)


def test_softmax_survives_large_scores():
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0]], np.float32)), [[0.5, 0.5]])
