"""SavedModels: what is in one, whether it is safe to open, and EdgeKit's spec inside.

Nothing of a SavedModel is executed here. TensorFlow is needed all the same: for its protocol
buffers, and for its list of operators.
"""

from edgekit.savedmodel.framework import import_tensorflow
from edgekit.savedmodel.read import (
    SPEC_FILE,
    SavedModelInfo,
    SavedSignature,
    SavedTensor,
    check_saved_model,
    read_spec_from_saved_model,
)

__all__ = [
    "SPEC_FILE",
    "SavedModelInfo",
    "SavedSignature",
    "SavedTensor",
    "check_saved_model",
    "import_tensorflow",
    "read_spec_from_saved_model",
]
