"""The form of the small networks that are trained from scratch: one function makes the layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgekit.errors import UsageError
from edgekit.progress import Progress
from edgekit.training.graph import flatten, leaf_layers, output_of, to_features
from edgekit.training.network import IMAGENET, NO_WEIGHTS, Body, BuildRequest, HeadSettings, Shape
from edgekit.training.weights import load_weights

Layers = Callable[[Any, Any], Any]
"""``layers(keras, x)``: from a symbolic (batch, height, width, channels) in 0..1 to features."""


@dataclass(frozen=True)
class ScratchNetwork:
    """A small network, as a :class:`~edgekit.training.network.Network`.

    Attributes:
        name: as EdgeKit writes it.
        layers: makes it.
        default_size: pixels of a side.
        min_size: the least that it takes.
        head: the head that suits it.
    """

    name: str
    layers: Layers
    default_size: int
    min_size: int
    head: HeadSettings
    default_weights: str = NO_WEIGHTS
    input_shape: None = None

    def pretrained(self, weights: str) -> bool:
        """See :class:`~edgekit.training.network.Network`."""
        return weights != NO_WEIGHTS

    def check(self, shape: Shape, weights: str, cut_at: str | None = None) -> None:
        """See :class:`~edgekit.training.network.Network`."""
        if weights == IMAGENET:
            raise UsageError(
                f"{self.name} is trained from scratch: there are no ImageNet weights for it. Pass none, or a file."
            )
        check_photo(self.name, shape, self.min_size)
        if cut_at is not None:
            from edgekit.kerasfile import import_keras

            keras = import_keras()
            output_of(keras, self._backbone(keras, shape, photos=True), cut_at, self.name)

    def build(self, keras: Any, samples: Any, request: BuildRequest, progress: Progress) -> Body:
        """See :class:`~edgekit.training.network.Network`."""
        backbone = self._backbone(keras, request.shape, request.photos)
        filled = self.pretrained(request.weights)
        if filled:
            load_weights(keras, backbone, request.weights, self.name)
        if request.cut_at is not None:
            backbone = keras.Model(backbone.input, output_of(keras, backbone, request.cut_at, self.name))
        x = flatten(keras, backbone, samples)
        layers = tuple(layer for layer in leaf_layers(keras, backbone) if layer.weights) if filled else ()
        return Body(to_features(keras, x, f"The output of {self.name}"), pretrained=layers)

    def _backbone(self, keras: Any, shape: Shape, photos: bool) -> Any:
        samples = keras.Input(shape)
        x = keras.layers.Rescaling(1 / 255, name="rescaling")(samples) if photos else samples
        return keras.Model(samples, self.layers(keras, x), name=self.name)


def check_photo(name: str, shape: Shape, min_size: int, channels: tuple[int, ...] = ()) -> None:
    """Refuses what is no photo, or one too small.

    Args:
        name: of the network.
        shape: of one sample.
        min_size: pixels of a side.
        channels: those that it takes; any by default.

    Raises:
        UsageError: the shape does not fit.
    """
    if len(shape) != 3 or (channels and shape[-1] not in channels):
        wanted = f"(height, width, {' or '.join(map(str, channels)) or 'channels'})"
        raise UsageError(
            f"{name} takes photos, {wanted}. Got samples of the shape {shape}. For these, pass a model of your own."
        )
    if min(shape[:2]) < min_size:
        raise UsageError(
            f"{name} takes images of at least {min_size}x{min_size} pixels. "
            f"Got: {shape[0]}x{shape[1]}. Pass a larger --image-size."
        )
