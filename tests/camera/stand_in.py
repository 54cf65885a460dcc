"""A stand-in for ``rpicam-vid``: no test machine has a Raspberry Pi's camera, and this is all that stands in for one.

Takes the options that EdgeKit gives (any other is an error) and writes the JPEGs of a folder to standard output, again
and again, at the rate that is asked for. ``STAND_IN`` chooses what happens:

- ``stream``: all is well,
- ``cut``: every third picture is cut off in the middle,
- ``stall``: five pictures, and then nothing,
- ``die``: five pictures, and then the end with an error,
- ``silent``: nothing at all,
- ``stubborn``: as ``stream``, but it ignores SIGTERM,
- anything else: printed to standard error, exit code 255, as the real program does with its errors.

Its process id is written to the file ``STAND_IN_PID``.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import sys
import time
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for option in ("--camera", "--quality", "--width", "--height", "--timeout"):
        parser.add_argument(option, type=int, required=True)
    parser.add_argument("--framerate", type=float, default=30.0)
    parser.add_argument("--codec", choices=["mjpeg"], required=True)
    parser.add_argument("--output", choices=["-"], required=True)
    parser.add_argument("--nopreview", action="store_true", required=True)
    parser.add_argument("--flush", action="store_true", required=True)
    options = parser.parse_args()
    mode = os.environ.get("STAND_IN", "stream")
    Path(os.environ["STAND_IN_PID"]).write_text(str(os.getpid()), encoding="ascii")
    print(
        "[0:19:06.390293141] [2746]  INFO Camera camera_manager.cpp:293 libcamera v0.5.0", file=sys.stderr, flush=True
    )
    if mode not in ("stream", "cut", "stall", "die", "silent", "stubborn"):
        print(mode, file=sys.stderr)
        return 255
    if mode == "silent":
        time.sleep(3600)
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pictures = [path.read_bytes() for path in sorted(Path(os.environ["STAND_IN_PICTURES"]).glob("*.jpg"))]
    for number, picture in enumerate(itertools.cycle(pictures)):
        if mode in ("stall", "die") and number == 5:
            break
        data = picture[: len(picture) // 2] if mode == "cut" and number % 3 == 1 else picture
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        print(f"#{number} ({options.framerate:.2f} fps) exp 33239.00 ag 1.00 dg 1.00", file=sys.stderr, flush=True)
        time.sleep(1 / options.framerate)
    if mode == "stall":
        time.sleep(3600)
    print("ERROR: *** failed to start output streaming ***", file=sys.stderr)
    return 255


if __name__ == "__main__":
    sys.exit(main())
