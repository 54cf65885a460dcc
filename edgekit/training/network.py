"""What a network is to the trainer. A new kind of network is one file with one class of this form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from edgekit.progress import Progress
from edgekit.spec import ImageFormat


@dataclass(frozen=True)
class HeadSettings:
    """The classifier behind a network's features.

    Attributes:
        units: of the hidden layer; 0 for none.
        dropout: of the features, 0 to below 1.
        hidden_dropout: behind the hidden layer, 0 to below 1.
        label_smoothing: of the loss, 0 to below 1.
    """

    units: int
    dropout: float
    hidden_dropout: float
    label_smoothing: float


@dataclass(frozen=True)
class Body:
    """A network without its classifier, as a part of a graph.

    Attributes:
        features: symbolic tensor (batch, features).
        pretrained: the layers between pixels and features that pre-training has filled; none where
            all begins from scratch.
    """

    features: Any
    pretrained: tuple[Any, ...]


class Network(Protocol):
    """A network by name: ``simple_cnn``, ``mobilenet_v2_0.35``, ..."""

    @property
    def name(self) -> str:
        """As it is written in EdgeKit."""

    @property
    def default_size(self) -> int:
        """Pixels of a side, where the user does not say."""

    @property
    def default_weights(self) -> str:
        """``imagenet`` or ``none``."""

    @property
    def head(self) -> HeadSettings:
        """The head that suits it."""

    def check(self, image: ImageFormat, weights: str) -> None:
        """Says early what :meth:`build` would fail on; imports nothing.

        Raises:
            UsageError: a size, width or kind of weights that there is not.
        """

    def build(self, keras: Any, pixels: Any, image: ImageFormat, weights: str, progress: Progress) -> Body:
        """Makes the graph from pixels to features, rescaling included.

        Args:
            keras: the module.
            pixels: symbolic float32 (batch, height, width, channels), 0..255.
            image: their format.
            weights: ``imagenet``, ``none`` or a path.
            progress: told about downloads.

        Raises:
            UsageError: the network cannot take this size.
            TrainingError: the weights cannot be had.
            ModelFileError: the file of weights does not fit.
        """
