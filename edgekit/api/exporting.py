"""export: from a trained model to a folder of artifacts, each of which has run."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from edgekit.api.around import check_files
from edgekit.api.composition import Plan, check_mixture, models_place, plan_composition
from edgekit.api.export_checks import check_requests
from edgekit.api.export_folder import (
    ExportFailure,
    ExportResult,
    check_folder,
    check_outputs,
    publish,
    writable_folder,
)
from edgekit.api.export_inputs import choose_calibration, make_reference
from edgekit.api.export_memory import check_shapes
from edgekit.api.model import Model
from edgekit.arguments import as_path, as_texts, check_kind
from edgekit.artifact import ArtifactRequest
from edgekit.converters.base import artifact_name, get_converter, parse_requests
from edgekit.converters.forking import open_nursery
from edgekit.converters.jobs import Job, quiet_cpu, run_jobs
from edgekit.converters.options import make_options
from edgekit.converters.workfolder import work_prefix
from edgekit.digest import digest_of
from edgekit.errors import UsageError
from edgekit.extras import require
from edgekit.files import output_error
from edgekit.manifest import Manifest
from edgekit.progress import WARNINGS, Progress
from edgekit.quantization.calibration import Calibration
from edgekit.sourcemodel import SourceKeywords, source_stem
from edgekit.spec import ModelSpec

__all__ = ["ExportFailure", "ExportResult", "export"]


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
        to: ``format[:precision]``, several with commas or as a list; or ``browser``, a site, or ``android``, a project
            for Android Studio, each of which is a folder of its own with the models that it runs.
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
        ConversionError: no samples for a precision that has to be calibrated, or inputs of any size for a format
            that needs fixed ones.
        ModelFileError, SpecError: the model cannot be read.
    """
    texts = as_texts(to, "to")
    plan = plan_composition(texts, progress)
    requests = parse_requests(texts) if plan is None else list(plan.requests)
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
    check_mixture(folder, plan)
    if isinstance(model, str | os.PathLike):
        model = as_path(model, "model")
        # Before TensorFlow is loaded.
        _check_places(folder, source_stem(model), plan, requests, force)
    with open_nursery(list(settings), quiet_cpu()) as nursery:
        model = _with_threshold(_as_model(model, spec, about, progress), confidence_threshold)
        _check_places(folder, model.spec.name, plan, requests, force)
        _, stem = models_place(folder, model.spec.name, plan)
        exported = _describe(model)
        check_folder(folder, exported, force=force)
        with writable_folder(folder):
            calibrated = calibration is not None or model.calibration is not None
            if plan is not None:
                requests = plan.possible(model, calibrated=calibrated, progress=progress)
            instead = None if plan is None else plan.uncalibrated()
            check_requests(model, requests, calibrated=calibrated, instead=instead)
            photos = choose_calibration(model, calibration, progress)
            check_requests(model, requests, calibrated=photos is not None, instead=instead)
            try:
                with tempfile.TemporaryDirectory(prefix=work_prefix(), dir=folder, ignore_cleanup_errors=True) as work:
                    jobs = _prepare(model, stem, requests, settings, photos, Path(work), progress)
                    outcomes = run_jobs(jobs, Path(work), progress, nursery)
                    return publish(folder, exported, outcomes, progress, plan)
            except OSError as error:
                raise output_error(folder, error) from error


def _check_places(folder: Path, name: str, plan: Plan | None, requests: list[ArtifactRequest], force: bool) -> None:
    """Refuses to replace what may not be: what lies around the artifacts first, which nothing can make again."""
    check_files(folder, name, plan, force=force)
    check_outputs(*models_place(folder, name, plan), requests, force=force)


def _read_options(requests: list[ArtifactRequest], given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The options of each format that is asked for."""
    check_kind(given, "options", Mapping, "a mapping of format to options")
    formats: dict[str, list[str]] = {}
    for request in requests:
        formats.setdefault(request.format, []).append(request.precision)
    for format in given:
        if format not in formats:
            raise UsageError(
                f"There are options for {format!r}, which is not exported. Exported: {', '.join(formats)}."
            )
        check_kind(given[format], f"options[{format!r}]", Mapping, "a mapping of names to values")
    return {
        name: make_options(name, get_converter(name).Options, given.get(name, {}), precisions)
        for name, precisions in formats.items()
    }


def _as_model(model: Any, spec: ModelSpec | None, about: SourceKeywords, progress: Progress) -> Model:
    if isinstance(model, Model):
        if about:
            raise UsageError(
                f"A Model says itself what it is. Leave out {next(iter(about))}, or give it to Model.open."
            )
        return model if spec is None else dataclasses.replace(model, spec=spec)
    check_shapes(about.get("input_shape"))
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


def _prepare(
    model: Model,
    stem: str,
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
        photos.save(work / "calibration.npz", compressed=False)
    programs: dict[int | None, Path] = {}
    jobs = []
    for request in requests:
        converter = get_converter(request.format)
        if converter.batch not in programs:
            if not programs:  # a second batch size is no news
                progress.say("Tracing and freezing the model ...")
            programs[converter.batch] = work / f"program-{converter.batch or 'any'}"
            model.freeze(programs[converter.batch], converter.batch)
        name = artifact_name(stem, request)
        calibrated = photos is not None and request.precision in (*converter.calibrated, *converter.improved)
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
