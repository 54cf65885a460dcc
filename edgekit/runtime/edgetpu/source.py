"""The file that a model for the Edge TPU was compiled from, and what it says about both.

Google's compiler drops whatever is in a file beside the network: EdgeKit's spec, labels, standard metadata
(google-coral/edgetpu, issue 652). What it made keeps the inputs and outputs, with their names, sizes and scales.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgekit.errors import EdgeKitError
from edgekit.modelfile import read_model_file
from edgekit.published import check_published
from edgekit.runtime.edgetpu.library import COMPILED_OP
from edgekit.runtime.foreign import read_foreign
from edgekit.runtime.foreign_result import RAW_TENSORS, Foreign
from edgekit.tflite.model import TFLiteModel, read_model
from edgekit.tflite.spec_io import read_spec

_SUFFIX = ".tflite"
_COMPILED = "_edgetpu"
"""What the compiler puts after a file's name."""

_READY = "_for_edgetpu"
"""What EdgeKit puts after the name of a file that is to be compiled."""


def find_sources(file: Path) -> tuple[Path, ...]:
    """What a file was compiled from, if it was, by its name; none of them need be there.

    ``NAME_edgetpu.tflite`` is what the compiler makes of ``NAME.tflite``, and EdgeKit of ``NAME_for_edgetpu.tflite``.

    Args:
        file: any model.

    Returns:
        The likelier one first; nothing for a file that does not have the name of a compiled one.
    """
    if not file.stem.endswith(_COMPILED) or file.suffix != _SUFFIX:
        return ()
    name = file.stem.removesuffix(_COMPILED)
    if name.endswith("_for"):  # itself one that is to be compiled
        return ()
    return file.with_name(f"{name}{_READY}{_SUFFIX}"), file.with_name(f"{name}{_SUFFIX}")


def read_source(model: TFLiteModel, path: Path, trust: bool) -> Foreign | None:
    """What the file that a model was compiled from says of it.

    It must lie beside, and have the same inputs and outputs: names, sizes, types and scales.

    Args:
        model: without a spec or metadata of its own.
        path: where it was read.
        trust: do not compare the other file with the manifest of the folder.

    Returns:
        ``None`` for a model that is not compiled, or does not have the name of one. Where nothing is found, the
        assumption says what is missing.
    """
    sources = find_sources(path)
    if not sources or not any(operator.custom_code == COMPILED_OP for operator in model.subgraphs[0].operators):
        return None
    doubts = []
    for source in sources:
        if not source.is_file():
            continue
        try:
            found = _read(source, model, trust)
        except EdgeKitError as error:
            doubts.append(f"of {source.name} beside it nothing can be taken ({str(error).rstrip('.')})")
            continue
        if isinstance(found, Foreign):
            return found
        doubts.append(found)
    names = " or ".join(source.name for source in sources)
    missing = f"and the file that it was compiled from, {names}, does not lie beside it"
    what = "; ".join(doubts) if doubts else missing
    dropped = "nothing in the file says what its numbers mean, for the Edge TPU's compiler drops that"
    return Foreign(None, None, (f"{RAW_TENSORS}{dropped}, {what}.",))


def _ends(model: TFLiteModel) -> list[Any]:
    """Its inputs and outputs, as far as they tell models apart."""
    tensors = (*model.inputs, *model.outputs)
    return [len(model.inputs), *((one.name, one.shape, one.dtype, one.quantization) for one in tensors)]


def _read(source: Path, compiled: TFLiteModel, trust: bool) -> Foreign | str:
    """What it says; a clause where that does not go with the compiled file."""
    if not trust:
        check_published(source)
    data = read_model_file(source)
    model = read_model(data, source.name)
    if _ends(model) != _ends(compiled):
        return f"{source.name} beside it has other inputs or outputs"
    spec = read_spec(data, source.name)
    found = Foreign(spec, None, ()) if spec is not None else read_foreign(model, source.stem)
    if found.spec is None:
        return f"and {source.name} beside it does not say it either"
    taken = (
        f"Labels, sizes and the like are those of {source.name} beside it, from which it was compiled: the Edge TPU's "
        "compiler drops them."
    )
    return Foreign(found.spec, found.normalization, (taken, *found.assumptions))
