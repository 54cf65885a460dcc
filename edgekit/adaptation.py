"""What is put around a foreign image classifier so that it takes pixels 0..255 and answers probabilities.

The same steps exist twice: in NumPy, for the reference answers of the original model, and in
TensorFlow, for the graph that is exported. So an export whose steps were wrong would not agree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import SpecError
from edgekit.specfields import Fields, fits

AddedActivation = Literal["softmax", "sigmoid", "none"]


@dataclass(frozen=True)
class Adaptation:
    """x' = (x - mean) * scale of the first input; then the model; then an activation of its first output.

    Attributes:
        scale: one number, or one for each channel.
        mean: likewise, in the units of the pixels (0..255).
        bgr: whether the model takes blue first: the channels are turned round before all else, so that
            ``mean`` and ``scale`` are in the model's order.
        activation: what the first output goes through behind the model.
    """

    scale: tuple[float, ...] = (1.0,)
    mean: tuple[float, ...] = (0.0,)
    bgr: bool = False
    activation: AddedActivation = "none"

    @property
    def changes_pixels(self) -> bool:
        """Whether the model gets anything else than the pixels as they are."""
        return self.bgr or set(self.scale) != {1.0} or set(self.mean) != {0.0}

    def __bool__(self) -> bool:
        return self.changes_pixels or self.activation != "none"

    def describe(self) -> str:
        """For a person: ``(x - 127.5) * 0.00784``, ``as they are``."""
        if not self.changes_pixels:
            return "as they are"
        text = "x"
        if set(self.mean) != {0.0}:
            text = f"(x - {_numbers(self.mean)})"
        if set(self.scale) != {1.0}:
            text = f"{text} * {_numbers(self.scale)}"
        return f"{text}, blue first" if self.bgr else text

    def before(self, values: NDArray[Any]) -> NDArray[Any]:
        """The first input (n, ..., channels) as the model wants it, float32.

        Raises:
            SpecError: :attr:`scale` or :attr:`mean` is for another number of channels.
        """
        if not self.changes_pixels:
            return values
        self._check_channels(values.shape)
        turned = values[..., ::-1] if self.bgr else values
        mean, scale = (np.asarray(numbers, np.float64) for numbers in (self.mean, self.scale))
        return np.asarray((turned - mean) * scale, np.float32)

    def after(self, scores: NDArray[Any]) -> NDArray[Any]:
        """The first output (n, classes) behind the activation, float32."""
        if self.activation == "none":
            return scores
        values = scores.astype(np.float64)
        if self.activation == "sigmoid":
            return np.asarray(0.5 * (1 + np.tanh(0.5 * values)), np.float32)
        powers = np.exp(values - values.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)

    def before_in_graph(self, tensor: Any) -> Any:
        """:meth:`before` in TensorFlow, of ops that every edge format has."""
        if not self.changes_pixels:
            return tensor
        self._check_channels(tuple(tensor.shape))
        import tensorflow as tf

        scale = np.asarray(self.scale, np.float64)
        offset = np.asarray(-np.asarray(self.mean, np.float64) * scale, np.float32)
        tensor = tf.cast(tensor, tf.float32)
        if self.bgr:
            # Turning channels round by slicing becomes ops that edge formats lack; a 1x1 convolution with a
            # permutation for a kernel is exact, and every converter and accelerator has it.
            channels = int(tensor.shape[-1])
            turned = np.eye(channels)[::-1] * np.broadcast_to(scale, (channels,))
            kernel = turned.reshape(1, 1, channels, channels).astype(np.float32)
            tensor = tf.nn.conv2d(tensor, tf.constant(kernel), 1, "VALID")
            return tf.nn.bias_add(tensor, tf.constant(np.broadcast_to(offset, (channels,))))
        if (scale != 1).any():
            tensor = tensor * tf.constant(_least(scale))
        return tensor + tf.constant(_least(offset)) if offset.any() else tensor

    def after_in_graph(self, tensor: Any) -> Any:
        """:meth:`after` in TensorFlow."""
        import tensorflow as tf

        if self.activation == "softmax":
            return tf.nn.softmax(tensor)
        return tf.nn.sigmoid(tensor) if self.activation == "sigmoid" else tensor

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}

    @classmethod
    def from_dict(cls, document: object, source: str = "the model") -> Adaptation:
        """Reads what :meth:`to_dict` gives.

        Raises:
            SpecError: a field is missing, of the wrong type, or a number beyond float32.
        """
        fields = Fields(document, source, "adaptation")
        bgr = dict(document)["bgr"] if isinstance(document, dict) and "bgr" in document else None
        if not isinstance(bgr, bool):
            raise SpecError(
                f"The adaptation of {source} is not complete: bgr should be true or false. Export it again."
            )
        return cls(
            scale=_read_numbers(fields.take("scale", list), source),
            mean=_read_numbers(fields.take("mean", list), source),
            bgr=bgr,
            activation=fields.choice("activation", ("softmax", "sigmoid", "none")),  # type: ignore[arg-type]
        )

    def _check_channels(self, shape: tuple[int | None, ...]) -> None:
        channels = shape[-1] if len(shape) > 1 else None
        for name, numbers in (("scale", self.scale), ("mean", self.mean)):
            if len(numbers) not in (1, channels):
                raise SpecError(
                    f"The adaptation has a {name} for {len(numbers)} channels, but the model's first input has "
                    f"{channels or 'any number of'}. Export it again."
                )

    def with_activation(self, activation: AddedActivation) -> Adaptation:
        return dataclasses.replace(self, activation=activation)


AS_IT_IS = Adaptation()


def _least(values: NDArray[Any]) -> NDArray[np.float32]:
    """One number for a vector of equal ones: a scalar constant is what converters fold best."""
    values = np.atleast_1d(np.asarray(values, np.float32))
    return np.asarray(values[0] if (values == values[0]).all() else values, np.float32)


def _numbers(values: Sequence[float]) -> str:
    shown = [f"{value:.6g}" for value in values]
    return shown[0] if len(set(shown)) == 1 else f"[{', '.join(shown)}]"


def _read_numbers(values: list[Any], source: str) -> tuple[float, ...]:
    # NumPy takes no whole number of any length, and the graph computes in float32.
    if not values or not all(fits(value, float) and abs(value) <= _LARGEST for value in values):
        raise SpecError(f"The adaptation of {source} should have lists of numbers within float32. Export it again.")
    return tuple(float(value) for value in values)


_LARGEST = float(np.finfo(np.float32).max)
