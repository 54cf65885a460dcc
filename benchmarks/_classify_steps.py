"""The steps of one ``classify``, each timed where it stands, with the caches as the step before left them."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from edgekit.preprocess import plan_resize, prepare
from edgekit.preprocess.arrays import check_array
from edgekit.preprocess.compiled import compiled_resize
from edgekit.runtime import Predictor
from edgekit.runtime.prediction import top_predictions

RESIZE_ALONE = "of the crop, reduce and resize, the resize alone"


def measure_steps(predictor: Predictor, frame: NDArray[np.uint8], calls: int) -> None:
    """Prints a table: the medians, and each one's share.

    Args:
        predictor: of an image classifier in LiteRT.
        frame: (h, w, 3).
        calls: how often.
    """
    image = predictor.spec.image if predictor.spec else None
    classifier = predictor._classifier
    assert image is not None
    assert classifier is not None
    encoder = classifier._encoder
    interpreter = predictor.engine._interpreter  # type: ignore[attr-defined]
    assert encoder is not None
    place = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    times: dict[str, list[int]] = {}
    last = 0

    def mark(step: str) -> None:
        nonlocal last
        now = time.perf_counter_ns()
        times.setdefault(step, []).append(now - last)
        last = time.perf_counter_ns()

    plan = plan_resize(frame.shape[1], frame.shape[0], image)
    compiled, resize_only = compiled_resize(plan), compiled_resize(plan.of_means())
    small = np.zeros((plan.of_means().box[3], plan.of_means().box[2], 3), np.uint8)
    for _ in range(calls):
        if resize_only is not None:
            last = time.perf_counter_ns()
            resize_only.run(small, image)
            mark(RESIZE_ALONE)
        last = time.perf_counter_ns()
        plan = plan_resize(frame.shape[1], frame.shape[0], image)
        compiled = compiled_resize(plan)
        check_array(frame)
        mark("plan")
        if compiled is not None:
            pixels = compiled.run(frame, image)
            mark("crop, reduce and resize")
        else:
            pixels = prepare(frame, image)
            mark("crop, reduce and resize by NumPy and Pillow")
        encoder.fill(pixels[np.newaxis], interpreter.tensor(place[0])())
        mark("normalize into the tensor")
        interpreter.invoke()
        mark("invoke")
        probabilities = interpreter.get_tensor(place[1])[0]
        top_predictions(probabilities, classifier.labels, 5)
        mark("read, and the 5 best")
    medians = {step: float(np.median(values)) / 1e6 for step, values in times.items()}
    alone = medians.pop(RESIZE_ALONE, None)
    total = sum(medians.values())
    print(f"\n{'where the time goes':<43} {'p50':>8} {'min':>8} {'share':>6}")
    for step, median in medians.items():
        print(f"{step:<43} {median:>8.3f} {min(times[step]) / 1e6:>8.3f} {median / total:>6.0%}")
    print(f"{'together':<43} {total:>8.3f}")
    if alone is not None:
        print(f"{RESIZE_ALONE:<43} {alone:>8.3f} {min(times[RESIZE_ALONE]) / 1e6:>8.3f}")
