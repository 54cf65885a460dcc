"""Delegates: libraries that run a part of a model on other hardware, or in another way.

A delegate is a shared library with ``tflite_plugin_create_delegate`` and ``tflite_plugin_destroy_delegate`` (TensorFlow
Lite's external delegate interface), such as Coral's ``libedgetpu``. It runs in this process: load only what you trust.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edgekit.arguments import check_kind
from edgekit.errors import UnsupportedModelError, UsageError, first_line
from edgekit.runtime.engines.litert_kernels import Node, count_delegated

if TYPE_CHECKING:
    from edgekit.runtime.delegate_trial import DelegateTrial

MODULES = {"edgetpu": "edgekit.runtime.edgetpu.delegate"}
"""Name to module, which registers the delegate when it is first asked for."""

SIMULATES = "edgekit_simulates"
"""A function of a library that only imitates hardware: it takes nothing and returns a C string, what it imitates.
EdgeKit's own name, so that no library for real hardware has it; and one that has it cannot be used without being
marked, for it is read from the very library that was loaded."""

Failure = Literal["unloadable", "foreign", "refused"]
"""The system's loader refuses a library; it is none of a delegate; it makes no delegate."""

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
        variable: of the environment, that names the library in another place.
        operator: the custom operator that it runs, and no other; ``None`` for a delegate that takes any model.
        compile: for a model without that operator, how to get one, as a sentence.
        check_options: gives the options in the library's own writing, or raises a
            :class:`~edgekit.errors.UsageError`.
        explain: says why no delegate was made, better than the library does.
        explain_crash: likewise where a model crashed: of the delegate, how it crashed, the interpreter, and what was
            printed.
    """

    libraries: Mapping[str, str]
    install: str
    variable: str | None = None
    operator: str | None = None
    compile: str = ""
    check_options: Callable[[Mapping[str, str]], dict[str, str]] | None = None
    explain: Callable[[Delegate, DelegateTrial], str] | None = None
    explain_crash: Callable[[Delegate, str, str, str], str] | None = None


_KNOWN: dict[str, KnownDelegate] = {}


def register_delegate(name: str, known: KnownDelegate) -> None:
    """Gives a delegate a name for ``edgekit.load(path, delegate=name)``.

    Raises:
        ValueError: the name is taken.
    """
    if name in _KNOWN:
        raise ValueError(f"there is a delegate {name!r} already")
    _KNOWN[name] = known


def known_delegate(name: str) -> KnownDelegate | None:
    """What is registered under a name, if anything."""
    if name not in _KNOWN and name in MODULES:
        import_module(MODULES[name]).register()
    return _KNOWN.get(name)


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
    if not isinstance(text, str) or not text:
        raise UsageError(f"delegate is the path of a library, or a name. Got: {text!r}.")
    given = {} if options is None else options
    check_kind(given, "delegate_options", Mapping, "a mapping from names to values, or None")
    texts: dict[str, str] = {}
    for key, value in given.items():  # type: ignore[attr-defined]
        check_kind(key, "A name in delegate_options", str, "a string")
        check_kind(value, f"delegate_options[{key!r}]", (str, int, float), "a string or a number")
        texts[key] = str(value)
    if (known := known_delegate(text)) is not None:
        library = (known.variable and os.environ.get(known.variable)) or known.libraries.get(sys.platform)
        if library is None:
            raise UsageError(f"The delegate {text!r} is not made for this system ({sys.platform}). {known.install}")
        return Delegate(text, library, known.check_options(texts) if known.check_options else texts)
    path = Path(text)
    if path.is_file():
        return Delegate(path.name, str(path.absolute()), texts)
    if _LIBRARY.search(text) and path.name == text:
        return Delegate(text, text, texts)
    if path.name == text and not path.exists():
        names = ", ".join(dict.fromkeys((*_KNOWN, *MODULES)))
        raise UsageError(f"There is no delegate {text!r}. Give the path of its library. Names: {names}.")
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
        raise _explain(error, delegate) from error


def _explain(error: Exception, delegate: Delegate) -> Exception:
    """What became of an attempt to make a delegate, in a sentence."""
    failure = find_failure(error)
    if failure is None:
        return error
    kind = UnsupportedModelError if failure == "refused" else UsageError
    return kind(explain_failure(failure, first_line(error) if str(error).strip() else "", delegate))


def find_failure(error: BaseException | None) -> Failure | None:
    """What an exception from the making of a delegate means; ``None`` for one of another kind."""
    if isinstance(error, OSError):
        return "unloadable"
    if isinstance(error, AttributeError):  # ctypes, of a function that is not there
        return "foreign"
    return "refused" if isinstance(error, ValueError | RuntimeError) else None


def explain_failure(failure: Failure, said: str, delegate: Delegate) -> str:
    """A sentence for a person.

    Args:
        failure: the kind.
        said: by the system's loader, or by the library; empty for nothing.
        delegate: that was to be made.
    """
    said = said.rstrip(".")
    if failure == "unloadable":
        known = known_delegate(delegate.name)
        advice = known.install if known else "Is it complete, and made for this system and processor?"
        return f"The delegate library {delegate.library} cannot be loaded: {said}. {advice}"
    if failure == "foreign":
        return f"{delegate.library} is a library, but none of a delegate: {said}."
    return (
        f"The delegate {delegate.name} cannot be used here: {said or 'it gives no reason'}. Is its device connected, "
        "and are its options right?"
    )


def find_simulated(library: Any) -> str | None:
    """What a library only imitates, as it says of itself (:data:`SIMULATES`); ``None`` for the real thing.

    Args:
        library: as :mod:`ctypes` loaded it.
    """
    function = getattr(library, SIMULATES, None)
    if function is None:
        return None
    function.restype = ctypes.c_char_p
    return (function() or b"").decode("utf-8", "replace") or "hardware"


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
