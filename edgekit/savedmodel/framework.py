"""TensorFlow, imported without its start-up notes."""

from __future__ import annotations

from typing import Any

from edgekit.errors import MissingExtraError
from edgekit.quiet import without_start_up_notes


def import_tensorflow(what: str) -> Any:
    """TensorFlow without its start-up notes.

    Args:
        what: the work that needs it, for the error's sentence.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        with without_start_up_notes("tensorflow"):
            import tensorflow
    except ImportError:
        raise MissingExtraError(what, "tensorflow") from None
    return tensorflow
