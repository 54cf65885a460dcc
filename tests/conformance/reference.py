"""The reference converter, run in a process of its own: ``python reference.py SAVEDMODEL OUT [float16]``.

``tensorflowjs`` imports packages at its top that it does not need for a SavedModel and that do not exist for
a current TensorFlow; empty modules stand in for them.
"""

from __future__ import annotations

import sys
from types import ModuleType

# Before the stand-ins: Keras asks whether JAX is there, and would take the empty one for it.
import keras  # noqa: F401
import tensorflow  # noqa: F401
import tf_keras  # noqa: F401
from packaging.version import parse


def stand_in(name: str, **attributes: object) -> ModuleType:
    """An empty module of this name."""
    module = ModuleType(name)
    for key, value in attributes.items():
        setattr(module, key, value)
    sys.modules[name] = module
    return module


stand_in("pkg_resources", parse_version=parse)
stand_in("tensorflow_decision_forests")
stand_in("jax", experimental=stand_in("jax.experimental", jax2tf=stand_in("jax.experimental.jax2tf")))

from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter  # noqa: E402

source, out, *precision = sys.argv[1:]
converter.convert_tf_saved_model(source, out, quantization_dtype_map=dict.fromkeys(precision, "*"))
