"""The text that lies in a SavedModel's folder: its signatures, and what is approximate about one of them."""

from __future__ import annotations

from edgekit.converters.savedmodel_proof import BytesProof
from edgekit.spec import ModelSpec, TensorSpec


def readme_text(spec: ModelSpec, proof: BytesProof | None) -> str:
    """Markdown.

    Args:
        spec: of the model.
        proof: of the signature for encoded photos; ``None`` where there is none.
    """
    parts = [
        f"# {spec.name}: a SavedModel\n",
        "## serving_default\n",
        *(f"- takes {_tensor(tensor)}" for tensor in spec.inputs),
        *(f"- answers {_tensor(tensor)}" for tensor in spec.outputs),
        "",
    ]
    if spec.image is not None:
        image = spec.image
        parts.append(
            f"Pixels are 0..255, {image.color}, {image.width} wide and {image.height} high; scaling is in the graph. "
            f"From a photo to these pixels: resize mode `{image.resize}`, as `edgekit_spec.json` says.\n"
        )
    if proof is not None:
        parts += [
            "## serving_bytes (approximate)\n",
            "- takes `image_bytes`: string, (any): JPEG or PNG files, as many as you like",
            *(f"- answers {_tensor(tensor)}" for tensor in spec.outputs),
            "- answers `classes` and `scores`: the most probable labels, best first, and their probabilities",
            "",
            "The photo is decoded, cropped and resized by TensorFlow inside the graph, with EdgeKit's own arithmetic. "
            "It is approximate all the same: the JPEG decoder is the one of the TensorFlow that serves it, CMYK files "
            "come out with slightly other colours, and of PNG files the EXIF orientation is not applied.",
            f"Measured when this file was written: the same answer as from EdgeKit's own preprocessing on "
            f"{proof.agreement:.1%} of {proof.photos} pictures, largest difference {proof.max_difference:.1e}.\n",
        ]
    if spec.labels:
        parts.append("`assets/labels.txt` has the labels in the order of the outputs.\n")
    return "\n".join(parts)


def _tensor(tensor: TensorSpec) -> str:
    sizes = ", ".join("any" if size is None else str(size) for size in tensor.shape)
    return f"`{tensor.name}`: {tensor.dtype}, ({sizes})"
