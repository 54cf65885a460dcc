"""Whether a model can be exported as is asked, decided before any work; all that is in the way is said at once."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.api.model import Model
from edgekit.arguments import in_words
from edgekit.artifact import ArtifactRequest
from edgekit.converters.base import get_converter
from edgekit.errors import ConversionError
from edgekit.runtime.engines.base import TensorInfo, listing
from edgekit.spec import TensorSpec

_DYNAMIC = "int8-dynamic"
"""Stands in for a precision that has to be calibrated, in the formats that have it."""


def check_requests(
    model: Model, requests: Sequence[ArtifactRequest], *, calibrated: bool, instead: str | None = None
) -> None:
    """Refuses what cannot be made of the model.

    Args:
        model: to be exported.
        requests: the artifacts that are asked for.
        calibrated: whether there are samples to calibrate with.
        instead: what to ask for where there are none; by default what comes nearest to each request.

    Raises:
        ConversionError: inputs of any size for a format that needs fixed ones; several inputs, or no samples, for a
            precision that has to be calibrated.
    """
    problems = [*_about_sizes(model, requests), *_about_calibration(model, requests, calibrated, instead)]
    if problems:
        raise ConversionError(". ".join(problems))


def _about_sizes(model: Model, requests: Sequence[ArtifactRequest]) -> list[str]:
    """A format whose program is traced for one batch has all other sizes fixed, too."""
    spec = model.spec
    fixed = [str(request) for request in requests if get_converter(request.format).batch is not None]
    free = [tensor for tensor in spec.inputs if None in tensor.shape[1:]]
    if not (fixed and free):
        return []
    taken = listing(tuple(TensorInfo(tensor.name, tensor.shape, tensor.dtype) for tensor in free))
    needs = f"{in_words(fixed)} {'needs' if len(fixed) == 1 else 'need'}"
    return [
        f"{spec.name} takes inputs of any size ({taken}), and {needs} fixed ones. Name the "
        f"sizes that it is used with, as in {' '.join(map(_example, free))}"
    ]


def _example(tensor: TensorSpec) -> str:
    any_size = 224 if len(tensor.shape) == 4 else 64
    sizes = (any_size if size is None else size for size in tensor.shape[1:])
    return f"--input-shape {tensor.name}=1,{','.join(map(str, sizes))}"


def _about_calibration(
    model: Model, requests: Sequence[ArtifactRequest], calibrated: bool, instead: str | None
) -> list[str]:
    spec = model.spec
    wanting = [str(request) for request in requests if _is_calibrated(request)]
    if not wanting or (calibrated and len(spec.inputs) == 1):
        return []
    instead = instead or ",".join(dict.fromkeys(filter(None, map(_uncalibrated, requests))))
    subject, one = in_words(wanting), len(wanting) == 1
    if len(spec.inputs) > 1:
        return [
            f"{subject} {'is' if one else 'are'} for models with one input, since samples of one are what calibrates; "
            f"{spec.name} has {len(spec.inputs)} ({', '.join(tensor.name for tensor in spec.inputs)})"
            + (f". Export what needs no calibration: --to {instead}" if instead else "")
        ]
    if spec.image is None:
        missing = "samples to calibrate with"
        give = "some hundred real ones with --calibration FILE.npy, in Python edgekit.export(..., calibration=array)"
    else:
        missing = f"calibration photos, and there is no sample beside {model.path or 'the model'}"
        give = "a folder of class folders with --calibration FOLDER (the training photos, not the validation ones)"
    return [
        f"{subject} {'needs' if one else 'need'} {missing}. Give {give}"
        + (f"; or export what needs none: --to {instead}" if instead else "")
    ]


def _is_calibrated(request: ArtifactRequest) -> bool:
    return request.precision in get_converter(request.format).calibrated


def _uncalibrated(request: ArtifactRequest) -> str | None:
    """The request itself, or what comes nearest to it without calibration."""
    if not _is_calibrated(request):
        return str(request)
    return f"{request.format}:{_DYNAMIC}" if _DYNAMIC in get_converter(request.format).precisions else None
