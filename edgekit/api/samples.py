"""Samples in memory, for models that take no photos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.arguments import as_array
from edgekit.errors import DataError, UsageError
from edgekit.spec import ModelSpec, TensorSpec

_WANTED = "Give arrays in Python: data=samples, or data=(samples, labels), with samples (n, ...) of the model's input"


def read_samples(data: Any, spec: ModelSpec) -> tuple[dict[str, NDArray[Any]], NDArray[np.integer] | None]:
    """Checks samples, and labels where there are some.

    Args:
        data: ``samples`` or ``(samples, labels)``. Samples are an array (n, ...), or a mapping from
            the names of the spec's inputs to one each. Labels are (n,) indices or ids of the spec's
            labels; of a multi-label model (n, labels) of 0 and 1.
        spec: of a model that takes no photos.

    Returns:
        The arrays by name, and the labels as indices or as 0 and 1.

    Raises:
        UsageError: no arrays.
        DataError: arrays that do not fit the spec.
    """
    samples, labels = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    if isinstance(samples, str | bytes) or hasattr(samples, "__fspath__") or samples is None:
        raise UsageError(f"{spec.name} takes no photos, so no folder of them can be used. {_WANTED}.")
    names = [tensor.name for tensor in spec.inputs]
    if not isinstance(samples, Mapping):
        samples = {names[0]: samples}
    if set(samples) != set(names):
        raise UsageError(f"{spec.name} takes {', '.join(names)}. Got: {', '.join(map(str, samples))}.")
    arrays = {tensor.name: _array(samples[tensor.name], tensor) for tensor in spec.inputs}
    counts = {len(array) for array in arrays.values()}
    if len(counts) != 1 or 0 in counts:
        raise DataError(f"Every input needs the same number of samples, at least 1. Got: {sorted(counts)}.")
    (count,) = counts
    return arrays, None if labels is None else _labels(labels, count, spec)


def _array(values: Any, tensor: TensorSpec) -> NDArray[Any]:
    array = as_array(values, tensor.name)
    if array.dtype.kind not in "biuf":
        raise UsageError(f"{tensor.name} is an array of numbers. {_WANTED}. Got: a {type(values).__name__}.")
    wanted = tensor.shape[1:]
    fits = array.ndim == len(tensor.shape) and all(
        size is None or size == there for size, there in zip(wanted, array.shape[1:], strict=True)
    )
    if not fits:
        sizes = ", ".join("any" if size is None else str(size) for size in wanted)
        raise DataError(f"{tensor.name} has the shape (n, {sizes}). Got: {array.shape}.")
    return array.astype(tensor.dtype, copy=False)


def _labels(values: Any, count: int, spec: ModelSpec) -> NDArray[np.integer]:
    if not spec.is_classifier:
        raise UsageError(f"{spec.name} answers no labels, so none can be right. Give the samples alone.")
    labels = as_array(values, "labels")
    if labels.dtype.kind in "UO" and labels.ndim == 1:
        place = {name: index for index, name in enumerate(spec.label_ids)}
        unknown = sorted({str(name) for name in labels.tolist()} - set(place))
        if unknown:
            raise DataError(f"{spec.name} has no label {unknown[0]!r}. Its labels: {', '.join(spec.label_ids)}.")
        labels = np.array([place[str(name)] for name in labels.tolist()], np.int64)
    classes = len(spec.labels)
    shape, high = ((count, classes), 1) if spec.multi_label else ((count,), classes - 1)
    if labels.shape != shape or labels.dtype.kind not in "biu" or labels.min() < 0 or labels.max() > high:
        raise DataError(
            f"Labels of {spec.name} are {shape} whole numbers from 0 to {high}. "
            f"Got: {labels.dtype} of shape {labels.shape}."
        )
    return labels.astype(np.int64)
