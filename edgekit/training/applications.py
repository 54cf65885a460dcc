"""All models of ``keras.applications``, by name."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edgekit.errors import UsageError
from edgekit.progress import Progress
from edgekit.spec import ImageFormat
from edgekit.training.network import Body, HeadSettings
from edgekit.training.normalization import Normalization, normalize, to_three_channels
from edgekit.training.weights import load_imagenet, load_weights

_HEAD = HeadSettings(units=128, dropout=0.4, hidden_dropout=0.4, label_smoothing=0.1)
"""On frozen MobileNetV2 0.35 features of the TensorFlow flowers: 90.7 to 92.0 % in the best of 30 epochs
over seven seeds; a plain softmax layer gives 88.9 to 89.5 %."""


@dataclass(frozen=True)
class Application:
    """One function of ``keras.applications``.

    Attributes:
        name: as EdgeKit writes it.
        function: its name in ``keras.applications``.
        module: the module below ``keras.applications`` with its ``preprocess_input``.
        weights_file: the file of ImageNet weights without top in Keras' cache; ``{alpha}``,
            ``{tenths}`` and ``{rows}`` stand for the width (0.5; 5_0) and the trained size.
        way: how pixels are normalized for it.
        default_size: pixels of a side that it was trained on.
        min_size: the least that it takes.
        alphas: the widths that have ImageNet weights; empty where it comes in one width.
        trained_sizes: the sizes that have weights of their own; others use those of 224.
        aliases: further names.
        arguments: further arguments of the function.
    """

    name: str
    function: str
    module: str
    weights_file: str
    way: Normalization = "tf"
    default_size: int = 224
    min_size: int = 32
    alphas: tuple[float, ...] = ()
    trained_sizes: tuple[int, ...] = ()
    aliases: tuple[str, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)


def _kernels(name: str) -> str:
    return f"{name}_weights_tf_dim_ordering_tf_kernels_notop.h5"


def _table() -> Iterator[Application]:
    yield Application(
        "mobilenet_v1", "MobileNet", "mobilenet", "mobilenet_{tenths}_{rows}_tf_no_top.h5",
        alphas=(0.25, 0.5, 0.75, 1.0), trained_sizes=(128, 160, 192, 224), aliases=("mobilenet",),
    )  # fmt: skip
    yield Application(
        "mobilenet_v2", "MobileNetV2", "mobilenet_v2",
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_{rows}_no_top.h5",
        alphas=(0.35, 0.5, 0.75, 1.0, 1.3, 1.4), trained_sizes=(96, 128, 160, 192, 224),
    )  # fmt: skip
    for kind in ("small", "large"):
        function, file = f"MobileNetV3{kind.capitalize()}", f"weights_mobilenet_v3_{kind}"
        yield Application(
            f"mobilenet_v3_{kind}", function, "mobilenet_v3", file + "_224_{alpha}_float_no_top_v2.h5",
            way="built-in", alphas=(0.75, 1.0),
        )  # fmt: skip
        yield Application(
            f"mobilenet_v3_{kind}_minimalistic", function, "mobilenet_v3",
            file + "_minimalistic_224_{alpha}_float_no_top_v2.h5",
            way="built-in", alphas=(1.0,), arguments={"minimalistic": True},
        )  # fmt: skip
    for index, size in enumerate((224, 240, 260, 300, 380, 456, 528, 600)):
        yield Application(
            f"efficientnet_b{index}", f"EfficientNetB{index}", "efficientnet", f"efficientnetb{index}_notop.h5",
            way="built-in", default_size=size,
        )  # fmt: skip
    for kind, size in (("b0", 224), ("b1", 240), ("b2", 260), ("b3", 300), ("s", 384), ("m", 480), ("l", 480)):
        yield Application(
            f"efficientnet_v2_{kind}", f"EfficientNetV2{kind.upper()}", "efficientnet_v2",
            f"efficientnetv2-{kind}_notop.h5", way="built-in", default_size=size,
        )  # fmt: skip
    for kind in ("Tiny", "Small", "Base", "Large", "XLarge"):
        name = f"convnext_{kind.lower()}"
        yield Application(name, f"ConvNeXt{kind}", "convnext", f"{name}_notop.h5", way="built-in")
    for depth in (121, 169, 201):
        yield Application(f"densenet{depth}", f"DenseNet{depth}", "densenet", _kernels(f"densenet{depth}"), way="torch")
    for depth in (50, 101, 152):
        yield Application(f"resnet{depth}", f"ResNet{depth}", "resnet", _kernels(f"resnet{depth}"), way="caffe")
        yield Application(f"resnet{depth}_v2", f"ResNet{depth}V2", "resnet_v2", _kernels(f"resnet{depth}v2"))
    for depth in (16, 19):
        yield Application(f"vgg{depth}", f"VGG{depth}", f"vgg{depth}", _kernels(f"vgg{depth}"), way="caffe")
    yield Application("nasnet_mobile", "NASNetMobile", "nasnet", "nasnet_mobile_no_top.h5")
    yield Application("nasnet_large", "NASNetLarge", "nasnet", "nasnet_large_no_top.h5", default_size=331)
    yield Application("xception", "Xception", "xception", _kernels("xception"), default_size=299, min_size=71)
    yield Application(
        "inception_v3", "InceptionV3", "inception_v3", _kernels("inception_v3"), default_size=299, min_size=75
    )
    yield Application(
        "inception_resnet_v2", "InceptionResNetV2", "inception_resnet_v2", _kernels("inception_resnet_v2"),
        default_size=299, min_size=75,
    )  # fmt: skip


APPLICATIONS: tuple[Application, ...] = tuple(_table())


def _key(name: str) -> str:
    return re.sub(r"[\s_-]", "", name.casefold())


_BY_KEY = {_key(name): app for app in APPLICATIONS for name in (app.name, *app.aliases)}


def find_application(name: str) -> ApplicationNetwork | None:
    """The network of that name, or ``None``.

    Raises:
        UsageError: a width for a model that comes in one width.
    """
    key = _key(name)
    if key in _BY_KEY:
        return ApplicationNetwork(_BY_KEY[key])
    for family in sorted(_BY_KEY, key=len, reverse=True):
        width = key.removeprefix(family)
        if width == key or not re.fullmatch(r"\d+\.\d+|\d", width):
            continue
        app = _BY_KEY[family]
        if not app.alphas:
            raise UsageError(f"{app.name} comes in one width. Got: {name!r}. Use: {app.name}")
        if float(width) <= 0:
            raise UsageError(f"The width of {app.name} is above 0. Got: {name!r}. Known: {_list(app.alphas)}.")
        return ApplicationNetwork(app, float(width))
    return None


def known_applications() -> tuple[str, ...]:
    """All names, those with widths once for each width that has ImageNet weights."""
    return tuple(
        name
        for app in APPLICATIONS
        for name in ([f"{app.name}_{alpha}" for alpha in app.alphas] if app.alphas else [app.name])
    )


@dataclass(frozen=True)
class ApplicationNetwork:
    """An application at one width, as a :class:`~edgekit.training.network.Network`."""

    application: Application
    alpha: float = 1.0
    default_weights: str = "imagenet"
    head: HeadSettings = _HEAD

    @property
    def name(self) -> str:
        app = self.application
        return f"{app.name}_{self.alpha}" if app.alphas else app.name

    @property
    def default_size(self) -> int:
        return self.application.default_size

    def check(self, image: ImageFormat, weights: str) -> None:
        """See :class:`~edgekit.training.network.Network`."""
        app = self.application
        if min(image.height, image.width) < app.min_size:
            raise UsageError(
                f"{app.name} takes images of at least {app.min_size}x{app.min_size} pixels. "
                f"Got: {image.height}x{image.width}. Pass a larger --image-size."
            )
        if weights == "imagenet" and app.alphas and self.alpha not in app.alphas:
            raise UsageError(
                f"{app.name} has ImageNet weights for the widths {_list(app.alphas)}. Got: {self.alpha}. "
                "Choose one of these, or pass --weights none or a file."
            )

    def weights_file(self, image: ImageFormat) -> str:
        """The name under which Keras keeps the ImageNet weights for this size."""
        app = self.application
        rows = image.height if image.height == image.width and image.height in app.trained_sizes else 224
        return app.weights_file.format(alpha=self.alpha, tenths=f"{self.alpha * 10:.1f}".replace(".", "_"), rows=rows)

    def build(self, keras: Any, pixels: Any, image: ImageFormat, weights: str, progress: Progress) -> Body:
        """See :class:`~edgekit.training.network.Network`."""
        if weights == "imagenet":
            backbone = load_imagenet(
                lambda: self._backbone(keras, image, "imagenet"), self.name, self.weights_file(image), progress
            )
        else:
            backbone = self._backbone(keras, image, None)
            if weights != "none":
                load_weights(keras, backbone, weights, self.name)
        x = normalize(keras, to_three_channels(keras, pixels), self.application.way)
        # Its call, not the model: so its layers join one flat graph. In inference mode for good where
        # it is pre-trained, so that batch norm keeps its statistics and nothing random is left.
        x = backbone.call(x, training=None if weights == "none" else False)
        features = keras.layers.GlobalAveragePooling2D(name="features")(x)
        filled = () if weights == "none" else tuple(layer for layer in backbone.layers if layer.weights)
        return Body(features, filled)

    def _backbone(self, keras: Any, image: ImageFormat, weights: str | None) -> Any:
        app = self.application
        function = getattr(keras.applications, app.function, None)
        if function is None:
            raise UsageError(f"Keras {keras.__version__} has no {app.function}. Upgrade: pip install --upgrade keras")
        arguments = {**app.arguments, "alpha": self.alpha} if app.alphas else app.arguments
        with warnings.catch_warnings():
            # Keras warns that sizes without weights of their own use those of 224: what is wanted.
            warnings.simplefilter("ignore", UserWarning)
            return function(include_top=False, weights=weights, input_shape=(image.height, image.width, 3), **arguments)


def _list(values: tuple[float, ...]) -> str:
    return ", ".join(str(value) for value in values)
