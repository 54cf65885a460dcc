"""The main job on real photos, timed from the start of each process.

Trains MobileNetV2 0.35 on ``flowers-224``, exports four TFLite files, verifies them on the
validation photos and measures their latency: the four commands of the README, as a user types them.
Needs the folder of test data (``EDGEKIT_TEST_DATA``, or ``../shared/data``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("EDGEKIT_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
WEIGHTS = DATA / "weights" / "mobilenet_v2_0.35_224_no_top.weights.h5"
FORMATS = "tflite:fp32,tflite:fp16,tflite:int8,tflite:int8-dynamic"


def run(*arguments: object) -> tuple[float, Any]:
    """Seconds from the start of the process, and the JSON document that it printed."""
    start = time.perf_counter()
    result = subprocess.run(
        [Path(sys.executable).with_name("edgekit"), *map(str, arguments), "--json", "--quiet"],
        stdout=subprocess.PIPE,
        check=False,
    )
    seconds = time.perf_counter() - start
    if result.returncode:
        sys.exit(f"edgekit {arguments[0]} failed: {result.stdout.decode()}")
    return seconds, json.loads(result.stdout)


def main() -> None:
    """Prints the figures."""
    photos = DATA / "flowers-224"
    if not photos.is_dir():
        sys.exit(f"Needs the test data; not found: {photos}")
    with tempfile.TemporaryDirectory() as folder:
        # A cache of its own: the first pass over the photos is a part of the time.
        os.environ["EDGEKIT_CACHE"] = str(Path(folder) / "cache")
        model, dist = Path(folder) / "flowers.keras", Path(folder) / "dist"
        seconds, trained = run("train", photos, "--model", "mobilenet_v2_0.35", "--weights", WEIGHTS, "-o", model)
        best, last = trained["best"], trained["last"]
        print(
            f"train    {seconds:5.1f} s   validation top-1 {best['val_accuracy']:.4f} (best, epoch {best['epoch']}), "
            f"{last['val_accuracy']:.4f} (last, epoch {last['epoch']})"
        )
        seconds, _ = run("export", model, "--to", FORMATS, "--calibration", photos / "train", "-o", dist)
        print(f"export   {seconds:5.1f} s   {FORMATS}")
        seconds, verified = run("verify", dist, "--reference", model, "--data", photos / "val")
        print(f"verify   {seconds:5.1f} s   {verified['photos']} photos")
        seconds, measured = run("bench", dist, "--threads", 1)
        print(f"bench    {seconds:5.1f} s   one thread, {measured['results'][0]['device']['name']}\n")
        print(f"{'precision':<14}{'size':>10}{'top-1':>9}{'agreement':>11}{'max diff':>10}{'p50':>10}")
        reference = verified["reference"]
        print(f"{'Keras':<14}{reference['size_bytes']:>10,}{reference['accuracy']['top1']:>9.4f}")
        latency = {row["artifact"]: row["latency"]["p50"] for row in measured["results"]}
        for row in verified["artifacts"]:
            print(
                f"{row['precision']:<14}{row['size_bytes']:>10,}{row['accuracy']['top1']:>9.4f}"
                f"{row['parity']['agreement']:>11.4f}{row['parity']['max_difference']:>10.1e}"
                f"{latency[row['file']]:>7.2f} ms"
            )


if __name__ == "__main__":
    main()
