"""Loading files: what is run, what is refused, and with which sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit.digest import digest_of
from edgekit.errors import ModelFileError, UnsupportedModelError, UsageError
from edgekit.manifest import Manifest, ManifestEntry
from edgekit.runtime import load
from edgekit.spec import ImageFormat, Label, image_classifier


def test_importing_and_loading_needs_neither_tensorflow_nor_keras(tiny, repository):
    program = (
        "import sys, edgekit\n"
        f"model = edgekit.load({str(tiny.int8)!r})\n"
        "import numpy\n"
        "model.classify(numpy.zeros((24, 32, 3), 'uint8'))\n"
        "roots = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(roots & {'tensorflow', 'keras', 'matplotlib', 'scipy', 'pandas', 'h5py'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_native_chatter_stays_off_the_terminal(tiny, repository):
    program = f"import edgekit, os\nedgekit.load({str(tiny.fp32)!r})\nos.write(2, b'still open')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(repository)},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b"still open"


def test_the_files_own_spec_is_used(tiny):
    with load(tiny.fp32) as model:
        assert model.spec == tiny.spec


def test_a_file_in_an_export_folder_must_be_the_one_that_was_exported(tiny, tmp_path):
    path = tmp_path / "tiny.fp32.tflite"
    path.write_bytes(tiny.fp32.read_bytes())
    Manifest("tiny", tiny.spec, (ManifestEntry(path.name, "tflite", "fp32", 1, digest_of(path)),)).write(tmp_path)
    load(path).close()
    path.write_bytes(tiny.int8.read_bytes())
    with pytest.raises(ModelFileError, match="is not what was exported"):
        load(path)
    load(path, trust=True).close()


def test_a_given_spec_replaces_the_files_own(tiny):
    labels = tuple(Label(name) for name in "abcd")
    spec = image_classifier("other", labels, ImageFormat(width=32, height=24))
    with load(tiny.bare, spec=spec) as model:
        assert {one.label for one in model.classify(tiny.images[0])} == set("abcd")


def test_a_spec_of_another_size_is_refused(tiny):
    spec = image_classifier("other", tuple(Label(name) for name in "abcd"), ImageFormat(width=24, height=24))
    with pytest.raises(ModelFileError, match=r"24x24 pixels.*but the model takes image: float32"):
        load(tiny.bare, spec=spec)


def test_a_spec_with_other_labels_is_refused(tiny):
    spec = image_classifier("other", (Label("a"), Label("b")), ImageFormat(width=32, height=24))
    with pytest.raises(ModelFileError, match="2 labels, but the model answers probabilities"):
        load(tiny.bare, spec=spec)


def test_threads_are_counted(tiny):
    for two in (2, np.int64(2)):
        with load(tiny.fp32, threads=two) as model:
            assert model.engine.info.threads == 2
    with pytest.raises(UsageError, match="at least 1"):
        load(tiny.fp32, threads=0)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.tflite", b"", "empty"),
        ("text.tflite", b"this is no model at all, just some text", "not a TFLite model"),
        ("mark.tflite", b"\x1c\x00\x00\x00TFL3" + bytes(64), "not a sound TFLite model"),
        ("noise.tflite", bytes(range(256)) * 16, "not a TFLite model"),
    ],
)
def test_garbage_is_refused(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=sentence):
        load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.tflite")
    with pytest.raises(ModelFileError, match="no regular file"):
        load(tmp_path / "pipe.tflite")


def test_a_missing_file_a_folder_and_an_unknown_suffix(tmp_path):
    with pytest.raises(ModelFileError, match="no file"):
        load(tmp_path / "absent.tflite")
    (tmp_path / "folder.tflite").mkdir()
    with pytest.raises(ModelFileError, match="is a folder"):
        load(tmp_path / "folder.tflite")
    (tmp_path / "loop.tflite").symlink_to(tmp_path / "loop.tflite")
    with pytest.raises(ModelFileError, match="cannot be read"):
        load(tmp_path / "loop.tflite")
    (tmp_path / "model.h5").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"Known are files that end in \.tflite"):
        load(tmp_path / "model.h5")
    with pytest.raises(UsageError, match=r"Nothing here runs the folder '\.'\. Known are"):
        load(".")


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9])
def test_truncated_files_are_refused(tiny, tmp_path, part):
    data = tiny.bare.read_bytes()
    path = tmp_path / "cut.tflite"
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(ModelFileError, match=r"\.$"):
        load(path)


def test_a_file_that_lost_only_its_label_archive_still_runs(tiny, tmp_path):
    path = tmp_path / "cut.tflite"
    path.write_bytes(tiny.fp32.read_bytes()[:-10])
    with load(path) as model:
        assert model.classify(tiny.images[0])[0].label == "sunflower"


def test_the_model_that_crashes_the_interpreter_is_refused(shared_data):
    path = shared_data / "tflite-zoo/tflite-micro/keyword_scrambled_8bit.tflite"
    with pytest.raises(UnsupportedModelError, match=r"crashes the interpreter \(signal \d+"):
        load(path)


def test_standard_metadata_makes_a_classifier(shared_data):
    folder = shared_data / "tflite-zoo/tflite-support"
    photo = next((shared_data / "flowers-224/val/daisy").glob("*.jpg"))
    for name in ("mobilenet_v1_0.25_224_1_metadata_1", "mobilenet_v1_0.25_224_quant", "automl_labeler_model"):
        with load(folder / f"{name}.tflite") as model:
            assert model.classify(photo)[0].label == "daisy", name


def test_the_same_classifier_without_metadata_takes_tensors(shared_data):
    path: Path = shared_data / "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_1_default_1.tflite"
    with load(path) as model:
        assert model.spec is None
        with pytest.raises(UsageError, match="cannot classify photos: it has neither"):
            model.classify(np.zeros((224, 224, 3), np.uint8))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((None,), "The model file is a path. Got: None"),
        ((5,), "The model file is a path. Got: 5"),
        (("",), "The model file is a path. Got: ''"),
        (("x.tflite", "2"), "threads is a whole number of at least 1. Got: '2'"),
        (("x.tflite", 0), "threads is a whole number of at least 1. Got: 0"),
        (("x.tflite", 2**31), "threads is at most 256. Got: 2147483648"),
        (("x.tflite", None, False, {"task": "tensors"}), "spec is a ModelSpec. Got: a dict"),
    ],
)
def test_arguments_of_the_wrong_type_are_told(arguments, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)):
        load(*arguments)
