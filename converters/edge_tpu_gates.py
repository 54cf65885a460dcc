"""Squeeze-and-excitation: what networks for the Edge TPU leave out.

A gate multiplies each channel of a feature map by one number that is computed from the means of all channels.
The authors of EfficientNet left it out for the Edge TPU, together with swish, "due to some temporary EdgeTPU
hardware/software stack limitations" (tensorflow/tpu, issue 556), and out of EfficientNet-Lite because it is "not
well supported" (TensorFlow's blog, March 2020), where relu6 stands for swish: its open range costs accuracy in 8
bits (75 % became 46 %). No log of the compiler is known with a gate in it. Taking them out is another network,
which has to be trained; no converter can do that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgekit.errors import ConversionError
from edgekit.tflite.model import Operator, TFLiteModel

_IMAGE_RANK = 4


@dataclass(frozen=True)
class Gates:
    """How many there are in a model.

    Attributes:
        gates: of squeeze-and-excitation.
        swishes: activations ``x * sigmoid(x)``.
    """

    gates: int
    swishes: int


def count_gates(model: TFLiteModel) -> Gates:
    """Counts in the first graph of a float model."""
    main = model.subgraphs[0]
    products = [operator for operator in main.operators if operator.name == "MUL"]
    sigmoids = {operator.outputs[0]: operator.inputs[0] for operator in main.operators if operator.name == "LOGISTIC"}
    swishes = [one for one in products if any(sigmoids.get(index) in one.inputs for index in one.inputs)]
    return Gates(sum(_is_gate(model, one) for one in products if one not in swishes), len(swishes))


def _is_gate(model: TFLiteModel, product: Operator) -> bool:
    """(1, 1, 1, c) times (1, h, w, c), both computed."""
    computed = {index for operator in model.subgraphs[0].operators for index in operator.outputs}
    shapes = sorted(model.subgraphs[0].tensors[index].shape for index in product.inputs if index in computed)
    if len(shapes) != 2 or any(len(shape) != _IMAGE_RANK for shape in shapes):
        return False
    gate, features = shapes
    return gate[1:3] == (1, 1) and features[1:3] != (1, 1) and gate[3] == features[3]


def refuse_gates(name: str) -> Callable[[TFLiteModel], None]:
    """A check that refuses a model with gates.

    Args:
        name: of the model, for the message.
    """

    def check(model: TFLiteModel) -> None:
        found = count_gates(model)
        if not found.gates:
            return
        swishes = f" and {found.swishes} swish activations" if found.swishes else ""
        raise ConversionError(
            f"{name} is no network for the Edge TPU: it has {found.gates} squeeze-and-excitation gates{swishes}. Its "
            "makers leave both out there (EfficientNet-Lite): gates are not well supported, and swish is bad for 8 "
            "bits. Train the Lite form, without gates and with relu6 for swish, or mobilenet_v2; or convert it as it "
            "is, with --option edgetpu.as_it_is=true, and read what is said about its ops."
        )

    return check
