"""What a network is to the trainer. A new kind of network is one file with one class of this form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from edgekit.progress import Progress
from edgekit.training.objective import Objective

Shape = tuple[int, ...]
Size = int | tuple[int, int]

NO_WEIGHTS = "none"
IMAGENET = "imagenet"
OWN_WEIGHTS = "own"
"""Those that a model of the user's own comes with."""


@dataclass(frozen=True)
class HeadSettings:
    """The classifier behind a network's features.

    Attributes:
        units: of the hidden layer; 0 for none.
        dropout: of the features, 0 to below 1.
        hidden_dropout: behind the hidden layer, 0 to below 1.
        label_smoothing: of the loss, 0 to below 1.
        l2: penalty on the kernels of the head, 0 or more.
    """

    units: int
    dropout: float
    hidden_dropout: float
    label_smoothing: float
    l2: float = 0.0


@dataclass(frozen=True)
class BuildRequest:
    """What a network is built for.

    Attributes:
        shape: of one sample, without the batch: (height, width, channels) for photos.
        objective: the task.
        weights: ``imagenet``, ``none``, ``own`` or a path.
        cut_at: the layer whose output is used; ``None`` for the last.
        labels: of the classes, in the order of the outputs; empty where they are not known.
        photos: whether samples are pixels 0..255.
    """

    shape: Shape
    objective: Objective
    weights: str
    cut_at: str | None = None
    labels: tuple[str, ...] = ()
    photos: bool = True


@dataclass(frozen=True)
class Body:
    """A network as a part of a graph; at least one of ``features`` and ``answers`` is there.

    Attributes:
        features: symbolic tensor (batch, n) for a head to stand on; ``None`` where the network is complete.
        answers: symbolic tensor (batch, outputs), where the network has a last layer of its own.
        pretrained: the layers between samples and features that pre-training has filled; none where
            all begins from scratch.
    """

    features: Any
    answers: Any = None
    pretrained: tuple[Any, ...] = ()


class Network(Protocol):
    """A network by name (``simple_cnn``, ``mobilenet_v2_0.35``, ...), or one of the user's own."""

    @property
    def name(self) -> str:
        """As it is written in EdgeKit."""

    @property
    def default_size(self) -> Size:
        """Pixels of a side, or (height, width), where the user does not say."""

    @property
    def input_shape(self) -> tuple[int | None, ...] | None:
        """The only shape of a sample that it takes, ``None`` in it for any length; ``None`` for any size of photo.

        Raises:
            UsageError: a model of the user's own that cannot be had.
            ModelFileError: a file that is no model.
        """

    @property
    def default_weights(self) -> str:
        """``imagenet``, ``none`` or ``own``."""

    @property
    def head(self) -> HeadSettings:
        """The head that suits it."""

    def pretrained(self, weights: str) -> bool:
        """Whether it may begin with weights worth keeping.

        For a function of the user's own only :attr:`edgekit.training.classifier.Classifier.backbone` tells.
        """

    def check(self, shape: Shape, weights: str, cut_at: str | None = None) -> None:
        """Says early what :meth:`build` would fail on.

        Imports Keras only for ``cut_at`` and for models of the user's own.

        Raises:
            UsageError: a size, width, layer or kind of weights that there is not.
            ModelFileError: a file that is no model.
        """

    def build(self, keras: Any, samples: Any, request: BuildRequest, progress: Progress) -> Body:
        """Makes the graph from samples to features or answers, rescaling included.

        Args:
            keras: the module.
            samples: symbolic float32 (batch, *shape); photos are 0..255.
            request: what for.
            progress: told about downloads and about what was decided.

        Raises:
            UsageError: the network cannot take this shape, or has no such layer.
            TrainingError: the weights cannot be had.
            ModelFileError: the file of weights does not fit.
        """
