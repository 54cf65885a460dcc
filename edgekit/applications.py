"""The models of ``keras.applications``: their names, and what Keras has of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from edgekit.errors import UsageError

Normalization = Literal["tf", "torch", "caffe", "built-in"]
"""From pixels 0..255 to what a network was trained on: the modes of ``keras.applications.imagenet_utils``; with
``built-in`` it begins with its own."""

_WIDTHS = (0.05, 4.0)
"""At 0.05 the first layer of MobileNet v1 has one channel instead of 32; at 4 the network has 51 million weights,
nearly as many as ResNet152 (58 million)."""


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


def find_application(name: str) -> tuple[Application, float] | None:
    """The application of that name and its width, or ``None``.

    Raises:
        UsageError: a width for a model that comes in one width, or one out of range.
    """
    key = _key(name)
    if key in _BY_KEY:
        return _BY_KEY[key], 1.0
    for family in sorted(_BY_KEY, key=len, reverse=True):
        width = key.removeprefix(family)
        if width == key or not re.fullmatch(r"\d+(\.\d*)?|\.\d+", width):
            continue
        app = _BY_KEY[family]
        if not app.alphas:
            raise UsageError(f"{app.name} comes in one width. Got: {name!r}. Use: {app.name}")
        low, high = _WIDTHS
        if not low <= float(width) <= high:
            raise UsageError(
                f"The width of {app.name} is {low} to {high:g}: narrower, layers are left with one channel or none; "
                f"wider, it is no network for small devices. Got: {name!r}. There are ImageNet weights for "
                f"{join_widths(app)}."
            )
        return app, float(width)
    return None


def known_applications() -> tuple[str, ...]:
    """All names, those with widths once for each width that has ImageNet weights."""
    return tuple(
        name
        for app in APPLICATIONS
        for name in ([f"{app.name}_{alpha}" for alpha in app.alphas] if app.alphas else [app.name])
    )


def join_widths(app: Application) -> str:
    """The widths that have ImageNet weights, for a sentence."""
    return ", ".join(map(str, app.alphas))
