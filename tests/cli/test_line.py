"""The straight line through the commands: train, export, verify, bench, predict, inspect."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifact import Artifact
from edgekit.converters.reference import Reference, compare
from edgekit.digest import digest_of
from edgekit.errors import VerificationError
from edgekit.manifest import Manifest, ManifestEntry
from edgekit.runtime import load
from tests.cli.conftest import Run, command, heed_interrupts

PRECISIONS = ["fp32", "fp16", "int8", "int8-dynamic"]


def wait_for_worker(folder: Path) -> int:
    """The process id of a conversion that writes into ``folder``, once there is one: it prints into a log there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                printed = str((process / "fd" / "2").readlink())
            except OSError:
                continue
            if printed.startswith(f"{folder}/.export-"):
                return int(process.name)
        time.sleep(0.02)
    raise AssertionError("no worker was started")


def parent_of(process: int) -> int:
    """Its parent's process id."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


class TestTrain:
    def test_leaves_everything_beside_the_model(self, trained: Path) -> None:
        folder = trained.with_name("fruit.training")
        assert {file.name for file in folder.iterdir()} == {
            "calibration.npz", "history.csv", "result.json", "train_digests.txt",
            "report.html", "learning_curves.png", "samples.png", "augmentation.png", "confusion_matrix.png",
            "per_class.png", "mistakes.png",
        }  # fmt: skip
        assert {file.name for file in trained.parent.iterdir()} <= {"fruit.keras", "fruit.training", "dist"}

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

    @pytest.mark.parametrize("output", ["x.keras", "train/x.keras", "../photos.keras"])
    def test_a_model_does_not_lie_among_its_photos(self, run: Run, photos: Path, tmp_path: Path, output: str) -> None:
        source = tmp_path / "photos.training"
        shutil.copytree(photos, source)
        result = run(
            "train", source, "-o", source / output if output[0] != "." else tmp_path / "photos.keras", "--force"
        )
        assert result.code == 2
        assert "lies among the photos" in result.err
        assert (source / "train").is_dir()

    def test_a_folder_that_is_not_ours_is_kept(self, run: Run, photos: Path, tmp_path: Path) -> None:
        folder = tmp_path / "x.training"
        folder.mkdir()
        (folder / "thesis.txt").write_text("years of work")
        result = run("train", photos, "-o", tmp_path / "x.keras", "--model", "simple_cnn", "--force")
        assert result.code == 1
        assert "not a folder that a training wrote" in result.err
        assert (folder / "thesis.txt").exists()

    @pytest.mark.parametrize("output", ["", ".", "/"])
    def test_an_output_needs_a_name(self, run: Run, photos: Path, output: str) -> None:
        assert run("train", photos, "-o", output).code == 2

    def test_an_unknown_model_names_close_ones(self, run: Run, photos: Path, tmp_path: Path) -> None:
        result = run("train", photos, "-o", tmp_path / "x.keras", "--model", "mobilnet_v2")
        assert result.code == 2
        assert "mobilenet_v2" in result.err

    def test_ctrl_c_keeps_the_epochs_and_says_how_to_go_on(self, photos: Path, tmp_path: Path) -> None:
        output = tmp_path / "out" / "x.keras"
        process = subprocess.Popen(
            command("train", photos, "-o", output, "--model", "simple_cnn", "--image-size", 32, "--epochs", 9000),
            stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=heed_interrupts,
        )  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "epoch" in line:  # before that, Keras is still building its queues
                break
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130, errors
        assert "Traceback" not in errors
        assert re.search(r"^\d+ epochs? (is|are) kept\. The same command with --resume goes on", errors, re.MULTILINE)
        assert [file.name for file in output.parent.iterdir()] == ["x.unfinished"]
        assert json.loads((output.parent / "x.unfinished" / "state.json").read_text(encoding="utf-8"))["history"]


class TestExport:
    def test_writes_a_folder_that_describes_itself(self, exported: Path) -> None:
        names = {f"fruit.{precision}.tflite" for precision in PRECISIONS}
        assert {file.name for file in exported.iterdir()} == names | {"manifest.json", "README.md", "logs"}
        manifest = Manifest.read(exported)
        assert {entry.file for entry in manifest.artifacts} == names
        for entry in manifest.artifacts:
            assert (entry.check.agreement or 0) > 0.9
            assert (exported / str(entry.log)).is_file()

    def test_the_readme_snippets_run(self, exported: Path, photos: Path, tmp_path: Path) -> None:
        text = (exported / "README.md").read_text(encoding="utf-8")
        snippets = [block.split("```")[0] for block in text.split("```python")[1:]]
        assert len(snippets) == 2  # with EdgeKit, and without
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

    def test_another_threshold_joins_too(self, run: Run, trained: Path, tmp_path: Path) -> None:
        folder = tmp_path / "dist"
        assert run("export", trained, "--to", "tflite:fp32", "-o", folder).code == 0
        assert run("export", trained, "--to", "tflite:fp16", "-o", folder, "--confidence-threshold", 0.5).code == 0
        assert [entry.precision for entry in Manifest.read(folder).artifacts] == ["fp32", "fp16"]

    def test_files_of_another_training_are_refused_then_removed(
        self, run: Run, trained: Path, photos: Path, tmp_path: Path
    ) -> None:
        again = tmp_path / "fruit.keras"
        folder = tmp_path / "dist"
        options = ("--model", "simple_cnn", "--image-size", 32, "--epochs", 1, "--seed", 5)
        assert run("train", photos, "-o", again, *options).code == 0
        assert run("export", trained, "--to", "tflite:fp32", "-o", folder).code == 0
        refused = run("export", again, "--to", "tflite:fp16", "-o", folder)
        assert refused.code == 1
        assert "another training of 'fruit': fruit.fp32.tflite" in refused.err
        stale = run("verify", folder, "--reference", again, "--data", photos)
        assert stale.code == 1
        assert "is not the model" in stale.err
        forced = run("export", again, "--to", "tflite:fp16", "-o", folder, "--force")
        assert forced.code == 0
        assert "Removed files of another training: fruit.fp32.tflite" in forced.err
        assert {file.name for file in folder.glob("*.tflite")} == {"fruit.fp16.tflite"}

    def test_a_full_disk_is_a_sentence(self, trained: Path, tmp_path: Path) -> None:
        # Files of at most 300 KB: the frozen program does not fit.
        script = f"ulimit -f 300; exec '{sys.executable}' -m edgekit export '{trained}' -o '{tmp_path / 'dist'}' -q"
        result = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        assert not list((tmp_path / "dist").glob("*.tflite"))
        assert not list((tmp_path / "dist").glob(".export-*"))

    def test_sigterm_takes_the_workers_along(self, trained: Path, tmp_path: Path) -> None:
        folder = tmp_path / "dist"
        process = subprocess.Popen(command("export", trained, "--to", "tflite:fp32", "-o", folder, "--quiet"))
        worker = wait_for_worker(folder)
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
        assert not Path(f"/proc/{worker}").exists()
        assert not folder.exists()

    def test_a_killed_export_leaves_no_worker_and_the_next_cleans_up(
        self, run: Run, trained: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "dist"
        process = subprocess.Popen(command("export", trained, "--to", "tflite:fp32", "-o", folder, "--quiet"))
        worker = wait_for_worker(folder)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 60
        while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not Path(f"/proc/{worker}").exists()
        (left,) = folder.glob(".export-*")
        os.utime(left, (0, 0))
        assert run("export", trained, "--to", "tflite:fp32", "-o", folder).code == 0
        assert not left.exists()

    @pytest.mark.parametrize("name", ["README.md", "manifest.json"])
    def test_somebody_s_project_is_not_overwritten(self, run: Run, trained: Path, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text('{"name": "my web app"}')
        result = run("export", trained, "--to", "tflite:fp32", "-o", tmp_path, "--force")
        assert result.code == 1
        assert f"a {name} that no export wrote" in result.err
        assert (tmp_path / name).read_text() == '{"name": "my web app"}'

    def test_unreadable_calibration_photos_are_left_out(
        self, run: Run, trained: Path, photos: Path, tmp_path: Path
    ) -> None:
        calibration = tmp_path / "calibration"
        shutil.copytree(photos / "train", calibration)
        (calibration / "apple" / "000.jpg").write_bytes(b"broken")
        result = run("export", trained, "--to", "tflite:int8", "-o", tmp_path / "dist", "--calibration", calibration)
        assert result.code == 0, result.err
        assert "000.jpg cannot be read and is left out" in result.err

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
    @pytest.mark.parametrize("name", ["pipe.keras", "pipe.tflite"])
    def test_a_pipe_does_not_hang(self, run: Run, tmp_path: Path, name: str) -> None:
        os.mkfifo(tmp_path / name)
        words = ("export", "-o", tmp_path / "dist") if name.endswith("keras") else ("inspect",)
        result = run(words[0], tmp_path / name, *words[1:])
        assert result.code == 1
        assert "no regular file" in result.err

    def test_an_artifact_that_answers_otherwise_is_not_let_through(self, exported: Path) -> None:
        path = exported / "fruit.fp32.tflite"
        images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)
        with load(path) as predictor:
            assert predictor.spec is not None
            artifact = Artifact.at(path, "tflite", "fp32", predictor.spec)
            outputs = predictor.predict(images)
            names = predictor.spec.inputs[0].name, predictor.spec.outputs[0].name

        def reference(outputs: np.ndarray) -> Reference:
            return Reference({names[0]: images}, {names[1]: outputs}, "noise")

        assert compare(artifact, reference(outputs), path.name).agreement == 1
        with pytest.raises(VerificationError, match="does not agree with the Keras model"):
            compare(artifact, reference(outputs[:, ::-1]), path.name)

    @pytest.mark.parametrize("word", ["tflite:int7", "tflite:", "tensorflow"])
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

    def test_a_killed_converter_leaves_a_sentence_and_the_others_whole(self, trained: Path, tmp_path: Path) -> None:
        folder = tmp_path / "dist"
        process = subprocess.Popen(
            command("export", trained, "--to", "tflite:fp32,tflite:fp16", "-o", folder, "--quiet"),
            stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        worker = wait_for_worker(folder)
        os.kill(worker, signal.SIGKILL)
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 1
        assert "crashed (signal 9, SIGKILL" in output
        assert "Traceback" not in errors
        written = {file.name for file in folder.iterdir()} - {"logs", "README.md", "manifest.json"}
        assert written == {trained.with_suffix(".fp16.tflite").name}

    def test_ctrl_c_takes_the_workers_along(self, trained: Path, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "dist"
        process = subprocess.Popen(
            command("export", trained, "--to", "tflite:fp32,tflite:fp16", "-o", folder),
            stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts, process_group=0,
        )  # fmt: skip
        worker = wait_for_worker(folder)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130, errors
        assert "failed after" not in errors
        assert not Path(f"/proc/{worker}").exists()
        assert not folder.parent.exists()

    def test_a_killed_nursery_costs_no_artifact(self, trained: Path, tmp_path: Path) -> None:
        folder = tmp_path / "dist"
        process = subprocess.Popen(command("export", trained, "--to", "tflite:fp32", "-o", folder, "--quiet"))
        worker = wait_for_worker(folder)
        nursery = parent_of(worker)
        assert nursery != process.pid
        os.kill(nursery, signal.SIGKILL)
        assert process.wait(120) == 0
        assert (folder / "fruit.fp32.tflite").exists()


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

    def test_training_photos_are_told(self, run: Run, exported: Path, trained: Path, photos: Path) -> None:
        result = run("verify", exported, "--reference", trained, "--data", photos / "train", "--json")
        assert result.document["trained_on"] == result.document["photos"] == 64
        assert "used in training" in result.document["caution"]
        assert "used in training" in result.err

    def test_the_split_of_the_training_is_found_again(self, run: Run, photos: Path, tmp_path: Path) -> None:
        model, dist = tmp_path / "plain.keras", tmp_path / "dist"
        options = ("--model", "simple_cnn", "--image-size", 32, "--epochs", 1, "--validation", 0.25)
        assert run("train", photos / "train", "-o", model, *options).code == 0
        assert run("export", model, "--to", "tflite:fp32", "-o", dist).code == 0
        document = run("verify", dist, "--reference", model, "--data", photos / "train", "--json").document
        assert document["photos"] == 16
        assert document["trained_on"] == 0
        fewer = tmp_path / "fewer"
        shutil.copytree(photos / "train", fewer)
        next((fewer / "apple").iterdir()).unlink()
        document = run("verify", dist, "--reference", model, "--data", fewer, "--json").document
        assert document["photos"] == 63
        assert document["trained_on"] >= 47

    def test_an_unknown_format_is_a_failed_row(
        self, run: Run, exported: Path, trained: Path, photos: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "dist"
        shutil.copytree(exported, folder)
        foreign = folder / "fruit.fp32.future"
        foreign.write_bytes(b"data")
        manifest = Manifest.read(folder)
        entry = ManifestEntry(foreign.name, "future", "fp32", 4, digest_of(foreign))
        dataclasses.replace(manifest, artifacts=(*manifest.artifacts, entry)).write(folder)
        result = run("verify", folder, "--reference", trained, "--data", photos, "--json")
        assert result.code == 1
        assert [row["passed"] for row in result.document["artifacts"]] == [True, True, True, True, False]

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

    def test_a_changed_file_is_a_row_and_the_others_are_measured(
        self, run: Run, exported: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "dist"
        shutil.copytree(exported, folder)
        path = folder / "fruit.fp32.tflite"
        path.write_bytes(path.read_bytes() + b"\0")
        options = ("--runs", 5, "--seconds", 0.05, "--warmup", 0)
        result = run("bench", folder, *options)
        assert result.code == 1
        rows = {line.split()[0]: line.split()[2] for line in result.out.splitlines()[2:6]}
        assert {name for name, first in rows.items() if first == "FAILED"} == {path.name}
        assert "FAILED fruit.fp32.tflite: " in result.out
        document = run("bench", folder, *options, "--json").document
        assert len(document["results"]) == len(PRECISIONS) - 1
        (failure,) = document["failures"]
        assert (failure["artifact"], failure["target"]) == (path.name, "local")
        assert "is not what was exported" in failure["reason"]

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

    def test_a_file_that_was_changed_in_the_export_folder(
        self, run: Run, exported: Path, photos: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "dist"
        shutil.copytree(exported, folder)
        path = folder / "fruit.int8.tflite"
        shutil.copy(folder / "fruit.fp32.tflite", path)  # sound, but another
        photo = next((photos / "val" / "apple").iterdir())
        result = run("predict", path, photo)
        assert result.code == 1
        assert "is not what was exported" in result.err
        elsewhere = shutil.copy(path, tmp_path)  # what the message advises
        assert run("predict", elsewhere, photo).code == 0


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
