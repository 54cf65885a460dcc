"""Where a training writes, and runs that go on: everything that can be in the way."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.errors import EdgeKitError, MissingExtraError, OutputError, TrainingError, UsageError
from tests.faults.table import Bench, Row, Way, as_table, fails, pets, run_row, works
from tests.faults.ways import training


def sound(bench: Bench) -> Path:
    return bench.write(pets())


def output(place: str, *, files: dict[str, bytes] | None = None, **settings: Any) -> Way:
    """A training that writes to a place in the row's folder, in which these files lie already."""

    def run(made: Any, bench: Bench) -> Any:
        bench.write(files or {}, "out")
        target = place if os.path.isabs(place) or not place else bench.tmp / place  # noqa: PTH117
        return training(output=target, **settings)(sound(bench), bench)

    return run


def nothing(bench: Bench) -> None:
    """Nothing but what the way in makes."""


def interrupted(bench: Bench) -> Path:
    """A run of three epochs that was stopped after its first."""
    import keras

    class Stop(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training(output=bench.tmp / "x.keras", epochs=3, callbacks=[Stop()])(sound(bench), bench)
    return bench.tmp / "x.unfinished"


def unfinished(change: Callable[[Path], object]) -> Callable[[Bench], Path]:
    """An interrupted run whose folder something has happened to."""

    def make(bench: Bench) -> Path:
        kept: Path = bench.request.getfixturevalue("interrupted_run")
        shutil.copytree(kept.parent, bench.tmp, dirs_exist_ok=True)
        change(bench.tmp / "x.unfinished")
        return bench.tmp / "x.unfinished"

    return make


def going_on(**settings: Any) -> Way:
    """The same training again."""
    return lambda made, bench: training(**{"output": bench.tmp / "x.keras", "epochs": 3, "resume": True, **settings})(
        bench.tmp / "pets", bench
    )


def state(change: Callable[[Any], object]) -> Callable[[Path], object]:
    """Changes the document of an interrupted run."""

    def apply(folder: Path) -> None:
        document = json.loads((folder / "state.json").read_text())
        change(document)
        (folder / "state.json").write_text(json.dumps(document))

    return apply


def arrays(change: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda folder: change(next(folder.glob("epoch-*.npz")))


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def _pickled(path: Path) -> None:
    np.savez(path, **{"variable-00000": np.array([object()], object)})  # type: ignore[arg-type]


def _other_variables(path: Path) -> None:
    np.savez(path, **{"variable-00000": np.zeros(3), "optimizer-00000": np.zeros(3)})  # type: ignore[arg-type]


def _another_photo(folder: Path) -> None:
    (folder.parent / "pets" / "cat" / "0.png").unlink()


def _finished(after: int) -> Callable[[edgekit.Model, Bench], None]:
    def check(model: edgekit.Model, bench: Bench) -> None:
        assert model.result is not None
        assert model.result.resumed_after == after
        assert (bench.tmp / "x.keras").is_file()
        assert not (bench.tmp / "x.unfinished").exists()

    return check


def _written(name: str) -> Callable[[edgekit.Model, Bench], None]:
    def check(model: edgekit.Model, bench: Bench) -> None:
        assert model.path is not None
        assert model.path.name == name
        assert edgekit.Model.open(model.path).spec.label_ids == ("cat", "dog")

    return check


def _without_space(made: Any, bench: Bench) -> Any:
    """A disk that takes no file above 20 kB, as a quota does."""
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        return training(output=bench.tmp / "out" / "x.keras", model="simple_cnn")(made, bench)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, former)


def without_tensorboard(bench: Bench) -> Path:
    if importlib.util.find_spec("tensorboard") is not None:
        pytest.skip("TensorBoard is installed")
    return sound(bench)


PLACES = (
    fails("another-suffix", nothing, output("x.h5"), UsageError, "A trained model is a .keras file",
          r"Use: \S+x.h5.keras"),
    fails("no-suffix", nothing, output("x"), UsageError, "is a .keras file", r"Use: \S+x.keras"),
    fails("no-name", nothing, output(""), UsageError, "output needs a name", "-o flowers.keras"),
    fails("suffix-alone", nothing, output(".keras"), UsageError, "keras", "-o flowers.keras|Use: "),
    fails("exists", nothing, output("out/x.keras", files={"x.keras": b"years"}), OutputError, "x.keras exists already",
          "--force.*or choose another"),
    fails("is-a-folder", nothing, output("out/x.keras", files={"x.keras/a": b""}), OutputError, "x.keras is a folder",
          "Choose another name"),
    fails("among-the-photos", nothing, output("pets/x.keras"), UsageError, "lies among the photos of",
          "Write it elsewhere"),
    fails("among-the-photos-of-a-class", nothing, output("pets/cat/x.keras"), UsageError, "lies among the photos",
          "elsewhere"),
    fails("among-the-validation-photos", nothing, lambda made, bench: training(output=bench.write(pets(), "val") /
          "x.keras", validation=bench.tmp / "val")(sound(bench), bench), UsageError, "lies among the photos",
          "elsewhere"),
    fails("its-folder-would-be-the-photos", lambda bench: bench.write(pets(), "x.training"), lambda made,
          bench: training(
          output=bench.tmp / "x.keras")(made, bench), UsageError, "lies among the photos", "elsewhere"),
    fails("a-file-in-the-way", nothing, output("out/a/x.keras", files={"a": b""}), OutputError, "out/a",
          "a file with this name is in the way|is a file, not a folder"),
    fails("deep-below-a-file", nothing, output("out/a/b/x.keras", files={"a": b""}), OutputError, "Cannot write",
          "file, not a folder|in the way"),
    fails("read-only", nothing, output("/proc/edgekit/x.keras"), OutputError, "Cannot write /proc/edgekit", r"\w+\.$"),
    fails("a-name-too-long-for-its-folders", nothing, output("x" * 240 + ".keras"), OutputError, "Cannot write",
          "name is too long"),
    fails("a-very-long-name", nothing, output("x" * 300 + ".keras"), OutputError, "Cannot write", "name is too long"),
    fails("a-null-byte", nothing, output("x\0.keras"), UsageError, "no null byte", "Choose another output"),
    fails("a-foreign-folder-of-pictures", nothing, output("out/x.keras", files={"x.training/thesis.txt": b""}),
          OutputError, "x.training is not a folder that a training wrote", "Choose another name"),
    fails("a-file-named-like-the-pictures", nothing, output("out/x.keras", files={"x.training": b""}), OutputError,
          "x.training is not a folder", "Choose another name"),
    fails("a-foreign-unfinished-folder", nothing, output("out/x.keras", files={"x.unfinished/thesis.txt": b""}),
          OutputError, "x.unfinished is not a folder that a training wrote", "Choose another name"),
    fails("a-file-named-like-unfinished", nothing, output("out/x.keras", files={"x.unfinished": b""}), OutputError,
          "x.unfinished is not a folder", "Choose another name"),
    fails("resume-without-output", sound, training(resume=True), UsageError, "found by its output", "--resume"),
    fails("tensorboard-is-a-file", lambda bench: [pytest.importorskip("tensorboard"), sound(bench)][1],
          lambda made, bench: training(tensorboard=made / "cat" / "0.png")(made, bench), OutputError,
          "Cannot write .*0.png", "a file with this name is in the way"),
    fails("tensorboard-is-not-installed", without_tensorboard, training(tensorboard="logs"), MissingExtraError,
          "TensorBoard needs the extra 'tensorboard'", "Install it with: pip install"),
    works("a-deep-folder-and-an-odd-name", nothing, output("a/b/v1.2 ünï 🐈.keras"), _written("v1.2 ünï 🐈.keras")),
)  # fmt: skip

RESUMING = (
    fails("an-interrupted-run-is-there", unfinished(lambda folder: None), going_on(resume=False), OutputError,
          "x.unfinished holds a run that was interrupted after 1 epoch", "--resume to go on .*--force"),
    fails("resume-with-other-settings", unfinished(lambda folder: None), going_on(learning_rate=0.5), TrainingError,
          "other settings: learning_rate was 0.001, is 0.5", "--force and without --resume"),
    fails("resume-with-another-model", unfinished(lambda folder: None), going_on(model="simple_cnn"), TrainingError,
          "other settings: model was tiny_cnn, is simple_cnn", "start anew"),
    fails("resume-with-another-size", unfinished(lambda folder: None), going_on(image_size=24), TrainingError,
          "image.height was 16, is 24", "start anew"),
    fails("resume-with-other-photos", unfinished(_another_photo), going_on(), TrainingError, "other settings: data was",
          "same settings and data"),
    fails("resume-with-a-cut-state", unfinished(lambda folder: _truncate(folder / "state.json")), going_on(),
          TrainingError, "x.unfinished cannot be used to go on", "Remove it, and start anew"),
    fails("resume-with-a-state-of-a-list", unfinished(lambda folder: (folder / "state.json").write_text("[]")),
          going_on(), TrainingError, "cannot be used to go on", "Remove it"),
    fails("resume-with-a-newer-format", unfinished(state(lambda document: document.update(format=9))), going_on(),
          TrainingError, r"cannot be used to go on \(format 9\)", "Remove it"),
    fails("resume-without-a-history", unfinished(state(lambda document: document.pop("history"))), going_on(),
          TrainingError, "cannot be used to go on", "Remove it"),
    fails("resume-without-arrays", unfinished(arrays(Path.unlink)), going_on(), TrainingError,
          "cannot be used to go on", "Remove it"),
    fails("resume-with-cut-arrays", unfinished(arrays(_truncate)), going_on(), TrainingError, "cannot be used to go on",
          "Remove it"),
    fails("resume-with-pickled-arrays", unfinished(arrays(_pickled)), going_on(), TrainingError,
          "cannot be used to go on", "Remove it"),
    fails("resume-with-arrays-of-another-network", unfinished(arrays(_other_variables)), going_on(), TrainingError,
          "variables do not fit this network", "Start anew with --force and without --resume"),
    fails("resume-with-foreign-files", unfinished(lambda folder: (folder / "thesis.txt").write_text("")), going_on(),
          OutputError, "is not a folder that a training wrote", "Choose another"),
    fails("disk-full", sound, _without_space, EdgeKitError, "Cannot write", "larger than|full|limit"),
    works("resume-after-a-kill-between-two-files", unfinished(lambda folder: (folder / ".1a2b3c4d.tmp.epoch-00002.npz"
          ).write_bytes(b"half")), going_on(), _finished(1)),
    works("anew-by-force", unfinished(lambda folder: None), going_on(resume=False, force=True), _finished(0)),
)  # fmt: skip

ROWS = (*PLACES, *RESUMING)


@pytest.fixture(scope="module")
def interrupted_run(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A run of three epochs that was interrupted after its first, with its photos beside it."""
    return interrupted(Bench(tmp_path_factory.mktemp("interrupted"), request))


@as_table(ROWS)
@pytest.mark.skipif(sys.platform == "win32", reason="limits and /proc are of Unix")
def test_output(row: Row, bench: Bench) -> None:
    run_row(row, bench)
