"""The description of a model of any format: what its engine and its spec say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.digest import size_of
from edgekit.language import printable
from edgekit.published import check_published
from edgekit.report.inspection import spec_lines, trial_line
from edgekit.report.table import format_size
from edgekit.runtime.engines.base import TensorInfo
from edgekit.runtime.trial_result import TrialResult
from edgekit.runtime.trying import open_once
from edgekit.spec import ModelSpec


@dataclass(frozen=True)
class ModelInspection:
    """One model, after it was run once on this machine.

    Attributes:
        file: as it was given.
        size_bytes: of the file, or of all files of the folder.
        spec: EdgeKit's, or ``None``.
        trial: what became of the run.
    """

    file: str
    size_bytes: int
    spec: ModelSpec | None
    trial: TrialResult

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``edgekit inspect --json``."""
        return {
            "file": self.file,
            "size_bytes": self.size_bytes,
            "spec": self.spec.to_dict() if self.spec else None,
            "trial": self.trial.to_dict(),
        }

    def to_text(self) -> str:
        """For a terminal."""
        return "\n".join(printable(line) for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield self.file
        yield f"  size        {format_size(self.size_bytes)}"
        yield f"  runs here   {trial_line(self.trial)}"
        yield from (f"  input       {_tensor(info)}" for info in self.trial.inputs)
        yield from (f"  output      {_tensor(info)}" for info in self.trial.outputs)
        if self.spec is not None:
            yield from spec_lines(self.spec)
        else:
            yield "  labels      none: nothing in it says what its numbers mean"


def inspect_model(path: Path) -> ModelInspection:
    """Loads a model of any format and runs it once on zeros, in a process of its own that has limits.

    Raises:
        ModelFileError: it is no model, damaged, refused, or cannot be run here within the limits.
        MissingExtraError: its engine is not installed.
    """
    check_published(path)
    opened = open_once(path)
    return ModelInspection(str(path), size_of(path), opened.spec, opened.trial)


def _tensor(info: TensorInfo) -> str:
    shape = "x".join("?" if size is None else str(size) for size in info.shape) or "scalar"
    return f"{info.name}: {shape} {info.dtype}"
