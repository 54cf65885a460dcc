"""What a source of models of the user's own is, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from edgekit.spec import ModelSpec
from edgekit.training.network import BuildRequest

AnyShape = tuple[int | None, ...]


@dataclass(frozen=True)
class Made:
    """A model as it came.

    Attributes:
        model: ``keras.Model``, not yet checked.
        told: whether it was made for this number of classes or outputs.
        filled: whether it comes with weights worth keeping; ``None`` where only frozen layers tell.
        spec: EdgeKit's own, if there is one.
    """

    model: Any
    told: bool = False
    filled: bool | None = None
    spec: ModelSpec | None = None


class Source(Protocol):
    """One origin of models."""

    @property
    def name(self) -> str:
        """For messages and results."""

    def preferred_shape(self) -> AnyShape | None:
        """Of a sample; ``None`` where any photo will do."""

    def check(self) -> None:
        """Finds early what :meth:`make` would fail on."""

    def make(self, keras: Any, request: BuildRequest) -> Made:
        """The model, which shares nothing with an earlier one."""


def input_shape_of(model: Any) -> AnyShape | None:
    """The shape of a sample that a model takes; ``None`` where it does not say."""
    inputs = getattr(model, "inputs", None)
    return tuple(inputs[0].shape[1:]) if inputs and len(inputs) == 1 else None
