"""What an export calibrates with and compares on, and what to do where a precision does not work."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.api.model import Model
from edgekit.artifact import ArtifactRequest
from edgekit.converters.jobs import Outcome
from edgekit.converters.reference import SIZE, Reference
from edgekit.data import open_labelled
from edgekit.errors import SpecError
from edgekit.measure.comparison import unit_of
from edgekit.measure.inputs import random_samples
from edgekit.progress import Progress
from edgekit.quantization.calibration import LIMIT, Calibration, sample, stratified_choice


def choose_calibration(
    model: Model, source: str | Path | Calibration | NDArray[Any] | None, progress: Progress
) -> Calibration | None:
    """The sample to calibrate with: what the caller gives, else what training kept, else ``None``.

    Raises:
        DataError: it does not fit the model.
        SpecError: a folder of photos for a model that takes none.
    """
    spec = model.spec
    if source is None or isinstance(source, Calibration):
        photos = model.calibration if source is None else source
    elif isinstance(source, np.ndarray):
        # Without labels all are of one class. A few hundred do.
        chosen = stratified_choice(np.zeros(len(source), np.int64), LIMIT, seed=0)
        photos = Calibration(source[chosen], np.zeros(len(chosen), np.int64), "the array given")
    elif spec.image is None:
        raise SpecError(
            f"{spec.name} takes no images, so photos cannot calibrate it. Give an array of samples in Python: "
            "edgekit.export(..., calibration=array)."
        )
    else:
        part = open_labelled(
            source,
            spec.image,
            spec.label_ids,
            part="train",
            limit=LIMIT,
            skip_unreadable=True,
            progress=progress,
        )
        photos = dataclasses.replace(sample(part), source=str(source))
    if photos is None or not len(photos):
        return None
    if spec.image is not None:
        photos.check_fits(spec.image)
    else:
        photos.check_samples(spec)
    return photos


def make_reference(model: Model, photos: Calibration | None) -> Reference:
    """Some inputs, from the calibration sample where there is one, and what Keras answers to them."""
    spec = model.spec
    first = spec.inputs[0]
    if photos is not None and len(spec.inputs) == 1:
        samples = photos.images[stratified_choice(photos.labels, SIZE, seed=0)]
        inputs, source = {first.name: samples}, f"{len(samples)} {unit_of(spec)} of {photos.source}"
    elif spec.image is not None and spec.is_classifier:
        pixels = np.random.default_rng(0).integers(0, 256, (SIZE, *spec.image.shape), np.uint8)
        inputs, source = {first.name: pixels}, f"{SIZE} images of random pixels (no photos at hand)"
    else:
        inputs, source = random_samples(spec, SIZE), f"{SIZE} samples of random numbers (no others at hand)"
    return Reference(inputs, model.predictor().answers(inputs), source)


def missing_sample(request: ArtifactRequest, model: Model) -> str:
    """The sentence for a precision that has to be calibrated, where there is nothing to do it with."""
    if model.spec.image is None:
        return (
            f"{request} needs samples to calibrate with. Pass an array of some hundred: "
            "edgekit.export(..., calibration=array)."
        )
    return (
        f"{request} needs calibration photos, and there is no sample beside {model.path or 'the model'}. "
        "Pass a folder of class folders with --calibration FOLDER (the training photos, not the validation ones)."
    )


def explain_failure(model: Model, outcome: Outcome) -> str:
    """A sentence more for a failure whose cause is known; else empty."""
    if "crashed" not in (outcome.error or "") or outcome.job.precision != "int8":
        return ""
    with contextlib.suppress(Exception):  # layers without a configuration: nothing is known of them
        if '"unroll": false' in model.keras_model.to_json():
            return (
                " TensorFlow's converter does so in full-integer conversion of recurrent layers (LSTM, GRU, "
                "Bidirectional): give them unroll=True, or use int8-dynamic."
            )
    return ""
