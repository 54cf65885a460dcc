"""How the pixels 0..255 become what a foreign model was trained on: by name, or in numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from edgekit.adaptation import AS_IT_IS, Adaptation
from edgekit.applications import find_application
from edgekit.errors import UsageError
from edgekit.sourcemodel.options import SourceOptions

_TORCH_MEAN = (0.485, 0.456, 0.406)
_TORCH_STD = (0.229, 0.224, 0.225)

WAYS: dict[str, Adaptation] = {
    # The modes of keras.applications.imagenet_utils.preprocess_input.
    "tf": Adaptation(scale=(1 / 127.5,), mean=(127.5,)),
    "torch": Adaptation(
        scale=tuple(1 / (255 * std) for std in _TORCH_STD), mean=tuple(255 * mean for mean in _TORCH_MEAN)
    ),
    "caffe": Adaptation(mean=(103.939, 116.779, 123.68), bgr=True),
    "none": AS_IT_IS,
}

_BEGIN_WITH_THEIR_OWN = frozenset({"Rescaling", "Normalization", "TrueDivide", "Divide", "Subtract", "TFOpLambda"})
"""Class names of layers and operations that, in front of the first layer with weights, normalize the pixels."""

_TRANSPARENT = frozenset(
    {"InputLayer", "Resizing", "CenterCrop", "ZeroPadding2D", "Identity", "Activation", "Cast", "Dropout", "Reshape"}
)


def read_adaptation(options: SourceOptions, channels: int | None) -> Adaptation | None:
    """What the caller says is done to the pixels; ``None`` where nothing is said.

    Args:
        options: from the caller.
        channels: of the first input's last dimension.

    Raises:
        UsageError: no such way, no numbers, or not one for each channel.
    """
    if options.preprocessing is not None:
        if options.scale is not None or options.mean is not None or options.bgr:
            raise UsageError("preprocessing says all of it; leave out scale, mean and bgr, or give these instead.")
        found = named(options.preprocessing)
    elif options.scale is None and options.mean is None and not options.bgr:
        return None
    else:
        scale = (1.0,) if options.scale is None else read_numbers(options.scale, "scale")
        mean = (0.0,) if options.mean is None else read_numbers(options.mean, "mean")
        found = Adaptation(scale=scale, mean=mean, bgr=options.bgr)
    for what, numbers in (
        ("scale", found.scale),
        ("mean", found.mean),
        ("the channels' order", (0,) * (3 * found.bgr)),
    ):
        if len(numbers) > 1 and len(numbers) != channels:
            raise UsageError(
                f"{what} is for {len(numbers)} channels, but the model's input has {channels or 'any number of'}."
            )
    return found


def read_numbers(value: Any, what: str) -> tuple[float, ...]:
    """``0.5``, ``"1/255"``, ``"103.9,116.8,123.7"`` or a sequence, as numbers.

    Raises:
        UsageError: anything else.
    """
    items: Sequence[Any] = (
        value.split(",") if isinstance(value, str) else value if isinstance(value, Sequence) else [value]
    )
    numbers = []
    for item in items:
        try:
            number = float(Fraction(item.replace(" ", ""))) if isinstance(item, str) else float(item)
        except (ValueError, TypeError, ZeroDivisionError, OverflowError):
            number = math.nan
        if not math.isfinite(number) or isinstance(item, bool):
            raise UsageError(
                f"{what} is a number, or one for each channel, as in 1/255 or 0.017,0.0175,0.0174. Got: {value!r}."
            )
        numbers.append(number)
    if not numbers or (what == "scale" and 0.0 in numbers):
        raise UsageError(f"{what} is a number other than 0, or one for each channel. Got: {value!r}.")
    return tuple(numbers)


def normalizes_itself(layers: Sequence[str]) -> bool:
    """Whether a Keras model begins with layers that normalize its pixels.

    Args:
        layers: class names, in order.
    """
    for kind in layers:
        if kind in _BEGIN_WITH_THEIR_OWN:
            return True
        if kind not in _TRANSPARENT and not kind.startswith("Random"):
            return False
    return False


def known_parts(parts: Sequence[str]) -> tuple[str, str] | None:
    """A part of a Keras model that is a model of ``keras.applications``: its own name, and EdgeKit's for it.

    Args:
        parts: names of the model and of the models in it, as ``mobilenetv2_1.00_224``.
    """
    for part in parts:
        words = part.split("_")
        # Keras writes width and size behind the name: mobilenetv2_0.35_96, mobilenet_1.00_224.
        for count in range(len(words), 0, -1):
            try:
                found = find_application("_".join(words[:count]))
            except UsageError:
                continue
            if found is not None:
                return part, found[0].name
    return None


def unknown_range(name: str, parts: Sequence[str]) -> str:
    """The sentence for a classifier of photos of which nobody says how its pixels are normalized."""
    known = known_parts(parts)
    hint = f" It contains {known[0]}, whose own is --preprocessing {known[1]}." if known else ""
    return (
        f"{name} does not say which values its pixels were trained with, and a wrong guess makes it answer nonsense. "
        "Say what your training did to pixels 0..255: --preprocessing none (nothing, or the model does it itself), "
        "--scale 1/255 (0..1), --preprocessing tf (-1..1), torch, caffe or a model of keras.applications, or --mean "
        f"and --scale for x' = (x - mean) * scale.{hint}"
    )


def named(name: str) -> Adaptation:
    """What a way of :data:`WAYS`, or a model of ``keras.applications``, does to the pixels.

    Raises:
        UsageError: there is none of that name.
    """
    key = str(name).strip().casefold()
    if key in WAYS:
        return WAYS[key]
    found = find_application(str(name))
    if found is None:
        raise UsageError(
            f"There is no preprocessing {name!r}. Known: {', '.join(WAYS)}, and the models of keras.applications, as "
            "in mobilenet_v2 or resnet50. In numbers: --scale and --mean."
        )
    return WAYS.get(found[0].way, AS_IT_IS)
