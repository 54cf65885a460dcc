"""export: from a trained model to a folder of artifacts, each of which has run."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from edgekit.api.export_inputs import choose_calibration, explain_failure, make_reference, missing_sample
from edgekit.api.model import Model
from edgekit.arguments import as_path, as_texts, check_kind
from edgekit.artifact import MANIFEST_NAME, ArtifactRequest, Manifest, ManifestEntry, digest_of, size_of
from edgekit.converters.base import artifact_name, get_converter, parse_requests
from edgekit.converters.jobs import Job, Outcome, run_jobs
from edgekit.converters.options import make_options
from edgekit.converters.workfolder import remove_abandoned, work_prefix
from edgekit.errors import ConversionError, ModelFileError, OutputError, SpecError, UsageError
from edgekit.extras import require
from edgekit.files import atomic_write, check_writable, output_error, refuse_existing, remove
from edgekit.progress import WARNINGS, Progress
from edgekit.quantization.calibration import Calibration
from edgekit.report.folder import write_readme
from edgekit.sourcemodel import SourceKeywords, source_stem
from edgekit.spec import ModelSpec


@dataclass(frozen=True)
class ExportFailure:
    """An artifact that is not there: its file name, the reason, and the converter's log."""

    file: str
    reason: str
    log: str


@dataclass(frozen=True)
class ExportResult:
    """What an export wrote.

    Attributes:
        folder: the export folder.
        entries: the artifacts that were written, run and compared, in the order asked for.
        failures: those that were not.
    """

    folder: Path
    entries: tuple[ManifestEntry, ...]
    failures: tuple[ExportFailure, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(self.folder / entry.file for entry in self.entries)

    def to_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "artifacts": [entry.to_dict() for entry in self.entries],
            "failures": [dataclasses.asdict(failure) for failure in self.failures],
        }


def export(
    model: Model | str | Path | Any,
    to: str | Sequence[str] = "tflite",
    output: str | Path = "dist",
    *,
    calibration: str | Path | Calibration | NDArray[Any] | None = None,
    spec: ModelSpec | None = None,
    confidence_threshold: float | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    force: bool = False,
    progress: Progress = WARNINGS,
    **about: Unpack[SourceKeywords],
) -> ExportResult:
    """Converts a model and proves every result.

    Each artifact is converted in a process of its own, run in a real engine of its format and
    compared with the Keras model; only then it is put into the folder.

    Args:
        model: what :func:`edgekit.train` returned, a ``.keras`` or ``.h5`` file, a SavedModel folder, a
            ``keras.Model`` or ``tf_keras.Model``, a ``tf.function`` with an input signature, or a
            ``ConcreteFunction``.
        to: ``format[:precision]``, several with commas or as a list.
        output: the export folder; artifacts of earlier exports in it are kept.
        calibration: class folders to calibrate with, instead of the sample that training kept; or a
            sample in memory: (n, height, width, channels) uint8, of a model that takes no photos
            (n, ...) of its input.
        spec: for a model that EdgeKit did not train; by default made from its inputs and outputs.
        confidence_threshold: 0..1; below it the artifacts answer "none of these".
        options: of a format, as in ``{"coreml": {"author": "Ada"}}``; each format's documentation has its own.
        force: replace artifacts of the same name.
        progress: told about everything that takes long.
        about: what such a model does not say itself: ``labels="labels.txt"``, ``scale=1/255``,
            ``preprocessing="mobilenet_v2"``, ``input_shape=(1, 224, 224, 3)``, ...; see
            :class:`edgekit.sourcemodel.SourceOptions`.

    Returns:
        What was written, and what failed with the reason. A failure does not take the others along.

    Raises:
        UsageError: an unknown format or precision, or an argument of the wrong type.
        OutputError: an artifact exists, or the folder cannot be written.
        ConversionError: no calibration photos for a precision that needs them.
        ModelFileError, SpecError: the model cannot be read.
    """
    requests = parse_requests(as_texts(to, "to"))
    if not requests:
        raise UsageError("Name at least one format, as in: --to tflite:fp32,tflite:int8")
    for request in requests:
        converter = get_converter(request.format)
        if converter.extra is not None:
            require(f"Exporting {request}", converter.module, converter.extra)
    settings = _read_options(requests, options or {})
    folder = as_path(output, "output")
    if spec is not None:
        check_kind(spec, "spec", ModelSpec, "a ModelSpec")
    if isinstance(model, str | os.PathLike):
        model = as_path(model, "model")
        _check_outputs(folder, source_stem(model), requests, force)  # before TensorFlow is loaded
    model = _with_threshold(_as_model(model, spec, about, progress), confidence_threshold)
    _check_outputs(folder, model.spec.name, requests, force)
    exported = _describe(model)
    _refuse_other_models(folder, exported, force)
    _refuse_foreign(folder)
    check_writable(folder / MANIFEST_NAME)
    photos = choose_calibration(model, calibration, progress)
    calibrated = [r for r in requests if r.precision in get_converter(r.format).calibrated]
    if photos is None and calibrated:
        raise ConversionError(missing_sample(calibrated[0], model))
    if calibrated and len(model.spec.inputs) > 1:
        raise ConversionError(
            f"{calibrated[0]} is for models with one input; {model.spec.name} has {len(model.spec.inputs)}. Export it "
            f"as {calibrated[0].format}:int8-dynamic, which needs no calibration."
        )
    remove_abandoned(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=work_prefix(), dir=folder, ignore_cleanup_errors=True) as work:
            jobs = _prepare(model, requests, settings, photos, Path(work), progress)
            outcomes = run_jobs(jobs, Path(work), progress)
            return _publish(folder, exported, outcomes, progress)
    except OSError as error:
        raise output_error(folder, error) from error


