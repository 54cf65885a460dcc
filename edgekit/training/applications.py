"""The models of ``keras.applications`` as networks."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from edgekit.applications import Application, find_application, join_widths
from edgekit.errors import UsageError
from edgekit.kerasfile import import_keras
from edgekit.progress import Progress
from edgekit.training.graph import flatten, leaf_layers, output_of, to_features
from edgekit.training.network import IMAGENET, NO_WEIGHTS, Body, BuildRequest, HeadSettings, Shape
from edgekit.training.normalization import normalize, to_three_channels
from edgekit.training.scratch import check_photo
from edgekit.training.weights import load_imagenet, load_weights

PRETRAINED_HEAD = HeadSettings(units=128, dropout=0.4, hidden_dropout=0.4, label_smoothing=0.1)
"""On frozen MobileNetV2 0.35 features of the TensorFlow flowers: 90.7 to 92.0 % in the best of 30 epochs
over seven seeds; a plain softmax layer gives 88.9 to 89.5 %."""


def application_network(name: str) -> ApplicationNetwork | None:
    """The network of that name, or ``None``.

    Raises:
        UsageError: a width for a model that comes in one width, or one out of range.
    """
    found = find_application(name)
    return None if found is None else ApplicationNetwork(*found)


@dataclass(frozen=True)
class ApplicationNetwork:
    """An application at one width, as a :class:`~edgekit.training.network.Network`."""

    application: Application
    alpha: float = 1.0
    default_weights: str = IMAGENET
    head: HeadSettings = PRETRAINED_HEAD
    input_shape: None = None

    @property
    def name(self) -> str:
        app = self.application
        return f"{app.name}_{self.alpha}" if app.alphas else app.name

    @property
    def default_size(self) -> int:
        return self.application.default_size

    def pretrained(self, weights: str) -> bool:
        """See :class:`~edgekit.training.network.Network`."""
        return weights != NO_WEIGHTS

    def check(self, shape: Shape, weights: str, cut_at: str | None = None) -> None:
        """See :class:`~edgekit.training.network.Network`."""
        app = self.application
        check_photo(app.name, shape, app.min_size, channels=(1, 3))
        if weights == IMAGENET and app.alphas and self.alpha not in app.alphas:
            raise UsageError(
                f"{app.name} has ImageNet weights for the widths {join_widths(app)}. Got: {self.alpha}. "
                "Choose one of these, or pass --weights none or a file."
            )
        if cut_at is not None:
            keras = import_keras()
            output_of(keras, self._backbone(keras, shape, None), cut_at, self.name)

    def weights_file(self, shape: Shape) -> str:
        """The name under which Keras keeps the ImageNet weights for this size."""
        app, (height, width) = self.application, shape[:2]
        rows = height if height == width and height in app.trained_sizes else 224
        return app.weights_file.format(alpha=self.alpha, tenths=f"{self.alpha * 10:.1f}".replace(".", "_"), rows=rows)

    def build(self, keras: Any, samples: Any, request: BuildRequest, progress: Progress) -> Body:
        """See :class:`~edgekit.training.network.Network`."""
        weights, filled = request.weights, self.pretrained(request.weights)
        if weights == IMAGENET:
            backbone = load_imagenet(
                lambda: self._backbone(keras, request.shape, IMAGENET),
                self.name,
                self.weights_file(request.shape),
                progress,
            )
        else:
            backbone = self._backbone(keras, request.shape, None)
            if filled:
                load_weights(keras, backbone, weights, self.name)
        if request.cut_at is not None:
            backbone = keras.Model(backbone.input, output_of(keras, backbone, request.cut_at, self.name))
        x = normalize(keras, to_three_channels(keras, samples), self.application.way)
        # In inference mode for good where it is pre-trained, so that batch norm keeps its statistics
        # and nothing random is left.
        x = flatten(keras, backbone, x, training=False if filled else None)
        layers = tuple(layer for layer in leaf_layers(keras, backbone) if layer.weights) if filled else ()
        return Body(to_features(keras, x, f"The output of {self.name}"), pretrained=layers)

    def _backbone(self, keras: Any, shape: Shape, weights: str | None) -> Any:
        app = self.application
        function = getattr(keras.applications, app.function, None)
        if function is None:
            raise UsageError(f"Keras {keras.__version__} has no {app.function}. Upgrade: pip install --upgrade keras")
        arguments = {**app.arguments, "alpha": self.alpha} if app.alphas else app.arguments
        with warnings.catch_warnings():
            # Keras warns that sizes without weights of their own use those of 224: what is wanted.
            warnings.simplefilter("ignore", UserWarning)
            return function(include_top=False, weights=weights, input_shape=(*shape[:2], 3), **arguments)
