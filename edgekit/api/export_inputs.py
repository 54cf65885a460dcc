"""What an export calibrates with and compares on."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.api.export_memory import choose_count, describe_shortage
from edgekit.api.model import Model
from edgekit.api.random_reference import random_reference
from edgekit.arguments import as_path, check_kind
from edgekit.converters.reference import SIZE, Reference
from edgekit.data import open_labelled
from edgekit.errors import ConversionError, DataError, SpecError, VerificationError, first_line
from edgekit.measure.comparison import check_reference, unit_of
from edgekit.measure.inputs import random_pixels
from edgekit.progress import Progress
from edgekit.quantization.calibration import LIMIT, Calibration, check_finite, sample, stratified_choice
from edgekit.quiet import without_retracing_notes


def choose_calibration(
    model: Model, source: str | Path | Calibration | NDArray[Any] | None, progress: Progress
) -> Calibration | None:
    """The sample to calibrate with: what the caller gives, else what training kept, else ``None``.

    Raises:
        DataError: it does not fit the model.
        SpecError: a folder of photos for a model that takes none.
        UsageError: it is neither a path nor an array.
    """
    spec = model.spec
    if not isinstance(source, Calibration | np.ndarray | None):
        check_kind(source, "calibration", (str, os.PathLike), "a folder or file of samples, or a NumPy array of them")
        source = as_path(source, "calibration")
    if source is None or isinstance(source, Calibration):
        photos = model.calibration if source is None else source
    elif isinstance(source, np.ndarray):
        photos = _of_array(source, "the array given")
    elif source.suffix.lower() in (".npy", ".npz"):
        photos = _of_array(read_array(source), str(source))
    elif spec.image is None:
        raise SpecError(
            f"{spec.name} takes no images, so photos cannot calibrate it. Give an array of samples in Python, "
            "edgekit.export(..., calibration=array), or a file of it: --calibration FILE.npy"
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


def _of_array(samples: NDArray[Any], source: str) -> Calibration:
    """Without labels all are of one class. A few hundred do."""
    if not samples.ndim or samples.dtype.kind not in "biuf":
        raise DataError(f"{source} is no array of samples, (n, ...) numbers. Got: {samples.dtype} {samples.shape}.")
    chosen = stratified_choice(np.zeros(len(samples), np.int64), LIMIT, seed=0)
    check_finite(samples[chosen], source, chosen)
    return Calibration(samples[chosen], np.zeros(len(chosen), np.int64), source)


def read_array(path: Path) -> NDArray[Any]:
    """The one array of a ``.npy`` or ``.npz`` file; nothing in it is unpickled.

    Raises:
        DataError: missing, damaged, not of numbers, or several arrays.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.lib.npyio.NpzFile):
            with loaded:
                array = _only(loaded, path)
        else:
            array = loaded
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(
            f"{path} needs more memory than there is: its header is damaged, or it has too many samples. Some hundred "
            "do; write them with numpy.save."
        ) from error
    except Exception as error:  # of NumPy, zipfile, zlib, lzma, tokenize, ...: a damaged file meets any of them
        raise DataError(f"{path} is no readable array ({first_line(error)}). Write it with numpy.save.") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf" or not array.ndim:
        raise DataError(f"{path} is no array of numbers, (n, ...). Write it with numpy.save.")
    return array


def _only(arrays: Any, path: Path) -> Any:
    """The array of an open ``.npz`` file with one."""
    names = arrays.files
    if len(names) != 1:
        found = f"several arrays ({', '.join(names[:5])})" if names else "no array"
        raise DataError(f"{path} has {found}. Write the samples alone, with numpy.save.")
    return arrays[names[0]]


@without_retracing_notes()
def make_reference(model: Model, photos: Calibration | None) -> Reference:
    """Some inputs, from the calibration sample where there is one, and what Keras answers to them.

    Raises:
        ConversionError: the memory is too small for the model's inputs, or for the model; or it answers values that
            are not numbers.
    """
    count = choose_count(model.spec, SIZE)
    try:
        reference = _make_reference(model, photos, count)
    except Exception as error:
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's
            raise ConversionError(describe_shortage(model.spec, count)) from error
        raise
    _check_answers(model, reference, given=photos is not None)
    return reference


def _make_reference(model: Model, photos: Calibration | None, count: int) -> Reference:
    spec = model.spec
    first = spec.inputs[0]
    if photos is not None and len(spec.inputs) == 1:
        samples = photos.images[stratified_choice(photos.labels, count, seed=0)]
        inputs, source = {first.name: samples}, f"{len(samples)} {unit_of(spec)} of {photos.source}"
    elif spec.image is not None and spec.is_classifier:
        pixels = random_pixels(count, *spec.image.shape)
        inputs, source = {first.name: pixels}, f"{count} images of random pixels (no photos at hand)"
    else:
        return random_reference(model, count)
    return Reference(inputs, model.predictor().answers(inputs), source)


def _check_answers(model: Model, reference: Reference, given: bool) -> None:
    """A model without an answer is no fault of any artifact.

    Raises:
        ConversionError: it answers values that are not numbers.
    """
    try:
        check_reference(reference.outputs, model.spec.name)
    except VerificationError as error:
        weights = model.keras_model.get_weights() if hasattr(model.keras_model, "get_weights") else []
        broken = sum(not np.isfinite(array).all() for array in weights if array.dtype.kind == "f")
        if broken:
            advice = (
                f"{broken} of its {len(weights)} weights hold NaN or infinite numbers: train it again, or load others."
            )
        elif given:
            advice = "Look for a division by 0, a logarithm or an overflow in it, or leave such samples out."
        else:
            advice = (
                "If it is made for other numbers, give real ones with --calibration (in Python calibration=); else "
                "look for a division by 0, a logarithm or an overflow in it."
            )
        raise ConversionError(f"{error} They were {reference.source}. {advice}") from error
