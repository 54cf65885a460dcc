"""Every task through export, load, classify and verify, with real files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import edgekit
from edgekit.api.model import Model
from edgekit.cli.main import cli
from edgekit.errors import DataError, UsageError
from edgekit.report.verdict import VerifyReport
from edgekit.tflite.metadata import read_metadata
from edgekit.tflite.model import read_model
from tests.api.conftest import Exported
from tests.cli.test_json_documents import Checker, read_tables


def verified(exported: Exported, labels: object = None) -> VerifyReport:
    data = exported.samples if labels is None else (exported.samples, labels)
    return edgekit.verify(exported.result.folder, reference=exported.model, data=data)


@pytest.mark.parametrize(("precision", "limit"), [("fp32", 1e-5), ("int8", 0.05)])
def test_binary(binary: Exported, precision: str, limit: float) -> None:
    assert binary.result.failures == ()
    expected = binary.model.predict(binary.samples)
    assert expected.shape == (24, 2)
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-6)
    with edgekit.load(binary.path(precision)) as model:
        assert model.spec is not None
        assert model.spec.binary
        np.testing.assert_allclose(model.predict(binary.samples), expected, atol=limit)
        found = {one.label: one for one in model.classify(binary.samples[0], language="de-AT")}
    assert (found["cat"].name, found["cat"].description, found["cat"].index) == ("Katze", "Ein Haustier.", 0)
    assert found["dog"].probability == pytest.approx(expected[0, 1], abs=limit)
    metadata = read_metadata(read_model(binary.path(precision)))
    assert metadata is not None
    assert (metadata.labels, len(metadata.outputs)) == ((), 1)


def test_multi_label_and_grayscale(multi_label: Exported) -> None:
    limit = 0.05
    assert multi_label.result.failures == ()
    expected = multi_label.model.predict(multi_label.samples)
    assert expected.shape == (24, 3)
    with edgekit.load(multi_label.path("int8")) as model:
        np.testing.assert_allclose(model.predict(multi_label.samples), expected, atol=limit)
        for photo, row in zip(multi_label.samples, expected, strict=True):
            if np.abs(row - 0.5).min() < limit:
                continue
            found = model.classify(photo[..., 0], language="fr")
            wanted = [int(index) for index in np.argsort(-row) if row[index] >= 0.5]
            assert sorted(one.index for one in found) == sorted(wanted or [-1])
            assert {"Plage"} >= {one.name for one in found if one.label == "beach"}
    metadata = read_metadata(read_model(multi_label.path("int8")))
    assert metadata is not None
    assert metadata.labels == ("beach", "sea", "sunset")
    assert dict(metadata.labels_by_locale)["fr"] == ("Plage", "sea", "sunset")


def test_a_threshold_of_its_own_is_used_by_all(multi_label: Exported) -> None:
    probabilities = multi_label.model.predict(multi_label.samples)
    # Where the labels are split in two, far from any probability.
    threshold = float(np.sort(probabilities.reshape(-1))[len(probabilities)]) + 1e-4
    spec = dataclasses.replace(multi_label.model.spec, confidence_threshold=threshold)
    with edgekit.load(multi_label.path("int8"), spec=spec) as model:
        for photo, row in zip(multi_label.samples, model.predict(multi_label.samples), strict=True):
            answered = {one.index for one in model.classify(photo[..., 0]) if not one.is_none}
            assert answered == {int(index) for index in np.flatnonzero(row >= threshold)}


def test_video(video: Exported) -> None:
    (failure,) = video.result.failures
    assert failure.file == "video.int8.tflite"
    assert "give them unroll=True, or use int8-dynamic" in failure.reason
    expected = video.model.predict(video.samples)
    for precision, limit in (("fp32", 1e-5), ("int8-dynamic", 0.1)):
        with edgekit.load(video.path(precision)) as model:
            np.testing.assert_allclose(model.predict(video.samples), expected, atol=limit)
            best = model.classify(video.samples[0], top=1)[0]
            assert best.label == video.model.spec.label_ids[int(expected[0].argmax())]


def test_verify_on_arrays(video: Exported) -> None:
    right = video.model.predict(video.samples).argmax(axis=1)
    names = np.array(video.model.spec.label_ids)[right]
    for labels in (right, names):
        report = verified(video, labels)
        assert report.passed, report.to_text()
        assert (report.photos, report.unit) == (24, "samples")
        assert report.to_dict()["reference"]["accuracy"]["top1"] == 1.0
    without = verified(video)
    assert without.passed
    assert without.to_dict()["reference"]["accuracy"] is None


@pytest.fixture(scope="session")
def checker(repository: Path) -> Checker:
    return Checker(read_tables((repository / "docs" / "json.md").read_text(encoding="utf-8")))


def assert_documented(checker: Checker, exported: Exported, report: VerifyReport) -> None:
    checker.problems.clear()
    checker.check_object(report.to_dict(), "verify", "verify")
    manifest = json.loads((exported.result.folder / "manifest.json").read_text(encoding="utf-8"))
    checker.check_object(manifest, "manifest", "manifest")
    assert checker.problems == []


def test_verify_binary_on_photos(binary: Exported, checker: Checker) -> None:
    answers = binary.model.predict(binary.samples).argmax(axis=1)
    answers[:2] = 1 - answers[:2]
    report = verified(binary, answers)
    assert report.passed, report.to_text()
    assert report.to_dict()["reference"]["accuracy"]["correct"] == 22
    assert_documented(checker, binary, report)


def test_verify_many_labels_on_photos(multi_label: Exported, checker: Checker) -> None:
    labels = (multi_label.model.predict(multi_label.samples) >= 0.5).astype(np.uint8)
    labels[0] = 1 - labels[0]
    report = verified(multi_label, labels)
    assert report.passed, report.to_text()
    figures = report.to_dict()["reference"]["multi_label"]
    assert (figures["count"], figures["exact"]) == (24, 23)
    assert figures["label_accuracy"] == pytest.approx(1 - 3 / 72)
    assert "exact match" in report.to_text()
    assert_documented(checker, multi_label, report)


def test_numbers_in_and_out(sensor: Exported, checker: Checker) -> None:
    assert sensor.result.failures == ()
    report = verified(sensor)
    assert report.passed, report.to_text()
    assert [row.precision for row in report.rows] == ["fp16", "int8"]
    assert_documented(checker, sensor, report)
    manifest = json.loads((sensor.result.folder / "manifest.json").read_text(encoding="utf-8"))
    checks = {entry["precision"]: entry["check"] for entry in manifest["artifacts"]}
    assert checks["fp16"]["agreement"] is None
    assert checks["fp16"]["relative_error"] < 1e-3 < checks["int8"]["relative_error"] < 0.1
    with edgekit.load(sensor.path("int8")) as model:
        (name,) = model.answers(sensor.samples)
        assert (name, model.engine.inputs[0].dtype) == ("forecast", "uint8")
        with pytest.raises(UsageError, match="its tensors need their names"):
            model.predict(sensor.samples)  # type: ignore[call-overload]
        with pytest.raises(UsageError, match="cannot classify photos"):
            model.classify(sensor.samples[0])


def test_another_model_does_not_verify(sensor: Exported, keras: object) -> None:
    other = sensor.model.keras_model.__class__.from_config(sensor.model.keras_model.get_config())
    report = edgekit.verify(sensor.result.folder, reference=Model(other, sensor.model.spec), data=sensor.samples)
    assert not report.passed


@pytest.mark.parametrize(
    ("data", "kind", "sentence"),
    [
        ("photos/", UsageError, "takes no photos, so no folder of them can be used"),
        (None, UsageError, "takes no photos"),
        (np.zeros((3, 5)), DataError, r"sample has the shape \(n, 4, 8, 8, 3\). Got: \(3, 5\)"),
        (np.zeros((0, 4, 8, 8, 3)), DataError, "at least 1"),
        ({"frames": np.zeros((1, 4, 8, 8, 3))}, UsageError, "video takes sample. Got: frames"),
        ((np.zeros((2, 4, 8, 8, 3)), [0, 3]), DataError, r"Labels of video are \(2,\) whole numbers from 0 to 2"),
        ((np.zeros((2, 4, 8, 8, 3)), ["sit", "fly"]), DataError, "video has no label 'fly'"),
        ([[1, 2], [3]], UsageError, "sample is an array of numbers"),
    ],
)
def test_data_that_do_not_fit(video: Exported, data: object, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        edgekit.verify(video.result.folder, reference=video.model, data=data)


def test_samples_of_the_wrong_shape_name_the_right_one(video: Exported) -> None:
    with edgekit.load(video.path("fp32")) as model:
        for call in (model.classify, model.predict, model.answers):
            for wrong in (np.zeros((4, 8, 8), np.float32), None, "photo.jpg", {}):
                with pytest.raises(UsageError, match=r"expected samples, float32 of shape|Expected arrays for"):
                    call(wrong)  # type: ignore[operator]
            with pytest.raises(UsageError, match="is an array of numbers"):
                call([[1.0], [2.0, 3.0]])  # type: ignore[operator]


def test_predict_in_a_language(binary: Exported, tmp_path: Path) -> None:
    for number, photo in enumerate(binary.samples[:4]):
        Image.fromarray(photo).save(tmp_path / f"{number}.png")
    arguments = ["predict", str(binary.path("fp32")), str(tmp_path), "--language", "de-AT"]
    text = CliRunner().invoke(cli, arguments).stdout
    document = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)
    assert "Katze" in text
    answers = [answer["predictions"] for answer in document["photos"]]
    assert [len(answer) for answer in answers] == [2] * 4
    best = [answer[0] for answer in answers]
    assert ("\n" + " " * 11 + "Ein Haustier." in text) == any(one["label"] == "cat" for one in best)
    for one in (one for answer in answers for one in answer):
        expected = ("Katze", "Ein Haustier.") if one["label"] == "cat" else ("dog", "")
        assert (one["name"], one["description"]) == expected


def test_calibration_must_fit(video: Exported) -> None:
    with pytest.raises(DataError, match=r"have the shape \(3,\), but video takes \(4, 8, 8, 3\)"):
        edgekit.export(video.model, "tflite:int8", video.result.folder, calibration=np.zeros((9, 3)), force=True)
    with pytest.raises(edgekit.EdgeKitError, match="Give an array of samples in Python"):
        edgekit.export(video.model, "tflite:int8", video.result.folder, calibration="photos/", force=True)
    with pytest.raises(edgekit.EdgeKitError, match="needs samples to calibrate with"):
        edgekit.export(video.model, "tflite:int8", video.result.folder, force=True)
