"""coremltools, imported without its chatter."""

from __future__ import annotations

import logging
from typing import Any

from edgekit.extras import require
from edgekit.quiet import without_start_up_notes


def import_coremltools(what: str) -> Any:
    """The package, with only its errors on the terminal.

    Importing it warns of any TensorFlow after 2.12, and on Linux of each part that only macOS has.

    Args:
        what: the work that needs it, as the beginning of a sentence.

    Raises:
        MissingExtraError: coremltools is not installed.
    """
    require(what, "coremltools", "coreml")
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    with without_start_up_notes("tensorflow"):
        import coremltools

    return coremltools
