"""The command line: arguments that cannot be, and faults whose sentence must arrive there with an exit code."""

from __future__ import annotations

from pathlib import Path

from tests.faults.table import Bench, Make, Row, as_table, fails, pets, run_row
from tests.faults.ways import CommandFailed, CommandRefused, command


def sound(bench: Bench) -> Path:
    return bench.write(pets())


def with_files(**files: bytes) -> Make:
    """Sound photos and further files."""
    return lambda bench: bench.write({**pets(), **{name.replace("_", "."): data for name, data in files.items()}})


SMALL = ("train", "{source}", "-o", "{tmp}/x.keras", "--model", "tiny_cnn", "--image-size", "16", "--epochs", "1")


def refused(id: str, *arguments: str, says: tuple[str, ...], make: Make = sound) -> Row:
    """A row that ends with the exit code 2."""
    return fails(id, make, command(*SMALL, *arguments), CommandRefused, *says)


def failed(id: str, *arguments: str, says: tuple[str, ...], make: Make = sound) -> Row:
    """A row that ends with the exit code 1."""
    return fails(id, make, command(*SMALL, *arguments), CommandFailed, *says)


def _trained(outcome: str, bench: Bench) -> None:
    assert (bench.tmp / "x.keras").is_file()


ROWS = (
    fails("cli-unknown-command", sound, command("trian", "{source}"), CommandRefused, "No such command 'trian'",
          "Did you mean 'train'"),
    fails("cli-unknown-option", sound, command("train", "{source}", "--epoch", "3"), CommandRefused, "--epoch",
          "--epochs"),
    fails("cli-no-source", sound, command("train"), CommandRefused, "Missing argument 'SOURCE'", "SOURCE"),
    fails("cli-two-sources", sound, command("train", "{source}", "{source}"), CommandRefused,
          "unexpected extra argument", "pets"),
    fails("cli-source-missing", sound, command("train", "{tmp}/gone", "-o", "{tmp}/x.keras"), CommandFailed,
          "gone does not exist", "Check the path"),
    refused("cli-epochs-0", "--epochs", "0", says=("--epochs", "0 is not in the range")),
    refused("cli-epochs-text", "--epochs", "ten", says=("--epochs", "'ten' is not a valid integer")),
    refused("cli-rate-negative", "--learning-rate", "-1", says=("--learning-rate", "-1.* is not in the range")),
    refused("cli-rate-nan", "--learning-rate", "nan", says=("learning.rate", "nan")),
    refused("cli-dropout-1", "--dropout", "1", says=("--dropout", "1.0 is not in the range")),
    refused("cli-optimizer", "--optimizer", "adamax", says=("--optimizer", "'adamax' is not one of")),
    refused("cli-color", "--color", "blue", says=("--color", "'blue' is not one of")),
    refused("cli-seed", "--seed", "4294967296", says=("--seed", "is not in the range")),
    refused("cli-image-size", "--image-size", "big", says=("'big' is no image size", "240x320")),
    refused("cli-image-size-small", "--image-size", "4", says=("An image size is 8 to 4096", "Got: ")),
    refused("cli-cache-limit", "--cache-limit", "5 potatoes", says=("'5 potatoes' is no size", "500MB or 20GB")),
    refused("cli-columns", "--columns", "label", says=("'label' names no columns", "image=NAME,label=NAME")),
    refused("cli-columns-of-an-unknown-kind", "--columns", "breed=x", says=("'breed=x' names no columns",
          "Write image")),
    refused("cli-class-weights", "--class-weights", "cat", says=("'cat' are no weights", "cat=1,dog=2.5")),
    refused("cli-class-weights-unknown", "--class-weights", "cow=2", says=("no class 'cow' to weigh", "cat, dog")),
    refused("cli-classes-empty", "--classes", "cat,", says=("--classes takes names", "Got: 'cat,'")),
    refused("cli-classes-unknown", "--classes", "cat,cow", says=("has no class cow", "Its classes: cat, dog")),
    refused("cli-validation-share", "--validation", "1.5", says=("share of photos for validation", "Got: 1.5")),
    failed("cli-validation-missing", "--validation", "{tmp}/gone", says=("gone does not exist", "Check the path")),
    refused("cli-validation-nan", "--validation", "nan", says=("share of photos", "Got: nan")),
    refused("cli-stop-at", "--stop-at", "0.9", says=("stop_at is a metric", "val_accuracy=0.9")),
    refused("cli-stop-at-unknown", "--stop-at", "val_acc=0.9", says=("no metric 'val_acc'", "There are: ")),
    refused("cli-augmentation", "--augmentation", "heavy", says=("no augmentation preset 'heavy'", "The presets are")),
    refused("cli-unfreeze", "--unfreeze", "0", says=("unfreeze", "Got: 0")),
    refused("cli-model", "--model", "mobilnet_v2", says=("no model 'mobilnet_v2'", "Did you mean")),
    refused("cli-model-file", "--model", "gone.py:build", says=("no file gone.py", "FILE.py:FUNCTION")),
    refused("cli-weights", "--weights", "gone.h5", says=("no file of weights gone.h5", "imagenet, none, or a file")),
    refused("cli-distribute", "--distribute", "data", says=("--distribute data needs Keras on JAX",
          "KERAS_BACKEND=jax")),
    refused("cli-processes", "--processes", "2", says=("--processes, --process-id", "--distribute data")),
    refused("cli-task", "--task", "multi-label", says=("has one label", "Use multi-class")),
    refused("cli-output", "-o", "{tmp}/x.onnx", says=("is a .keras file", "Use: ")),
    refused("cli-output-among-photos", "-o", "{source}/x.keras", says=("lies among the photos", "Write it elsewhere")),
    failed("cli-output-folder", "-o", "{tmp}/a.keras", make=lambda bench: [bench.write({"x": b""}, "a.keras"),
           sound(bench)][1], says=("a.keras is a folder", "Choose another name")),
    failed("cli-labels-missing", "--labels", "{tmp}/gone.csv", says=("gone.csv does not exist", "Check the path")),
    failed("cli-one-photo-cut", make=with_files(**{"cat/odd_jpg": b"\xff\xd8\xff"}), says=("cat/odd.jpg",
          "--skip-unread")),
    failed("cli-bad-model-file", "--model", "{source}/a.keras", make=with_files(a_keras=b"PK"), says=("a.keras",
          "not a Keras"
           " model|cut short")),
    failed("cli-bad-weights", "--weights", "{source}/a.h5", make=with_files(a_h5=b"x"),
          says=("a.h5 is not a file of Keras", "Pass an .h5")),
)  # fmt: skip


@as_table(ROWS)
def test_command_line(row: Row, bench: Bench) -> None:
    run_row(row, bench)
