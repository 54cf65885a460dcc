"""What is nearly right is answered with what was meant."""

from __future__ import annotations

import re
from pathlib import Path

from edgekit.measure.latency import LatencyProtocol
from tests.cli.conftest import Run


def test_predict_with_a_folder_names_its_models(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.int8.tflite").touch()
    (tmp_path / "README.md").touch()
    result = run("predict", tmp_path, "photo.jpg")
    assert result.code == 2
    assert f"{tmp_path} is a folder; choose one of: {tmp_path / 'a.int8.tflite'}" in result.err
    assert "README" not in result.err


def test_predict_with_a_folder_without_models(run: Run, tmp_path: Path) -> None:
    result = run("predict", tmp_path, "photo.jpg")
    assert result.code == 2
    assert ".tflite" in result.err


def test_predict_takes_folders_of_photos(run: Run, exported: Path, photos: Path) -> None:
    result = run("predict", exported / "fruit.int8.tflite", photos / "val" / "apple", "--json")
    assert result.code == 0
    named = [answer["photo"] for answer in result.document["photos"]]
    assert named == sorted(str(path) for path in (photos / "val" / "apple").iterdir())


def test_predict_refuses_a_folder_without_photos(run: Run, exported: Path, tmp_path: Path) -> None:
    result = run("predict", exported / "fruit.int8.tflite", tmp_path)
    assert result.code == 1
    assert "without images" in result.err


def test_inspect_of_a_keras_file_says_what_it_is(run: Run, trained: Path) -> None:
    result = run("inspect", trained)
    assert result.code == 0
    assert "classification of photos" in result.out


def test_inspect_of_a_folder_names_its_files(run: Run, exported: Path) -> None:
    result = run("inspect", exported)
    assert result.code == 2
    assert "fruit.fp16.tflite" in result.err


def test_the_help_of_bench_tells_the_protocol(run: Run) -> None:
    text = " ".join(run("bench", "--help").out.split())
    protocol = LatencyProtocol()
    told = [float(number) for number in re.findall(r"--(?:runs|seconds|warmup).*?\[default: ([\d.]+)\]", text)]
    assert told == [protocol.min_runs, protocol.min_seconds, protocol.warmup_seconds]


def test_quiet_training_still_warns(run: Run, photos: Path, tmp_path: Path) -> None:
    source = tmp_path / "photos.v2"
    source.symlink_to(photos)
    loose = tmp_path / "loose"
    for part in ("train", "val"):
        (loose / part).mkdir(parents=True)
        for folder in (photos / part).iterdir():
            (loose / part / folder.name).symlink_to(folder)
    photo = next((photos / "val").rglob("*.jpg"))
    (loose / "train" / "loose.jpg").write_bytes(photo.read_bytes())
    result = run(
        "train", loose, "-o", tmp_path / "x.keras", "--model", "simple_cnn", "--image-size", 16, "--epochs", 1, "-q"
    )
    assert result.code == 0, result.err
    assert re.search(r"Warning: 1 photo in no class folder is ignored \(.*loose\.jpg\)", result.err)
    assert "Reading photos" not in result.err
