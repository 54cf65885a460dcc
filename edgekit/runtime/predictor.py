"""A loaded model: one engine, and what is known about its inputs and outputs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from edgekit.arguments import as_array, check_items, check_kind, check_whole
from edgekit.errors import ImageError, UsageError
from edgekit.outputs import softmax
from edgekit.preprocess import ImageSource
from edgekit.runtime.classifier import Classifier
from edgekit.runtime.engines.base import Engine, TensorInfo, listing, match_tensors
from edgekit.runtime.pixels import Normalization
from edgekit.runtime.prediction import Prediction, top_predictions
from edgekit.spec import ModelSpec

if TYPE_CHECKING:
    from edgekit.runtime.stream import ResultStream

__all__ = ["Predictor", "Tensors", "softmax"]

Tensors = Mapping[str, NDArray[Any]]


class Predictor:
    """Runs a model on photos or tensors.

    One predictor may be used from several threads: calls take turns, since there is one set of
    buffers. For calls side by side load the model once for each thread.

    >>> with edgekit.load("flowers.int8.tflite") as model:
    ...     model.classify("photo.jpg", top=3)

    Attributes:
        spec: what the model takes and answers, or ``None`` where the file does not say.
        engine: what runs it; ``engine.inputs`` and ``engine.outputs`` describe the raw tensors.
        assumptions: sentences on what a file that others made does not say itself, and what is done
            instead; empty where it has EdgeKit's own spec.

    Args:
        engine: a loaded model.
        spec: see above.
        normalization: what pixels go through outside of the graph, if anything.
        name: what to call the model in an error.
        assumptions: see above.

    Raises:
        ModelFileError: the spec does not fit the engine's tensors.
    """

    def __init__(
        self,
        engine: Engine,
        spec: ModelSpec | None = None,
        *,
        normalization: Normalization | None = None,
        name: str | None = None,
        assumptions: tuple[str, ...] = (),
    ) -> None:
        self.engine = engine
        self.spec = spec
        self.assumptions = assumptions
        self._name = name or (spec.name if spec else "the model")
        self._classifier = None
        if spec is not None and spec.is_classifier:
            self._classifier = Classifier(engine, spec, normalization, self._name)

    def classify(
        self, image: ImageSource | NDArray[Any], top: int = 5, language: str | None = None
    ) -> list[Prediction]:
        """The most probable classes of one photo, best first.

        Args:
            image: a path, the bytes of an image file, an open file, a Pillow image, or an array
                (h, w), (h, w, 3) or (h, w, 4) uint8. Anything but an array of the model's own size
                is turned upright, cropped and resized as the model's spec says. For a classifier of
                other things than photos: one sample, an array of the input's shape without the batch.
            top: how many classes at most.
            language: of names and descriptions, as in ``de``; where the model has none in it they
                are English, else in the first language there is.

        Returns:
            Up to ``top`` predictions; of a multi-label model those that reach its threshold (0.5
            where the spec has none). Where there is a threshold and no class reaches it: one
            prediction whose label is "none of these" (``is_none`` is true).

        Raises:
            ImageError: the photo cannot be read.
            UsageError: ``top`` is less than 1, an array is no image, or the model is no classifier.
        """
        check_whole(top, "top")
        if language is not None:
            check_kind(language, "language", str, "a string, as in 'de'")
        classifier = self._require_classifier()
        return _best(classifier, classifier.run(classifier.prepare(image)), top, language)

    def classify_many(
        self, images: Iterable[Any], top: int = 5, language: str | None = None, *, workers: int | None = None
    ) -> Iterator[list[Prediction] | ImageError]:
        """What :meth:`classify` gives for each of many photos, in order, sooner than one after the other.

        The photos are decoded and resized in threads of their own while the network runs; a few are ahead.

        Args:
            images: what :meth:`classify` takes; read one by one as answers are taken.
            top: how many classes at most.
            language: of names and descriptions.
            workers: threads that decode; by default one for each core that this process may use, at most 4.

        Returns:
            An iterator. The answer to a photo that cannot be read is the error, so that the others go on.

        Raises:
            UsageError: an argument does not fit, or the model is no classifier.
        """
        from edgekit.runtime.ahead import work_ahead

        check_items(images, "images", "an iterable of photos: a list, a generator")
        check_whole(top, "top")
        if language is not None:
            check_kind(language, "language", str, "a string, as in 'de'")
        if workers is not None:
            check_whole(workers, "workers")
        classifier = self._require_classifier()
        return (
            ready if isinstance(ready, ImageError) else _best(classifier, classifier.run(ready), top, language)
            for ready in work_ahead(classifier.prepare, images, workers)
        )

    def classify_stream(
        self,
        frames: Iterable[Any],
        top: int = 5,
        language: str | None = None,
        *,
        live: bool | None = None,
        timeout: float | None = None,
        skip_unreadable: bool | None = None,
    ) -> ResultStream:
        """The most probable classes of frame after frame; it keeps up with a camera by dropping stale frames.

        The source is read in a thread of its own, which starts with the first result that is asked for. Of a live
        source only the newest frame waits, so a result is never older than one frame and one run of the model.

        >>> with edgekit.camera.open_camera(0) as camera:
        ...     for result in model.classify_stream(camera, top=3):
        ...         print(result.predictions[0].name, result.dropped)

        Args:
            frames: an iterable of what :meth:`classify` takes, or of :class:`edgekit.camera.Frame`, such as
                :func:`edgekit.camera.open_camera` gives. It is closed with the stream, if it has ``close()``.
            top: how many classes at most.
            language: of names and descriptions.
            live: whether frames that nobody takes in time are stale, and dropped. By default those of a camera of
                :mod:`edgekit.camera`, and of an iterator or generator of pictures; not those of a video file, of
                a list, or of paths.
            timeout: seconds to wait for a frame; by default for ever.
            skip_unreadable: leave out, and count, frames that cannot be decoded; by default those of a live source.

        Returns:
            An iterator of :class:`~edgekit.runtime.stream.StreamResult`. What its source raises, it raises.

        Raises:
            UsageError: an argument does not fit, or the model is no classifier.
        """
        from edgekit.runtime.stream import Answer, ResultStream

        check_whole(top, "top")
        if language is not None:
            check_kind(language, "language", str, "a string, as in 'de'")
        classifier = self._require_classifier()

        def answer(image: Any) -> Answer:
            started = time.perf_counter()
            prepared = classifier.prepare(image)
            between = time.perf_counter()
            predictions = _best(classifier, classifier.run(prepared), top, language)
            return Answer(tuple(predictions), between - started, time.perf_counter() - between)

        return ResultStream(answer, frames, live, timeout, skip_unreadable)

    @overload
    def predict(self, batch: Tensors) -> dict[str, NDArray[Any]]: ...

    @overload
    def predict(self, batch: NDArray[Any]) -> NDArray[np.float32]: ...

    def predict(self, batch: NDArray[Any] | Tensors) -> NDArray[np.float32] | dict[str, NDArray[Any]]:
        """Runs the model on a batch of photos, or on raw tensors by name.

        An image classifier takes an array, (n, h, w, c) uint8 pixels of the model's size with values
        0..255, and gives (n, labels) float32 probabilities, as many rows as there are photos; of a
        binary model these are two columns, too. A classifier of other things takes (n, ...) samples.

        Any model takes a mapping with one array for each name in ``engine.inputs``, of its shape and
        dtype, and gives an array for each name in ``engine.outputs``. Quantized tensors are taken and
        given as they are stored (``TensorInfo.dequantize`` has the real values).

        Raises:
            UsageError: a wrong name, shape or dtype; the message says what is expected.
        """
        if isinstance(batch, Mapping):
            return self.engine.run({name: as_array(array, repr(name)) for name, array in batch.items()})
        if self._classifier is None:
            raise UsageError(
                f"{self._name} is no image classifier, so its tensors need their names. "
                f"Give a dictionary with: {listing(self.engine.inputs)}."
            )
        return self._classifier.predict(as_array(batch, "A batch"))

    def answers(self, samples: NDArray[Any] | Tensors) -> dict[str, NDArray[np.float32]]:
        """What the model answers to any number of samples, in real values: for comparing two models.

        Args:
            samples: (n, ...) for a classifier; else an array (n, ...) for each input, by the spec's
                names. Values are real ones, also where the model's tensors are quantized.

        Returns:
            By the spec's names of the outputs, (n, ...) float32; a classifier's are its
            probabilities, (n, labels).

        Raises:
            UsageError: the model has no spec, or an array does not fit.
        """
        if self.spec is None:
            raise UsageError(f"{self._name} has no spec. Use predict with: {listing(self.engine.inputs)}.")
        if self._classifier is not None:
            batch = next(iter(samples.values()), None) if isinstance(samples, Mapping) else samples
            return {self.spec.outputs[0].name: self._classifier.predict(as_array(batch, "A batch"))}
        if not isinstance(samples, Mapping):
            samples = {self.spec.inputs[0].name: samples}
        inputs = match_tensors(self.engine.inputs, [tensor.name for tensor in self.spec.inputs])
        outputs = match_tensors(self.engine.outputs, [tensor.name for tensor in self.spec.outputs])
        wanted = [tensor.name for tensor in self.spec.inputs]
        if inputs is None or outputs is None or sorted(samples) != sorted(wanted):
            raise UsageError(
                f"{self._name}: expected arrays for {', '.join(map(repr, wanted))}, whose model takes "
                f"{listing(self.engine.inputs)}. Got: {', '.join(map(repr, samples))}."
            )
        arrays = [as_array(samples[name], name) for name in wanted]
        if len({array.shape[:1] for array in arrays}) != 1 or not arrays[0].ndim or not len(arrays[0]):
            raise UsageError(f"{self._name}: every input needs the same number of samples, at least 1.")
        parts: list[list[NDArray[np.float32]]] = [[] for _ in outputs]
        step = self.engine.batch_size
        for start in range(0, len(arrays[0]), step):
            answer = self.engine.run(
                {
                    info.name: _stored(info, array[start : start + step])
                    for info, array in zip(inputs, arrays, strict=True)
                }
            )
            for part, info in zip(parts, outputs, strict=True):
                part.append(info.dequantize(answer[info.name]))
        return {tensor.name: np.concatenate(part) for tensor, part in zip(self.spec.outputs, parts, strict=True)}

    def close(self) -> None:
        """Frees the model's memory; also done at the end of a ``with`` block."""
        self.engine.close()

    def __enter__(self) -> Predictor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Predictor {self._name}: {listing(self.engine.inputs)} -> {listing(self.engine.outputs)}>"

    def _require_classifier(self) -> Classifier:
        if self._classifier is None:
            known = (
                "its spec says" if self.spec else "it has neither EdgeKit's spec nor labels in standard metadata, so"
            )
            why = f" {self.assumptions[0]}" if self.spec is None and self.assumptions else ""
            raise UsageError(
                f"{self._name} cannot classify photos: {known} it takes plain tensors. Use predict with: "
                f"{listing(self.engine.inputs)}; or load it with spec=edgekit.ModelSpec(...).{why}"
            )
        return self._classifier


def _best(
    classifier: Classifier, probabilities: NDArray[np.float32], top: int, language: str | None
) -> list[Prediction]:
    """Of the first row."""
    return top_predictions(
        probabilities[0],
        classifier.labels,
        top,
        classifier.threshold,
        multi_label=classifier.multi_label,
        language=language,
    )


def _stored(info: TensorInfo, values: NDArray[Any]) -> NDArray[Any]:
    if info.scale is not None:
        return info.quantize(values)
    if values.dtype.kind not in "biuf":
        return values
    wanted = np.dtype(info.dtype)
    if values.dtype.kind in "iu" and wanted.kind in "iu" and values.size:
        limits = np.iinfo(wanted)
        if values.min() < limits.min or values.max() > limits.max:
            raise UsageError(
                f"{info.name} takes {info.dtype}, {limits.min:,} to {limits.max:,}. Got: {values.min():,} to "
                f"{values.max():,}."
            )
    return values.astype(wanted, copy=False)