def _read_options(requests: list[ArtifactRequest], given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The options of each format that is asked for."""
    check_kind(given, "options", Mapping, "a mapping of format to options")
    formats = list(dict.fromkeys(request.format for request in requests))
    for format in given:
        if format not in formats:
            raise UsageError(
                f"There are options for {format!r}, which is not exported. Exported: {', '.join(formats)}."
            )
        check_kind(given[format], f"options[{format!r}]", Mapping, "a mapping of names to values")
    return {name: make_options(name, get_converter(name).Options, given.get(name, {})) for name in formats}


def _as_model(model: Any, spec: ModelSpec | None, about: SourceKeywords, progress: Progress) -> Model:
    if isinstance(model, Model):
        if about:
            raise UsageError(
                f"A Model says itself what it is. Leave out {next(iter(about))}, or give it to Model.open."
            )
        return model if spec is None else dataclasses.replace(model, spec=spec)
    opened = Model.open(model, spec=spec, **about) if isinstance(model, Path) else Model.wrap(model, spec, **about)
    for remark in opened.source.remarks if opened.source else ():
        progress.say(remark)
    if spec is None and isinstance(model, Path):
        # The file's name is what the user sees and renames.
        return dataclasses.replace(opened, spec=dataclasses.replace(opened.spec, name=source_stem(model)))
    return opened


def _with_threshold(model: Model, threshold: float | None) -> Model:
    if threshold is None:
        return model
    check_kind(threshold, "confidence_threshold", (int, float), "a number from 0 to 1")
    return dataclasses.replace(model, spec=dataclasses.replace(model.spec, confidence_threshold=threshold))


def _check_outputs(folder: Path, name: str, requests: list[ArtifactRequest], force: bool) -> None:
    for request in requests:
        refuse_existing(folder / artifact_name(name, request), force=force)


def _describe(model: Model) -> Manifest:
    """The manifest, before there are artifacts."""
    source = model.source
    if source is None:
        return Manifest(model.spec.name, model.spec, ())
    return Manifest(model.spec.name, model.spec, (), source.adaptation.to_dict(), _digest_of_source(model))


def _digest_of_source(model: Model) -> str | None:
    if model.path is not None:
        return digest_of(model.path)
    weights = model.keras_model.get_weights() if hasattr(model.keras_model, "get_weights") else None
    if weights is None:
        return None
    digest = hashlib.sha256()
    for array in weights:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _refuse_other_models(folder: Path, exported: Manifest, force: bool) -> None:
    older = _older(folder)
    if older is None or not older.artifacts:
        return
    if older.name != exported.name:
        raise OutputError(f"{folder} holds the exports of {older.name!r}. Choose another folder for {exported.name!r}.")
    if not older.same_model(exported) and not force:
        same = older.adaptation == exported.adaptation
        other = (
            f"of another training of {exported.name!r}" if same else f"of {exported.name!r} with other steps around it"
        )
        raise OutputError(
            f"{folder} holds files {other}: "
            f"{', '.join(entry.file for entry in older.artifacts)}. Pass --force to remove them, or choose another "
            "folder."
        )


def _refuse_foreign(folder: Path) -> None:
    """A folder with a README or manifest that no export wrote is somebody's project."""
    try:
        Manifest.read(folder)
    except (ModelFileError, SpecError) as error:
        theirs = [name for name in (MANIFEST_NAME, "README.md") if (folder / name).exists()]
        if theirs:
            raise OutputError(
                f"{folder} has a {theirs[0]} that no export wrote, and an export would replace it. Choose a folder of "
                "its own with -o."
            ) from error


def _prepare(
    model: Model,
    requests: list[ArtifactRequest],
    settings: Mapping[str, Any],
    photos: Calibration | None,
    work: Path,
    progress: Progress,
) -> list[Job]:
    """Traces the model once for each batch size that is asked for, and writes what the workers read."""
    reference = make_reference(model, photos)
    reference.save(work / "reference.npz")
    if photos is not None:
        photos.save(work / "calibration.npz")
    programs: dict[int | None, Path] = {}
    jobs = []
    for request in requests:
        converter = get_converter(request.format)
        if converter.batch not in programs:
            progress.say("Tracing and freezing the model ...")
            programs[converter.batch] = work / f"program-{converter.batch or 'any'}"
            model.freeze(programs[converter.batch], converter.batch)
        name = artifact_name(model.spec.name, request)
        calibrated = request.precision in converter.calibrated
        jobs.append(
            Job(
                format=request.format,
                precision=request.precision,
                name=name,
                program=str(programs[converter.batch]),
                calibration=str(work / "calibration.npz") if calibrated else None,
                reference=str(work / "reference.npz"),
                options=dataclasses.asdict(settings[request.format]),
                output=str(work / name),
            )
        )
    return jobs


def _publish(folder: Path, exported: Manifest, outcomes: list[Outcome], progress: Progress) -> ExportResult:
    """Moves what is sound into the folder, then the manifest, then the README."""
    entries, failures = [], []
    for outcome in outcomes:
        name = outcome.job.name
        log = folder / "logs" / f"{name}.log"
        with atomic_write(log) as temporary:
            outcome.log.rename(temporary)
        if outcome.error:
            reason = f"{outcome.error}{explain_failure(outcome)}"
            failures.append(ExportFailure(name, reason, str(log)))
            continue
        with atomic_write(folder / name) as temporary:
            Path(outcome.job.output).rename(temporary)
        entries.append(
            ManifestEntry(
                file=name,
                format=outcome.job.format,
                precision=outcome.job.precision,
                size_bytes=size_of(folder / name),
                digest=digest_of(folder / name),
                check=outcome.check,
                log=log.relative_to(folder).as_posix(),
            )
        )
    if entries:
        manifest = dataclasses.replace(exported, artifacts=tuple(entries))
        older = _older(folder)
        if older is not None and older.same_model(exported):
            manifest = manifest.merged(older)
        elif older is not None:
            _remove_stale(folder, older, {entry.file for entry in entries}, progress)
        manifest.write(folder)
        write_readme(folder, manifest)
    return ExportResult(folder, tuple(entries), tuple(failures))


def _remove_stale(folder: Path, older: Manifest, replaced: set[str], progress: Progress) -> None:
    """What another training left in the folder would pass for this model's; ``--force`` allowed its removal."""
    stale = [entry for entry in older.artifacts if entry.file not in replaced]
    for entry in stale:
        remove(folder / entry.file)
        if entry.log:
            remove(folder / entry.log)
    if stale:
        progress.warn(f"Removed files of another training: {', '.join(entry.file for entry in stale)}.")


def _older(folder: Path) -> Manifest | None:
    """The manifest of an earlier export into the folder, less what is no longer there."""
    try:
        older = Manifest.read(folder)
    except (ModelFileError, SpecError):
        return None
    present = tuple(entry for entry in older.artifacts if (folder / entry.file).exists())
    return dataclasses.replace(older, artifacts=present)
