"""Does the configuration of a Keras model bring or call code that is not Keras' own?

The configuration is the JSON in a ``.keras`` (``config.json``) or in an ``.h5`` (the attribute
``model_config``). Keras builds layers from the names in it; some of these names run code. Nothing
here imports Keras.
"""

from __future__ import annotations

import builtins
import os
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from edgekit.tfcalls import find_operator_problem, find_problem

_CODE = {
    "Lambda": "it holds Python code",
    "__lambda__": "it holds Python code",
    "TFSMLayer": "it runs another SavedModel from the disk",
    "TorchModuleWrapper": "it unpickles Python objects",
    "JaxLayer": "it holds Python code",
    "FlaxLayer": "it holds Python code",
    "ClassMethod": "it calls a method of any class of TensorFlow",
}

_ROOTS = frozenset({"keras", "tf_keras", "builtins"})

_FUNCTIONS = frozenset(
    {"activations", "constraints", "initializers", "losses", "metrics", "ops", "optimizers", "regularizers"}
)
"""The modules of Keras whose functions belong into a model. ``keras.utils.get_file``, say, downloads."""

_TENSORFLOW_CALLS = frozenset({"TFOpLambda", "SlicingOpLambda"})

_TENSOR_MEMBERS = frozenset(
    """
    values flat_values row_splits nested_row_splits indices dense_shape value_rowids nested_value_rowids nrows
    row_starts row_limits row_lengths nested_row_lengths bounding_shape with_values with_flat_values
    with_row_splits_dtype merge_dims to_tensor to_sparse
    """.split()  # noqa: SIM905 (a list would take a line for each)
)
"""What Keras 2 writes for ragged and sparse tensors (tf_keras/src/layers/core/tf_op_layer.py)."""

_LOOKUPS = frozenset({"IndexLookup", "IntegerLookup", "StringLookup", "TextVectorization"})

_COLUMNS = frozenset({"EmbeddingColumn", "SharedEmbeddingColumn", "VocabularyFileCategoricalColumn"})
"""Feature columns of Keras 2, which stand in a layer ``DenseFeatures``."""

_FILES = ("vocabulary", "idf_weights", "vocabulary_file", "ckpt_to_load_from")
"""What of these is read from the disk where a text stands instead of numbers."""


def known_names(custom_objects: Mapping[str, Any] | None = None, package: str = "keras") -> frozenset[str]:
    """What a configuration may name beside Keras' own: classes and functions that this very program has.

    Args:
        custom_objects: what the caller gives; what it registered with Keras is found without.
        package: ``keras`` or ``tf_keras``, which reads the file: each knows only what was registered with itself.
    """
    names = set(custom_objects or {})
    if package in sys.modules:  # else nothing can be registered there
        names |= set(sys.modules[package].saving.get_custom_objects())
    return frozenset(names)


def find_code(config: object, known: Collection[str] = ()) -> str | None:
    """What in a model's configuration would run code that is not Keras' own; ``None`` for nothing.

    Args:
        config: the parsed JSON.
        known: names of classes and functions that the caller has itself and gives to Keras.
    """
    for item, owner in _objects(config, "the model"):
        problem = _problem(item, known)
        if problem:
            return f"{owner} {problem}"
    return None


def find_held_code(config: object, whole: str = "the model") -> str | None:
    """The same, but only what brings or calls code by its very kind: classes that are missing do not count.

    For a configuration that nobody here builds layers from.

    Args:
        config: the parsed JSON.
        whole: what the configuration is of, for the sentence.
    """
    for item, owner in _objects(config, whole):
        problem = _held_problem(item.get("class_name"))
        if problem:
            return f"{owner} {problem}"
    return None


def refusal(path: str | os.PathLike[str], problem: str) -> str:
    """The sentence for a file with such a configuration."""
    if "not in the file" in problem:
        return (
            f"{path} is refused: {problem}. Replace it with standard Keras layers; or, to export a model of your own, "
            "name the Python file that has it with --custom FILE.py (in Python: custom_objects={...})."
        )
    return f"{path} is refused: {problem}. Replace it with standard Keras layers and save again."


