"""Functions that build a model, passed as they are or named as ``FILE.py:FUNCTION``."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from edgekit.errors import UsageError, first_line
from edgekit.kerasfile import import_keras
from edgekit.training.layer_errors import explain, line_in, source_line, whole_tracebacks
from edgekit.training.network import BuildRequest
from edgekit.training.objective import Objective
from edgekit.training.own.source import AnyShape, Made, input_shape_of

_TRIAL = Objective("multi-class", 2)
_OFFERED = ("input_shape", "classes", "outputs")


@dataclass(frozen=True)
class Builder:
    """A function that returns a model; ``file`` and ``function`` where it stands in a file.

    It is called with those of ``input_shape`` (of a sample, without the batch), ``classes`` and
    ``outputs`` (1 for a binary classifier) that it names.
    """

    given: Callable[..., Any] | None = None
    file: Path | None = None
    function: str = ""

    @property
    def name(self) -> str:
        if self.file is not None:
            return f"{self.file.name}:{self.function}"
        return str(getattr(self.given, "__name__", None) or type(self.given).__name__)

    def check(self) -> None:
        """Loads the file, finds the function and reads its arguments."""
        self._arguments()

    def preferred_shape(self) -> AnyShape | None:
        """The default of ``input_shape``; without that argument, the shape of a model made on trial."""
        arguments = self._arguments()
        if "input_shape" not in arguments:
            return _shape_of_builder(self, *self._state())
        default = arguments["input_shape"].default
        return tuple(default) if isinstance(default, tuple | list) and default else None

    def make(self, keras: Any, request: BuildRequest) -> Made:
        """Calls the function."""
        arguments = self._arguments()
        offered = {
            "input_shape": request.shape,
            "classes": request.objective.classes,
            "outputs": request.objective.outputs,
        }
        given = {name: value for name, value in offered.items() if name in arguments}
        function = self._load()
        try:
            with whole_tracebacks(keras), _importing_from(self.file):
                model = function(**given)
        except (Exception, SystemExit) as error:
            self._refuse(explain(keras, error), error, given)
        if model is None:
            raise UsageError(f"{self.describe()} cannot be used: it returns nothing. End it with: return model")
        return Made(model, told="classes" in given or "outputs" in given)

    def describe(self) -> str:
        """The words for the model, with the place of the function."""
        code = getattr(self.given if self.file is None else self._load(), "__code__", None)
        place = f" ({Path(code.co_filename).name}, line {code.co_firstlineno})" if code is not None else ""
        return f"The model of {self.name}{place}"

    def _refuse(self, reason: str, error: BaseException, given: dict[str, Any]) -> NoReturn:
        file = self.file or getattr(getattr(self.given, "__code__", None), "co_filename", None)
        line = None if file is None else line_in(file, error)
        place = "" if file is None or line is None else f" in line {line} ({source_line(file, line)})"
        shown = ", ".join(f"{name}={value}" for name, value in given.items())
        raise UsageError(f"{self.name} called with ({shown}) failed{place}: {reason}.") from error

    def _load(self) -> Callable[..., Any]:
        if self.file is None:
            assert self.given is not None
            return self.given
        return _load_function(self.file, self.function, *self._state())

    def _state(self) -> tuple[int, int]:
        """What changes when the file does."""
        if self.file is None:
            return (0, 0)
        try:
            status = self.file.stat()
        except OSError as error:
            raise UsageError(f"{self.file} cannot be read ({error.strerror or error}).") from error
        return status.st_mtime_ns, status.st_size

    def _arguments(self) -> dict[str, inspect.Parameter]:
        try:
            parameters = inspect.signature(self._load()).parameters
        except (ValueError, TypeError):
            return {}  # written in C
        for name, parameter in parameters.items():
            variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            offered = name in _OFFERED and parameter.kind != parameter.POSITIONAL_ONLY
            if not variadic and not offered and parameter.default is parameter.empty:
                raise UsageError(
                    f"{self.name} wants the argument {name!r}, which EdgeKit does not have. It gives those of "
                    f"{', '.join(_OFFERED)} that the function names; others need a default."
                )
        return dict(parameters)


@functools.lru_cache(maxsize=4)
def _shape_of_builder(builder: Builder, changed: int, size: int) -> AnyShape | None:
    keras = import_keras()
    return input_shape_of(builder.make(keras, BuildRequest((), _TRIAL, "own")).model)


@functools.lru_cache(maxsize=4)
def _load_function(file: Path, function: str, changed: int, size: int) -> Callable[..., Any]:
    import_keras()  # without the backend's start-up notes, and so that a missing Keras is told as such
    name = f"_edgekit_model_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{file} is not a Python file. A model is FILE.py:FUNCTION.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and Keras' registry look their module up
    try:
        with _importing_from(file):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        line = line_in(file, error)
        place = "" if line is None else f" in line {line} ({source_line(file, line)})"
        raise UsageError(f"{file} cannot be loaded{place}: {type(error).__name__}: {first_line(error)}.") from error
    found = getattr(module, function, None)
    if callable(found):
        return found  # type: ignore[no-any-return]  # a module has no types
    functions = [key for key, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == name]
    what = "has no function" if found is None else "has something else than a function called"
    known = f"It has: {', '.join(functions)}." if functions else "It has no functions."
    raise UsageError(f"{file} {what} {function!r}. {known}")


@contextlib.contextmanager
def _importing_from(file: Path | None) -> Iterator[None]:
    """Lets a file import its neighbours, as if it were run itself."""
    if file is None:
        yield
        return
    folder = os.fspath(file.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
