"""``--custom FILE.py``: the classes and functions that a model file names but does not hold."""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from edgekit.errors import UsageError, first_line
from edgekit.modelfile import check_regular


def load_custom_objects(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Runs a Python file that the user names, and gives what it defines.

    Args:
        path: of the file. It is run as a program of the user's own; nothing of a model file ever is.

    Returns:
        Its classes and functions by name, and what it registered with Keras under the registered names.

    Raises:
        UsageError: it cannot be run, or defines nothing.
    """
    path = Path(path)
    check_regular(path)
    name = path.stem
    description = importlib.util.spec_from_file_location(name, path)
    if path.suffix != ".py" or description is None or description.loader is None:
        raise UsageError(f"{path} is no Python file. Name the .py file that has the model's own layers.")
    module = importlib.util.module_from_spec(description)
    older = sys.modules.get(name)
    sys.modules[name] = module  # a class finds its module while it is made
    try:
        description.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's own program raises; some end with sys.exit()
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise UsageError(
            f"{path} cannot be run: {type(error).__name__}: {first_line(error)} ({place.filename}, line "
            f"{place.lineno})."
        ) from error
    finally:
        if older is not None:
            sys.modules[name] = older
    found = {
        key: value
        for key, value in vars(module).items()
        if getattr(value, "__module__", None) == name and (isinstance(value, type) or callable(value))
    }
    if not found:
        raise UsageError(f"{path} defines no class and no function, so it has none of the model's layers.")
    return found
