"""The straight line through the commands: train, export, verify, bench, predict, inspect."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from edgekit.artifact import Manifest
from tests.cli.conftest import Run

PRECISIONS = ["fp32", "fp16", "int8", "int8-dynamic"]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "edgekit", *map(str, arguments)]


def wait_for_worker(folder: Path) -> int:
    """The process id of a conversion that writes into ``folder``, once there is one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if "edgekit.converters.worker" in words and str(folder) in words[-2]:
                return int(process.name)
        time.sleep(0.02)
    raise AssertionError("no worker was started")


class TestTrain:
    def test_leaves_everything_beside_the_model(self, trained: Path) -> None:
        folder = trained.with_name("fruit.training")
        assert {file.name for file in folder.iterdir()} == {
            "calibration.npz", "history.csv", "result.json",
            "learning_curves.png", "samples.png", "confusion_matrix.png",
        }  # fmt: skip
        assert not [file for file in trained.parent.iterdir() if file.name.startswith(".")]

    def test_the_spec_travels_in_the_file(self, trained: Path) -> None:
        assert "edgekit/spec.json" in zipfile.ZipFile(trained).namelist()

    def test_keeps_an_existing_model(self, run: Run, trained: Path, photos: Path) -> None:
        before = trained.read_bytes()
        result = run("train", photos, "-o", trained, "--model", "simple_cnn")
        assert result.code == 1
        assert "--force" in result.err
        assert trained.read_bytes() == before

    def test_refuses_another_suffix(self, run: Run, photos: Path, tmp_path: Path) -> None:
        result = run("train", photos, "-o", tmp_path / "model.h5")
        assert result.code == 2
        assert ".keras" in result.err

    def test_an_unknown_model_names_close_ones(self, run: Run, photos: Path, tmp_path: Path) -> None:
        result = run("train", photos, "-o", tmp_path / "x.keras", "--model", "mobilnet_v2")
        assert result.code == 2
        assert "mobilenet_v2" in result.err

    def test_ctrl_c_leaves_nothing(self, photos: Path, tmp_path: Path) -> None:
        output = tmp_path / "out" / "x.keras"
        process = subprocess.Popen(
            command("train", photos, "-o", output, "--model", "simple_cnn", "--image-size", 32, "--epochs", 500),
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        time.sleep(8)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130, errors
        assert "Traceback" not in errors
        assert list(output.parent.iterdir()) == []


class TestExport:
    def test_writes_a_folder_that_describes_itself(self, exported: Path) -> None:
        names = {f"fruit.{precision}.tflite" for precision in PRECISIONS}
        assert {file.name for file in exported.iterdir()} == names | {"manifest.json", "README.md", "logs"}
        manifest = Manifest.read(exported)
        assert {entry.file for entry in manifest.artifacts} == names
        for entry in manifest.artifacts:
            assert entry.check["agreement"] > 0.9
            assert (exported / str(entry.log)).is_file()

    def test_the_readme_snippets_run(self, exported: Path, photos: Path, tmp_path: Path) -> None:
        text = (exported / "README.md").read_text(encoding="utf-8")
        snippets = [block.split("```")[0] for block in text.split("```python")[1:]]
        assert len(snippets) == len(PRECISIONS)
        photo = next((photos / "val" / "banana").iterdir())
        for snippet in snippets:
            code = snippet.replace("photo.jpg", str(photo))
            result = subprocess.run([sys.executable, "-c", code], cwd=exported, capture_output=True, text=True)
            assert result.returncode == 0, result.stderr
            assert "%" in result.stdout

    def test_keeps_what_is_there(self, run: Run, exported: Path, trained: Path) -> None:
        result = run("export", trained, "--to", "tflite:fp16", "-o", exported)
        assert result.code == 1
        assert "--force" in result.err

    def test_a_second_export_joins_the_first(self, run: Run, trained: Path, tmp_path: Path) -> None:
        for precision in ("fp32", "fp16"):
            assert run("export", trained, "--to", f"tflite:{precision}", "-o", tmp_path / "dist").code == 0
        assert [entry.precision for entry in Manifest.read(tmp_path / "dist").artifacts] == ["fp32", "fp16"]

    def test_int8_without_photos_says_what_to_do(self, run: Run, trained: Path, tmp_path: Path) -> None:
        alone = tmp_path / "alone.keras"
        shutil.copy(trained, alone)
        result = run("export", alone, "--to", "tflite:int8", "-o", tmp_path / "dist")
        assert result.code == 1
        assert "--calibration" in result.err

    def test_other_photos_can_calibrate(self, run: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
        alone = tmp_path / "alone.keras"
        shutil.copy(trained, alone)
        result = run(
            "export", alone, "--to", "tflite:int8", "-o", tmp_path / "dist", "--calibration", photos / "train", "--json"
        )
        assert result.code == 0, result.err
        assert [entry["file"] for entry in result.document["artifacts"]] == ["alone.int8.tflite"]

    def test_a_threshold_answers_none_of_these(self, run: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
        folder = tmp_path / "dist"
        assert run("export", trained, "--to", "tflite:fp32", "-o", folder, "--confidence-threshold", 1.0).code == 0
        photo = next((photos / "val" / "banana").iterdir())
        result = run("predict", folder / "fruit.fp32.tflite", photo, "--json")
        assert result.document["photos"][0]["predictions"][0]["label"] == "none of these"

    @pytest.mark.parametrize("word", ["tflite:int7", "tensorflow"])
    def test_an_unknown_format_lists_the_known(self, run: Run, trained: Path, tmp_path: Path, word: str) -> None:
        result = run("export", trained, "--to", word, "-o", tmp_path)
        assert result.code == 2
        assert "Known: " in result.err

    @pytest.mark.parametrize("content", [b"", b"text", "zip"])
    def test_a_file_that_is_no_model_is_a_sentence(self, run: Run, tmp_path: Path, content: bytes | str) -> None:
        path = tmp_path / "broken.keras"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("hello.txt", "hello")
        result = run("export", path, "-o", tmp_path / "dist")
        assert result.code == 1
        assert "broken.keras" in result.err
        assert not (tmp_path / "dist" / "manifest.json").exists()

    def test_a_killed_converter_leaves_a_sentence_and_nothing_else(self, trained: Path, tmp_path: Path) -> None:
        folder = tmp_path / "dist"
        process = subprocess.Popen(
            command("export", trained, "--to", "tflite:fp32", "-o", folder, "--quiet"), stderr=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        worker = wait_for_worker(folder)
        os.kill(worker, signal.SIGKILL)
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 1
        assert "crashed (signal 9, SIGKILL" in output
        assert "Traceback" not in errors
        assert {file.name for file in folder.iterdir()} == {"logs"}

    def test_ctrl_c_takes_the_workers_along(self, trained: Path, tmp_path: Path) -> None:
        folder = tmp_path / "dist"
        process = subprocess.Popen(
            command("export", trained, "--to", "tflite:fp32,tflite:fp16", "-o", folder, "--quiet"),
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        worker = wait_for_worker(folder)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130, errors
        assert not Path(f"/proc/{worker}").exists()
        assert list(folder.iterdir()) == []


class TestVerify:
    def test_every_row_passes(self, run: Run, exported: Path, trained: Path, photos: Path) -> None:
        result = run("verify", exported, "--reference", trained, "--data", photos, "--json")
        assert result.code == 0, result.out
        document = result.document
        assert document["photos"] == 16
        assert [row["precision"] for row in document["artifacts"]] == PRECISIONS
        fp32 = document["artifacts"][0]
        assert fp32["parity"]["agreement"] == 1.0
        assert fp32["parity"]["max_difference"] <= 1e-4

    def test_a_changed_file_fails_and_the_others_are_still_checked(
        self, run: Run, exported: Path, trained: Path, photos: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "dist"
        shutil.copytree(exported, folder)
        path = folder / "fruit.fp32.tflite"
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
        result = run("verify", folder, "--reference", trained, "--data", photos, "--json")
        assert result.code == 1
        passed = {row["precision"]: row["passed"] for row in result.document["artifacts"]}
        assert passed == {"fp32": False, "fp16": True, "int8": True, "int8-dynamic": True}

    def test_the_table_names_the_verdicts(self, run: Run, exported: Path, trained: Path, photos: Path) -> None:
        result = run("verify", exported, "--reference", trained, "--data", photos)
        assert result.out.count(" ok") == len(PRECISIONS)

    def test_a_folder_without_manifest(self, run: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
        result = run("verify", tmp_path, "--reference", trained, "--data", photos)
        assert result.code == 1
        assert "no export folder" in result.err


class TestBench:
    def test_measures_a_folder(self, run: Run, exported: Path) -> None:
        result = run("bench", exported, "--runs", 20, "--seconds", 0.1, "--warmup", 0.05, "--json")
        assert result.code == 0, result.err
        results = result.document["results"]
        assert [row["artifact"] for row in results] == [f"fruit.{precision}.tflite" for precision in PRECISIONS]
        for row in results:
            assert row["latency"]["runs"] >= 20
            assert 0 < row["latency"]["p50"] <= row["latency"]["p90"] <= row["latency"]["p99"]

    def test_the_table_names_the_device(self, run: Run, exported: Path) -> None:
        result = run("bench", exported / "fruit.int8.tflite", "--runs", 5, "--seconds", 0.05, "--warmup", 0)
        assert "fruit.int8.tflite" in result.out
        assert "cores" in result.out

    def test_an_unknown_target_lists_the_known(self, run: Run, exported: Path) -> None:
        result = run("bench", exported, "--on", "toaster")
        assert result.code == 2
        assert "local" in result.err


class TestPredict:
    def test_names_the_label(self, run: Run, exported: Path, photos: Path) -> None:
        photo = next((photos / "val" / "apple").iterdir())
        result = run("predict", exported / "fruit.fp32.tflite", photo, "--top", 2)
        assert result.code == 0
        assert str(photo) in result.out
        assert len(result.out.splitlines()) == 3

    def test_the_keras_file_answers_the_same(self, run: Run, exported: Path, trained: Path, photos: Path) -> None:
        photo = next((photos / "val" / "apple").iterdir())
        answers = [
            run("predict", model, photo, "--json").document["photos"][0]["predictions"]
            for model in (trained, exported / "fruit.fp32.tflite")
        ]
        assert [one["label"] for one in answers[0]] == [one["label"] for one in answers[1]]

    def test_an_unreadable_photo_does_not_stop_the_others(
        self, run: Run, exported: Path, photos: Path, tmp_path: Path
    ) -> None:
        broken = tmp_path / "broken.jpg"
        broken.write_bytes(b"no photo")
        photo = next((photos / "val" / "apple").iterdir())
        result = run("predict", exported / "fruit.int8.tflite", broken, photo, "--json")
        assert result.code == 1
        assert "no known image format" in result.document["photos"][0]["error"]
        assert result.document["photos"][1]["predictions"]


class TestInspect:
    def test_describes_what_was_exported(self, run: Run, exported: Path) -> None:
        result = run("inspect", exported / "fruit.int8.tflite", "--json")
        assert result.code == 0
        document = result.document
        assert document["inputs"][0]["dtype"] == "uint8"
        assert document["spec"]["name"] == "fruit"
        assert document["macs"] > 100_000

    def test_text(self, run: Run, exported: Path) -> None:
        result = run("inspect", exported / "fruit.int8.tflite")
        for word in ("CONV_2D", "uint8", "apple", "runs here"):
            assert word in result.out
