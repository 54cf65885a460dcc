"""Delegates: libraries that run a part of a model on other hardware, or in another way.

A delegate is a shared library with ``tflite_plugin_create_delegate`` and ``tflite_plugin_destroy_delegate`` (TensorFlow
Lite's external delegate interface), such as Coral's ``libedgetpu``. It runs in this process: load only what you trust.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from edgekit.arguments import check_kind
from edgekit.errors import UnsupportedModelError, UsageError, first_line
from edgekit.runtime.engines.litert_kernels import Node, count_delegated

_LIBRARY = re.compile(r"\.(so(\.\d+)*|dylib|dll)$", re.IGNORECASE)


@dataclass(frozen=True)
class Delegate:
    """What is to be loaded.

    Attributes:
        name: for a person, and in results.
        library: a path, or a name that the system's loader looks up.
        options: the library's own; it gets keys and values as texts.
    """

    name: str
    library: str
    options: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """For another process."""
        return json.dumps({"name": self.name, "library": self.library, "options": dict(self.options)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Delegate:
        return cls(**json.loads(text))

    def key(self) -> str:
        """Tells this library, as it lies here now, and its options from others: a name for a folder."""
        digest = hashlib.sha256(self.to_json().encode())
        with contextlib.suppress(OSError):
            status = Path(self.library).stat()
            digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
        return f"delegate-{digest.hexdigest()[:16]}"


@dataclass(frozen=True)
class KnownDelegate:
    """A delegate that has a name.

    Attributes:
        libraries: by :data:`sys.platform`, what the system's loader looks up.
        install: what to do where it is missing, as a sentence.
    """

    libraries: Mapping[str, str]
    install: str


_KNOWN: dict[str, KnownDelegate] = {}


def register_delegate(name: str, known: KnownDelegate) -> None:
    """Gives a delegate a name for ``edgekit.load(path, delegate=name)``.

    Raises:
        ValueError: the name is taken.
    """
    if name in _KNOWN:
        raise ValueError(f"there is a delegate {name!r} already")
    _KNOWN[name] = known


def find_delegate(delegate: object, options: object = None) -> Delegate:
    """What a caller means.

    Args:
        delegate: a registered name, the path of a library, or the name of one that the system knows
            (``libedgetpu.so.1``).
        options: a mapping from text to texts or numbers, or ``None``.

    Raises:
        UsageError: there is no such library or name, or a type is wrong.
    """
    check_kind(delegate, "delegate", (str, os.PathLike), "the path of a library, or a name")
    text = os.fspath(delegate)  # type: ignore[call-overload]
    check_kind(text, "delegate", str, "the path of a library, or a name")
    given = {} if options is None else options
    check_kind(given, "delegate_options", Mapping, "a mapping from names to values, or None")
    texts: dict[str, str] = {}
    for key, value in given.items():  # type: ignore[attr-defined]
        check_kind(key, "A name in delegate_options", str, "a string")
        check_kind(value, f"delegate_options[{key!r}]", (str, int, float), "a string or a number")
        texts[key] = str(value)
    if (known := _KNOWN.get(text)) is not None:
        library = known.libraries.get(sys.platform)
        if library is None:
            raise UsageError(f"The delegate {text!r} is not made for this system ({sys.platform}). {known.install}")
        return Delegate(text, library, texts)
    path = Path(text)
    if path.is_file():
        return Delegate(path.name, str(path.absolute()), texts)
    if _LIBRARY.search(text) and path.name == text:
        return Delegate(text, text, texts)
    if path.name == text and not path.exists():
        names = f" Names: {', '.join(_KNOWN)}." if _KNOWN else ""
        raise UsageError(f"There is no delegate {text!r}. Give the path of its library.{names}")
    raise UsageError(f"The delegate library {text} {'is a folder' if path.is_dir() else 'does not exist'}.")


def create_delegate(delegate: Delegate, interpreter_module: str) -> Any:
    """Loads the library and has it make a delegate.

    Args:
        delegate: see :func:`find_delegate`.
        interpreter_module: where the interpreter comes from.

    Raises:
        UsageError: the library cannot be loaded, or is none of a delegate.
        UnsupportedModelError: it makes none, as without its device.
    """
    known = _KNOWN.get(delegate.name)
    # Not by load_delegate: where that fails, the object it leaves behind frees a delegate that it never had, which
    # crashes libraries that do not expect it.
    kind = import_module(interpreter_module).Delegate
    native = kind.__new__(kind)
    native._library = None
    try:
        native.__init__(delegate.library, dict(delegate.options))
        return native
    except Exception as error:
        native._library = None
        raise _explain(error, delegate, known) from error


def _explain(error: Exception, delegate: Delegate, known: KnownDelegate | None) -> Exception:
    """What became of an attempt to make a delegate, in a sentence."""
    if isinstance(error, OSError):
        advice = known.install if known else "Is it complete, and made for this system and processor?"
        return UsageError(f"The delegate library {delegate.library} cannot be loaded: {first_line(error)}. {advice}")
    if isinstance(error, AttributeError):  # ctypes, of a function that is not there
        return UsageError(f"{delegate.library} is a library, but none of a delegate: {first_line(error).rstrip('.')}.")
    if isinstance(error, ValueError | RuntimeError):
        said = first_line(error) if str(error).strip() else "it gives no reason"
        return UnsupportedModelError(
            f"The delegate {delegate.name} cannot be used here: {said.rstrip('.')}. Is its device connected, and "
            "are its options right?"
        )
    return error


def check_delegate(delegate: Delegate) -> None:
    """Makes the delegate once, and frees it again.

    Raises:
        UsageError: see :func:`create_delegate`.
        UnsupportedModelError: likewise.
    """
    from edgekit.runtime.engines.litert import INTERPRETERS, find_interpreter

    create_delegate(delegate, INTERPRETERS[find_interpreter()[0]])


def describe_shares(nodes: Sequence[Node], operators: int, after: int, name: str) -> str:
    """Which kernels run a model with a delegate: ``libx.so (3 of 5 operators), XNNPACK (1 of 5 operators), builtin``.

    Args:
        nodes: all there are in the end.
        operators: of the model's file; these nodes come first.
        after: nodes there were when the delegate had taken its share, and XNNPACK had not come yet.
        name: of the delegate.
    """
    own = count_delegated(nodes[:after], operators)
    rest = count_delegated(nodes, operators) - own
    parts = [f"{name} ({own} of {operators} operators)"]
    if rest > 0:
        parts.append(f"XNNPACK ({rest} of {operators} operators)")
    if own + rest < operators:
        parts.append("builtin")
    return ", ".join(parts)