def _problem(item: dict[str, Any], known: Collection[str]) -> str | None:
    name, module, registered = (item.get(key) for key in ("class_name", "module", "registered_name"))
    if not isinstance(name, str):
        return None
    problem = _held_problem(name) or _keras_problem(_bare(name), item)
    if problem:
        return problem
    # Keras finds a function by what stands in its config, and a class by its registered name.
    own = item.get("config") if name == "function" else name if registered is None else registered
    if isinstance(own, str) and own in known:
        return None
    if isinstance(module, str) and module.partition(".")[0] not in _ROOTS:
        return f"is the custom class {module}.{name}, whose code is not in the file"
    if isinstance(registered, str) and module is None:
        return f"is the custom object {registered}, whose code is not in the file"
    if isinstance(module, str):
        return _function_problem(name, module, item.get("config"))
    return None


def _bare(name: str) -> str:
    return re.split("[.>]", name)[-1]  # Keras finds "package>Lambda" and "module.Lambda", too


def _held_problem(name: object) -> str | None:
    bare = _bare(name) if isinstance(name, str) else ""
    return f"is a {'Lambda' if bare == '__lambda__' else bare} layer, and {_CODE[bare]}" if bare in _CODE else None


def _keras_problem(bare: str, item: dict[str, Any]) -> str | None:
    """What is wrong with a layer of Keras itself, whatever else its names say."""
    inner = item.get("config")
    config = inner if isinstance(inner, dict) else {}
    if bare in _TENSORFLOW_CALLS:
        return find_problem(config.get("function"), item.get("inbound_nodes"))
    if bare == "TensorFlowOpLayer":
        return find_operator_problem(config.get("node_def"))
    if bare == "__typespec__":  # a class or function by any name, under this one
        return f"has the type {item.get('spec_name')!r} of TensorFlow, which is no plain tensor"
    member = config.get("attr_name")
    if bare in ("InstanceProperty", "InstanceMethod") and not (isinstance(member, str) and member in _TENSOR_MEMBERS):
        return f"calls {member!r} of a tensor, which is no part of a model"
    if bare in _LOOKUPS | _COLUMNS:
        for key in _FILES:
            if isinstance(config.get(key), str):
                return f"reads its {key} from the file {config[key]!r}, which is not in the model"
    return None


def _function_problem(name: str, module: str, config: object) -> str | None:
    """Keras looks functions up by module and name, in Python's ``builtins`` too: ``exec`` would be found."""
    if name == "function":
        name = config if isinstance(config, str) else ""
    elif name.startswith("__") or name.rpartition(".")[2][:1].isupper():
        return None
    parts = [part for part in module.split(".") if part not in ("src", "api", "_tf_keras")]
    if parts == ["builtins"]:
        allowed = name.isidentifier() and not hasattr(builtins, name)
    else:
        allowed = name.isidentifier() and len(parts) > 1 and parts[1] in _FUNCTIONS
    return None if allowed else f"calls the function {module}.{name}, which is no part of a model"


def _objects(config: object, owner: str) -> Iterator[tuple[dict[str, Any], str]]:
    """All serialized objects in a configuration, each with the words for the layer it belongs to."""
    waiting: list[tuple[object, str]] = [(config, owner)]
    while waiting:
        item, owner = waiting.pop()
        if isinstance(item, list):
            waiting += [(child, owner) for child in reversed(item)]
        elif isinstance(item, dict):
            if "class_name" in item:
                owner = _owner(item) or owner
                yield item, owner
            waiting += [(child, owner) for child in reversed(item.values())]


def _owner(item: dict[str, Any]) -> str | None:
    inner = item.get("config")
    name = inner.get("name") if isinstance(inner, dict) else None
    return f"the layer {name!r}" if isinstance(name, str) else None
