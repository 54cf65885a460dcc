"""The demo: draw, train, export, verify, measure, predict; ends in one table."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from edgekit.api.benchmarking import benchmark
from edgekit.api.exporting import ExportFailure, export
from edgekit.api.training import train
from edgekit.api.verifying import verify
from edgekit.demo.ownership import mark, refuse_foreign
from edgekit.demo.photos import FRUIT, make_photos
from edgekit.errors import ConversionError
from edgekit.extras import require_training
from edgekit.files import atomic_write, check_writable, refuse_existing, remove
from edgekit.measure.accuracy import Accuracy
from edgekit.measure.comparison import AnyAccuracy
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.parity import Parity
from edgekit.progress import Progress
from edgekit.report.latency import BenchmarkReport
from edgekit.report.program import program_name
from edgekit.report.table import format_ms, format_percent, format_size, format_table
from edgekit.report.verdict import VerifyReport
from edgekit.runtime import Prediction, load

PHOTOS_PER_CLASS = 200
IMAGE_SIZE = 64
EPOCHS = 15
REQUESTS = "tflite:fp32,tflite:int8"

_COLUMNS = 80

Result = TypeVar("Result")


@dataclass(frozen=True)
class DemoResult:
    """What the demo did.

    Attributes:
        folder: with ``photos/``, the model, its pictures and the export folder.
        report: Keras and every artifact on the validation photos.
        latency: of every artifact on this machine.
        failures: artifacts that could not be made.
        photo: a validation photo that was shown to the last artifact, the int8 one if it is there ...
        predictions: ... and what that answered.
        pictures: name to path.
        seconds: stage to the time it took.
    """

    folder: Path
    report: VerifyReport
    latency: BenchmarkReport
    failures: tuple[ExportFailure, ...]
    photo: Path
    predictions: tuple[Prediction, ...]
    pictures: dict[str, Path]
    seconds: dict[str, float]

    @property
    def passed(self) -> bool:
        """Whether every artifact was made, verified and measured."""
        return self.report.passed and not self.failures and not self.latency.failures

    def to_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "verify": self.report.to_dict(),
            "bench": [result.to_dict() for result in self.latency.results],
            "failures": [asdict(failure) for failure in self.failures],
            "photo": str(self.photo),
            "predictions": [prediction.to_dict() for prediction in self.predictions],
            "pictures": {name: str(path) for name, path in self.pictures.items()},
            "seconds": self.seconds,
        }

    def to_text(self) -> str:
        return "\n".join([*self._table(), *self._failures(), "", *self._explanation(), "", *self._next_steps()])

    def _table(self) -> list[str]:
        keras = self.report.reference_accuracy
        size = self.report.reference_size
        rows = [("Keras (trained)", "–" if size is None else format_size(size), _accuracy(keras), "–", "–")]
        times = {result.artifact: format_ms(result.latency.p50) for result in self.latency.results}
        rows += [
            (
                f"TFLite {row.precision}",
                format_size(row.size_bytes),
                _accuracy(row.accuracy),
                format_percent(row.parity.agreement) if isinstance(row.parity, Parity) else "failed",
                times.get(row.file, "failed"),
            )
            for row in self.report.rows
        ]
        header = ("model", "size", "accuracy", "agrees with Keras", "time per photo")
        return [format_table(header, rows, right=(1, 2, 3, 4))]

    def _failures(self) -> list[str]:
        reasons = [(failure.file, failure.reason) for failure in self.failures]
        reasons += [(failure.artifact, failure.reason) for failure in self.latency.failures]
        return [f"\nFAILED {file}: {reason}" for file, reason in reasons]

    def _explanation(self) -> list[str]:
        best = self.predictions[0]
        precision = self.report.rows[-1].precision
        reasons = [reason for result in self.latency.results for reason in result.reasons]
        paragraphs = [
            f"Accuracy: share of {self.report.photos} photos, never seen in training, that are named right (± is half "
            "of the 95 % interval). Agreement: share with the same answer as the trained model. Time: the median of "
            "one run of the network on this machine.",
            *(f"Take the times with care: {reason}" for reason in reasons[:1]),
            f"{self.photo}: {best.name}, says the {precision} model ({format_percent(best.probability)} sure).",
        ]
        return "\n\n".join(textwrap.fill(text, _COLUMNS, break_on_hyphens=False) for text in paragraphs).split("\n")

    def _next_steps(self) -> list[str]:
        lines = ["Look at:"]
        lines += [f"  {path}" for path in self.pictures.values()]
        lines += [
            f"  {self.folder / 'dist' / 'README.md'}  (how to run each file)",
            "",
            "With photos of your own, one folder for each class:",
            f"  {program_name()} train photos/ -o mine.keras",
            f"  {program_name()} export mine.keras -o dist",
        ]
        return lines


def run_demo(folder: Path, *, force: bool, progress: Progress) -> DemoResult:
    """Runs the whole job in ``folder``.

    Args:
        folder: gets ``photos/``, ``fruit.keras``, ``fruit.training/`` and ``dist/``.
        force: replace these where an earlier demo made them.
        progress: told about every stage.

    Raises:
        MissingExtraError: what trains is not installed.
        OutputError: they exist, are somebody else's, or cannot be written.
        ConversionError: nothing could be exported.
    """
    require_training()
    photos, model_file, dist = folder / "photos", folder / "fruit.keras", folder / "dist"
    for path in (photos, model_file, dist):
        refuse_existing(path, force=force)
    refuse_foreign(photos, model_file, dist)
    check_writable(photos)
    remove(dist)
    seconds: dict[str, float] = {}

    def stage(name: str, text: str, work: Callable[[], Result]) -> Result:
        progress.say(f"\n{len(seconds) + 1}. {text}")
        start = time.perf_counter()
        result = work()
        seconds[name] = round(time.perf_counter() - start, 2)
        return result

    def draw() -> None:
        with atomic_write(photos) as temporary:
            make_photos(temporary, PHOTOS_PER_CLASS, seed=0, progress=progress)
            mark(temporary)

    number = PHOTOS_PER_CLASS * len(FRUIT)
    stage("photos", f"Drawing {number} photos of {', '.join(FRUIT)} ...", draw)
    model = stage(
        "train",
        "Training a small network on four fifths of them ...",
        lambda: train(
            photos,
            output=model_file,
            model="simple_cnn",
            image_size=IMAGE_SIZE,
            epochs=EPOCHS,
            force=force,
            progress=progress,
        ),
    )
    exported = stage(
        "export",
        "Exporting to TFLite, as 32-bit floating point and as 8-bit integers ...",
        lambda: export(model, REQUESTS, dist, force=force, progress=progress),
    )
    if not exported.entries:
        reasons = " ".join(f"{failure.file}: {failure.reason}" for failure in exported.failures)
        raise ConversionError(f"Nothing could be exported. {reasons}")
    report = stage(
        "verify",
        "Verifying: the same answers as the trained model? ...",
        lambda: verify(dist, reference=model, data=photos, progress=progress),
    )
    protocol = LatencyProtocol(min_seconds=2.0)
    latency = stage(
        "bench",
        "Measuring how fast they run ...",
        lambda: benchmark(exported.paths, protocol=protocol, progress=progress),
    )
    photo = min((photos / "val" / "banana").iterdir())
    with load(exported.paths[-1]) as predictor:
        predictions = predictor.classify(photo, top=3)
    return DemoResult(
        folder=folder,
        report=report,
        latency=latency,
        failures=exported.failures,
        photo=photo,
        predictions=tuple(predictions),
        pictures=model.pictures,
        seconds=seconds,
    )


def _accuracy(accuracy: AnyAccuracy | None) -> str:
    """Of the one task that the demo has: each photo shows one fruit."""
    if not isinstance(accuracy, Accuracy):  # it could not be run
        return "failed"
    return f"{format_percent(accuracy.top1)} ± {50 * (accuracy.high - accuracy.low):.1f}"
