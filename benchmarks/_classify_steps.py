"""The steps of one ``classify``, each timed where it stands, with the caches as the step before left them."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgekit.preprocess import plan_resize
from edgekit.preprocess.arrays import can_reduce, check_array, reduce_array, to_image
from edgekit.runtime import Predictor
from edgekit.runtime.prediction import top_predictions

BILINEAR = Image.Resampling.BILINEAR


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

    for _ in range(calls):
        last = time.perf_counter_ns()
        plan = plan_resize(frame.shape[1], frame.shape[0], image)
        left, top, right, bottom = plan.box
        part = check_array(frame)[top:bottom, left:right]
        mark("plan and crop")
        if can_reduce(part, plan.factors):
            photo = reduce_array(part, plan.factors)
            mark("reduce, and pack the means")
        else:
            photo = to_image(part)
            mark("pack")
        photo = photo.resize((plan.size[0], photo.height), BILINEAR)
        mark("resize the rows")
        photo = photo.resize(plan.size, BILINEAR)
        mark("resize the columns")
        pixels = np.asarray(photo)[np.newaxis]
        mark("unpack")
        encoder.fill(pixels, interpreter.tensor(place[0])())
        mark("normalize into the tensor")
        interpreter.invoke()
        mark("invoke")
        probabilities = interpreter.get_tensor(place[1])[0]
        top_predictions(probabilities, classifier.labels, 5)
        mark("read, and the 5 best")
    medians = {step: float(np.median(values)) / 1e6 for step, values in times.items()}
    total = sum(medians.values())
    print(f"\n{'where the time goes':<30} {'p50':>8} {'min':>8} {'share':>6}")
    for step, median in medians.items():
        print(f"{step:<30} {median:>8.3f} {min(times[step]) / 1e6:>8.3f} {median / total:>6.0%}")
    print(f"{'together':<30} {total:>8.3f}")
