"""Models of the user's own, as networks: built by a function, loaded from a ``.keras`` file, or given.

What a model's end means is decided by :func:`~edgekit.training.own.ending.judge_ending`: a model that was
told the number of classes, or that ends in this very number with the task's activation, is complete; of
any other the output is taken as features, without the last layer where that classifies something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from edgekit.errors import UsageError
from edgekit.progress import Progress
from edgekit.training.applications import PRETRAINED_HEAD
from edgekit.training.graph import flatten, free_name, leaf_layers, node_of, output_of, to_features
from edgekit.training.layer_errors import explain
from edgekit.training.network import IMAGENET, NO_WEIGHTS, OWN_WEIGHTS, Body, BuildRequest, HeadSettings, Shape, Size
from edgekit.training.normalization import FIXED_LAYER
from edgekit.training.own.builder import Builder
from edgekit.training.own.checks import Refused, as_graph, changes_range, check_shape, try_it
from edgekit.training.own.ending import before_classifier, compute_in_float32, has_weights, judge_ending, read_ending
from edgekit.training.own.source import AnyShape, Made, Source
from edgekit.training.own.stored import KerasFile
from edgekit.training.weights import load_weights

_DEFAULT_SIZE = 224
_HEAD_LAYERS = ("probabilities", "hidden_dropout", "hidden", "dropout")
_BUILDER_HEAD = HeadSettings(units=0, dropout=0.2, hidden_dropout=0.0, label_smoothing=0.0)


@dataclass(frozen=True)
class OwnNetwork:
    """A model of the user's own, as a :class:`~edgekit.training.network.Network`."""

    source: Source
    default_weights: str = OWN_WEIGHTS

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def input_shape(self) -> AnyShape | None:
        return self.source.preferred_shape()

    @property
    def default_size(self) -> Size:
        shape = self.input_shape
        if shape is None or len(shape) != 3 or shape[0] is None or shape[1] is None:
            return _DEFAULT_SIZE
        return shape[0] if shape[0] == shape[1] else (shape[0], shape[1])

    @property
    def head(self) -> HeadSettings:
        return _BUILDER_HEAD if isinstance(self.source, Builder) else PRETRAINED_HEAD

    def pretrained(self, weights: str) -> bool:
        """See :class:`~edgekit.training.network.Network`."""
        return weights != NO_WEIGHTS

    def check(self, shape: Shape, weights: str, cut_at: str | None = None) -> None:
        """See :class:`~edgekit.training.network.Network`."""
        if weights == IMAGENET:
            raise UsageError(
                f"EdgeKit has no ImageNet weights for {self.name}. Leave the weights out, or pass a file of this "
                "very model."
            )
        if weights == NO_WEIGHTS and isinstance(self.source, KerasFile):
            raise UsageError(
                f"{self.name} brings its weights. To train the same network from scratch, pass its name, or a function "
                "that builds it."
            )
        self.source.check()
        if not isinstance(self.source, Builder):
            check_shape(self.name, self.input_shape, shape)

    def build(self, keras: Any, samples: Any, request: BuildRequest, progress: Progress) -> Body:
        """See :class:`~edgekit.training.network.Network`."""
        made = self.source.make(keras, request)
        try:
            model = as_graph(keras, made.model, request.shape)
            check_shape(self.name, tuple(model.inputs[0].shape[1:]), request.shape)
            from_file = request.weights not in (OWN_WEIGHTS, NO_WEIGHTS)
            if from_file:
                load_weights(keras, model, request.weights, self.name)
            body = self._place(keras, model, made, samples, request, progress)
            try_it(keras, keras.Model(samples, body.features if body.answers is None else body.answers), request.shape)
        except Refused as refused:
            self._refuse(str(refused), refused.__cause__)
        except (ValueError, TypeError) as error:  # Keras cannot join its layers to the input or to a head
            self._refuse(f"{explain(keras, error)}.", error)
        if request.photos and made.spec is None and not changes_range(keras, model):
            progress.warn(
                f"{self.name} has no Rescaling or Normalization layer, and EdgeKit feeds pixels of 0..255. Unless that "
                "is meant, let it begin with: layers.Rescaling(1 / 255)"
            )
        filled = None if request.weights == NO_WEIGHTS else True if from_file else made.filled
        return Body(body.features, body.answers, self._backbone(keras, samples, body, filled, request))

    def _place(
        self, keras: Any, model: Any, made: Made, samples: Any, request: BuildRequest, progress: Progress
    ) -> Body:
        """Puts the model behind the samples and decides what its output means."""
        if not isinstance(self.source, Builder):
            _compute_as_told(keras, model)
        compute_in_float32(keras, model.outputs[0])
        x = flatten(keras, model, samples)
        if request.cut_at is not None:
            cut = output_of(keras, keras.Model(samples, x), request.cut_at, self.name)
            return Body(to_features(keras, cut, f"The layer {request.cut_at!r} of {self.name}"))
        if made.spec is not None and made.spec.labels:
            features = _before_head(x)
            if _same_answers(made, request):
                part = "it" if features is None else "its own head"
                progress.say(f"{self.name} knows these classes: {part} is trained on.")
                return Body(features, x)
            if features is not None:
                progress.say(f"{self.name} was trained for other classes: it gets a new head.")
                return Body(features)
        ending = read_ending(keras, x)
        try:
            verdict = judge_ending(ending, request.objective, made.told)
        except UsageError as error:
            raise Refused(str(error)) from None
        if verdict == "append":
            progress.say(f"{self.name} ends in plain numbers: {request.objective.activation} is put behind them.")
            x = keras.layers.Activation(
                request.objective.activation, dtype="float32", name=free_name("probabilities", x)
            )(x)
        if verdict in ("append", "complete"):
            return Body(None, x if x.dtype == "float32" else keras.ops.cast(x, "float32"))
        if verdict == "replace":
            progress.say(
                f"The last layer of {self.name}, {ending.layer}, answers something else ({ending.activation}, "
                f"{ending.shape[-1]} outputs): a new head takes its place."
            )
            x = before_classifier(keras, x)
        else:
            progress.say(f"The output of {self.name} is taken as features: a head is put behind it.")
        try:
            return Body(to_features(keras, x, "its output"))
        except UsageError as error:
            raise Refused(str(error)) from None

    def _backbone(
        self, keras: Any, samples: Any, body: Body, filled: bool | None, request: BuildRequest
    ) -> tuple[Any, ...]:
        """The layers that are kept while a head is trained: all filled ones, or those that the user froze."""
        if body.features is None or request.weights == NO_WEIGHTS or filled is False:
            return ()
        layers = leaf_layers(keras, keras.Model(samples, body.features))
        return tuple(
            layer for layer in layers if layer.weights and layer.name != FIXED_LAYER and (filled or not layer.trainable)
        )

    def _refuse(self, reason: str, cause: BaseException | None) -> NoReturn:
        where = self.source.describe() if isinstance(self.source, Builder) else f"The model {self.name}"
        raise UsageError(f"{where} cannot be used: {reason}") from cause


def _compute_as_told(keras: Any, model: Any) -> None:
    """Gives layers that were made under another precision that of this training."""
    policy = keras.config.dtype_policy()
    for layer in model._flatten_layers(include_self=False):
        if layer.dtype_policy.name != policy.name:
            layer.dtype_policy = policy


def _before_head(answers: Any) -> Any:
    """The features on which EdgeKit's own head stands; ``None`` where there is none of that kind."""
    tensor, weighted = answers, False
    while True:
        node = node_of(tensor)
        ours = node.operation.name.rstrip("0123456789").rstrip("_") in _HEAD_LAYERS
        if not ours or len(node.input_tensors) != 1:
            # An activation that was put behind a complete model is no head.
            return tensor if weighted and len(tensor.shape) == 2 else None
        weighted = weighted or has_weights(node.operation)
        tensor = node.input_tensors[0]


def _same_answers(made: Made, request: BuildRequest) -> bool:
    spec, objective = made.spec, request.objective
    assert spec is not None
    same = spec.label_ids == request.labels if request.labels else len(spec.labels) == objective.classes
    outputs = made.model.outputs[0].shape[-1]
    return same and spec.activation == objective.activation and outputs == objective.outputs
