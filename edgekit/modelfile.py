"""Reading a model file that may be anything: missing, a folder, a pipe, a device, or too large."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from edgekit.errors import ModelFileError
from edgekit.host import available_memory

_ALWAYS_TAKEN = 256 << 20
"""Bytes that any machine which opens models can unpack."""

_MOST_EXPANSION = 100
"""How many times larger than in the file a model's weights may be: floating-point numbers hardly shrink, and what
Keras writes is not compressed at all. Keras 3 draws the same line, but only above 4 GiB."""


_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
"""How a web page begins: what a download is when the address was that of a page about the model."""

PAGE_BYTES = 256
"""Of a file's beginning, in which :func:`refuse_web_page` sees it."""


def refuse_web_page(path: Path, beginning: bytes) -> None:
    """Raises :class:`ModelFileError` where a file's first :data:`PAGE_BYTES` are those of a web page."""
    if _PAGE.match(beginning[:PAGE_BYTES]):
        raise ModelFileError(
            f"{path} is a web page (HTML), not a model: what was downloaded is probably the page that shows the file, "
            "or an error. Download the file itself."
        )


def check_unpacked_size(path: Path, part: str, size: int, stored: int) -> None:
    """Refuses what a file announces as larger than it can be, or than the memory: a bomb fills memory and disk.

    Args:
        path: of the file.
        part: what it is about, for the error's sentence.
        size: bytes after unpacking, as the file announces them.
        stored: bytes that it takes in the file.

    Raises:
        ModelFileError: the message says which.
    """
    if size <= _ALWAYS_TAKEN:
        return
    announced = f"{path} is refused: its {part} would take {size / 1e9:,.1f} GB"
    if size > _MOST_EXPANSION * stored:
        raise ModelFileError(
            f"{announced} after unpacking, from {stored:,} bytes in the file, which no model's weights do. Get the "
            "file from a source that you trust, or save the model again."
        )
    free = available_memory()
    if free is not None and size > free:
        raise ModelFileError(
            f"{announced} of memory, and {free / 1e9:,.1f} GB are free. Open it on a machine with more memory."
        )


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
        size = path.stat().st_size
        # Linux promises more memory than it has, and ends this process when it cannot keep the promise.
        free = available_memory() if size > _ALWAYS_TAKEN else None
        if free is not None and size > free:
            raise MemoryError
        data = path.read_bytes()
    except MemoryError:
        raise ModelFileError(f"{path} is larger than the free memory, so it cannot be read here.") from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not data:
        raise ModelFileError(f"{path} is empty (0 bytes). Get it again from where it came.")
    refuse_web_page(path, data)
    return data
