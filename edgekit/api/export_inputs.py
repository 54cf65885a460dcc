"""What an export calibrates with and compares on."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.api.export_memory import choose_count, describe_shortage
from edgekit.api.model import Model
from edgekit.arguments import as_path, check_kind
from edgekit.converters.reference import SIZE, Reference
from edgekit.data import open_labelled
from edgekit.errors import ConversionError, DataError, SpecError, first_line
from edgekit.measure.comparison import unit_of
from edgekit.measure.inputs import random_samples
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
        ConversionError: the memory is too small for the model's inputs, or for the model.
    """
    count = choose_count(model.spec, SIZE)
    try:
        return _make_reference(model, photos, count)
    except Exception as error:
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's
            raise ConversionError(describe_shortage(model.spec, count)) from error
        raise


def _make_reference(model: Model, photos: Calibration | None, count: int) -> Reference:
    spec = model.spec
    first = spec.inputs[0]
    if photos is not None and len(spec.inputs) == 1:
        samples = photos.images[stratified_choice(photos.labels, count, seed=0)]
        inputs, source = {first.name: samples}, f"{len(samples)} {unit_of(spec)} of {photos.source}"
    elif spec.image is not None and spec.is_classifier:
        pixels = np.random.default_rng(0).integers(0, 256, (count, *spec.image.shape), np.uint8)
        inputs, source = {first.name: pixels}, f"{count} images of random pixels (no photos at hand)"
    else:
        return _random_reference(model, count)
    return Reference(inputs, model.predictor().answers(inputs), source)


def _random_reference(model: Model, count: int) -> Reference:
    """Random numbers to which the answers differ: where they do not, an artifact that ignores its input would agree.

    A model may be saturated by numbers of another range than it was trained on, so a few are tried.
    """
    predictor = model.predictor()
    source = f"{count} samples of random numbers (no others at hand)"
    best, most = None, -1.0
    for scale in _RANGES:
        inputs = random_samples(model.spec, count)
        for tensor in model.spec.inputs:
            if tensor.value_range is None and np.dtype(tensor.dtype).kind == "f":
                inputs[tensor.name] = scale(inputs[tensor.name]).astype(tensor.dtype)
        answers = predictor.answers(inputs)
        spread = min(_spread(values) for values in answers.values())
        if best is None or spread > most:
            best, most = Reference(inputs, answers, source), spread
        if spread >= _ENOUGH or all(
            tensor.value_range or np.dtype(tensor.dtype).kind != "f" for tensor in model.spec.inputs
        ):
            break
    assert best is not None
    return best if most > 0 else dataclasses.replace(best, source=f"{source}, to all of which it answers the same")


_RANGES: tuple[Callable[[NDArray[Any]], NDArray[Any]], ...] = (
    lambda values: values,
    lambda values: np.abs(values) * np.linspace(0.01, 0.3, len(values)).reshape(-1, *[1] * (values.ndim - 1)),
    lambda values: values * 10,
)
"""From a standard normal distribution to others: as it is; positive and small, as features of sound are; large."""

_ENOUGH = 1e-2
"""A spread of the answers, relative to their size, in which an error of the tolerances would show."""


def _spread(answers: NDArray[np.float32]) -> float:
    """How much an output changes from sample to sample, as a share of its largest value."""
    values = answers.astype(np.float64).reshape(len(answers), -1)
    return float(values.std(axis=0).max() / max(np.abs(values).max(), 1e-12)) if np.isfinite(values).all() else 0.0
