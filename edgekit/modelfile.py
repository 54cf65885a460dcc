"""Reading a model file that may be anything: missing, a folder, a pipe, a device, or too large."""

from __future__ import annotations

import stat
from pathlib import Path

from edgekit.errors import ModelFileError


def check_regular(path: Path) -> None:
    """Refuses what is no regular file: a named pipe would be waited for, a device read, without end.

    Raises:
        ModelFileError: missing, or no regular file.
    """
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        raise ModelFileError(f"There is no file {path}. Check the path.") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise ModelFileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if stat.S_ISDIR(kind):
        raise ModelFileError(f"{path} is a folder. Give a model file in it.")
    if not stat.S_ISREG(kind):
        raise ModelFileError(f"{path} is no regular file. Give a model file.")


def read_model_file(path: Path) -> bytes:
    """The bytes of a model file.

    Raises:
        ModelFileError: it cannot be read, is empty, or is larger than the memory.
    """
    check_regular(path)
    try:
        data = path.read_bytes()
    except MemoryError:
        raise ModelFileError(f"{path} is larger than the free memory, so it cannot be read here.") from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not data:
        raise ModelFileError(f"{path} is empty (0 bytes). Get it again from where it came.")
    return data
