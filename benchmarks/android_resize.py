"""The Kotlin library's resize of a camera's frame, 1280x720 to 224x224, beside Pillow's of the same definition.

Both run in one thread on this machine, Kotlin in a JVM after 300 rounds of warm-up, and are measured in the processor's
time for that thread, so that others who use the machine count for little. A phone's numbers are its own; what counts
here is the ratio, of which 3 is the limit.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from edgekit.preprocess import plan_resize, resize
from edgekit.spec import ImageFormat, ResizeMode
from tests.android.maven import find_lack, run_maven

REPOSITORY = Path(__file__).resolve().parents[1]
RUNS = 201
LIMIT = 3.0
MODES: tuple[ResizeMode, ...] = ("crop", "stretch")


def main() -> int:
    """Returns 1 where Kotlin takes longer than the limit allows."""
    if lack := find_lack():
        print(lack)
        return 1
    # Before and after: the machine may have been busy at one of them.
    pillow = [{mode: _time_pillow(mode) for mode in MODES}]
    run = run_maven(REPOSITORY, REPOSITORY / ".cache" / "android", *ONLY_THIS)
    pillow.append({mode: _time_pillow(mode) for mode in MODES})
    found = re.findall(r"^resize;(\w+);([\w, ]+);(\d+)$", run.log, re.MULTILINE)
    if run.code or not found:
        print(run.log[-3000:])
        return 1
    converted = {mode: _time_pillow(mode, "YCbCr") for mode in MODES}
    worst = 0.0
    print(f"{'resize':10}{'picture':18}{'Kotlin ms':>10}{'Pillow ms':>10}{'ratio':>8}")
    for mode, picture, nanoseconds in found:
        ms, other = int(nanoseconds) / 1e6, statistics.mean(times[mode] for times in pillow)
        # A camera's frame has to become RGB first.
        asked = picture in ("pixels", "rgb")
        worst = max(worst, ms / other if asked else 0.0)
        more = "" if asked else f"  Pillow with the conversion, of a frame in YCbCr: {converted[mode]:.2f} ms"
        print(f"{mode:10}{picture:18}{ms:10.2f}{other:10.2f}{ms / other:8.2f}{more}")
    print(f"at most {worst:.2f} times Pillow's time; the limit is {LIMIT:g}")
    return int(worst > LIMIT)


ONLY_THIS = ("-pl", ":edgekit", "-am", "-Dtest=ResizeBenchmark", "-Dsurefire.failIfNoSpecifiedTests=false")


def _time_pillow(mode: ResizeMode, color: Literal["RGB", "YCbCr"] = "RGB") -> float:
    """Median milliseconds; of another colour what is used of the frame becomes RGB first."""
    rng = np.random.default_rng(1)
    image = Image.frombytes(color, (1280, 720), rng.bytes(1280 * 720 * 3))
    target = ImageFormat(224, 224, resize=mode)
    box = plan_resize(*image.size, target).box
    times = []
    for _ in range(RUNS):
        begin = time.thread_time_ns()
        resize(image if color == "RGB" else image.crop(box).convert("RGB"), target)
        times.append(time.thread_time_ns() - begin)
    return statistics.median(times) / 1e6


if __name__ == "__main__":
    sys.exit(main())
