"""Proof of the signature for encoded photos: against EdgeKit's preprocessing and the signature for pixels."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgekit.errors import VerificationError
from edgekit.outputs import class_probabilities, decisions
from edgekit.preprocess import prepare
from edgekit.program import SIGNATURE
from edgekit.savedmodel import import_tensorflow
from edgekit.spec import ModelSpec

MIN_AGREEMENT = 0.99
"""The share of photos with the same answer that a signature with a preprocessing of its own must reach."""

_SIZES = ((1.0, 1.0), (1.5, 1.2), (0.6, 0.9), (2.7, 2.0), (1.0, 3.1), (4.4, 1.3))
"""Width and height of the test pictures as multiples of the model's: smaller, larger, reduced, wide, tall."""

_GRAIN = 7
"""Pixels of a test picture's coarse pattern along each side; what is between them is interpolated."""


@dataclass(frozen=True)
class BytesProof:
    """How far the two ways from a file to an answer agree.

    Attributes:
        photos: how many files.
        agreement: share 0..1 of them with the same best label (of decisions, for multi-label models).
        max_difference: the largest difference of any output.
    """

    photos: int
    agreement: float
    max_difference: float


def prove_bytes(
    folder: Path,
    spec: ModelSpec,
    signature: str,
    argument: str,
    files: Sequence[bytes] | None = None,
    batch: int | None = None,
) -> BytesProof:
    """Runs encoded photos through both signatures of a written SavedModel.

    Args:
        folder: the SavedModel.
        spec: of a photo model with one input.
        signature: the one that takes encoded photos.
        argument: the name of its input.
        files: JPEG or PNG files that stand upright; by default pictures of many sizes that are made up here.
        batch: how many the signatures take at once, ``None`` for any number.

    Raises:
        VerificationError: they agree on fewer than :data:`MIN_AGREEMENT`.
    """
    image = spec.image
    assert image is not None
    tf = import_tensorflow("Checking a SavedModel")
    model = tf.saved_model.load(str(folder))
    files = _pictures(image.width, image.height) if files is None else files
    taken, given = spec.inputs[0], spec.outputs[0].name
    step = batch or len(files)
    files = [*files, *files[: -len(files) % step]]
    parts: tuple[list[NDArray[Any]], list[NDArray[Any]]] = ([], [])
    for start in range(0, len(files), step):
        part = list(files[start : start + step])
        pixels = np.stack([prepare(file, image) for file in part]).astype(taken.dtype)
        for answers, name, value in (
            (parts[0], SIGNATURE, {taken.name: tf.constant(pixels)}),
            (parts[1], signature, {argument: tf.constant(part)}),
        ):
            answers.append(model.signatures[name](**value)[given].numpy())
    expected, answered = (np.concatenate(part) for part in parts)
    difference = float(np.abs(answered.astype(np.float64) - expected).max())
    same = np.isclose(answered, expected, atol=1e-3).reshape(len(files), -1).all(axis=1)
    if spec.is_classifier:
        same = _best(answered, spec) == _best(expected, spec)
    proof = BytesProof(len(files), float(same.mean()), difference)
    if proof.agreement < MIN_AGREEMENT:
        raise VerificationError(
            f"The signature {signature!r} answers as the pixels' own signature does on {proof.agreement:.1%} of "
            f"{proof.photos} pictures only; {MIN_AGREEMENT:.0%} are needed."
        )
    return proof


def _best(answers: NDArray[Any], spec: ModelSpec) -> NDArray[np.int64]:
    probabilities = class_probabilities(answers.astype(np.float32), spec)
    return np.asarray(decisions(probabilities, spec).argmax(axis=1), np.int64)


def _pictures(width: int, height: int) -> list[bytes]:
    """Smooth colours with some noise, as PNG and as JPEG, in every size of :data:`_SIZES`."""
    generator = np.random.default_rng(0)
    files = []
    for across, down in _SIZES:
        size = (max(int(width * across), 1), max(int(height * down), 1))
        coarse = Image.fromarray(generator.integers(0, 256, (_GRAIN, _GRAIN, 3), np.uint8))
        smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), np.int16)
        noisy = smooth + generator.integers(-20, 21, smooth.shape, np.int16)
        picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
        for format in ("PNG", "JPEG"):
            buffer = io.BytesIO()
            picture.save(buffer, format)
            files.append(buffer.getvalue())
    return files
