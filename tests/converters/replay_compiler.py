"""Stands in for ``edgetpu_compiler``, which cannot be had: gives out what the real one wrote, recorded.

It knows a model by its bytes, reads its command line as the real one does, and prints and writes what that wrote for
this very model. ``REPLAY`` is a JSON file: ``{"version": "16.0.384591198", "models": {digest: [model, log]}, "child":
path, "says": text}``; the digest ``any`` stands for all models. With ``child`` it hangs, as a compilation does that has
a process of its own, and writes that process's id there; with ``says`` it fails with these words.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("-v", "--version", action="store_true")
    parser.add_argument("-o", "--out_dir", default=".")
    parser.add_argument("-d", "--search_delegate", action="store_true")
    parser.add_argument("-n", "--num_segments", type=int, default=1)
    parser.add_argument("-m", "--min_runtime_version", type=int)
    replay = json.loads(Path(os.environ["REPLAY"]).read_text())
    if int(replay["version"].split(".")[0]) >= 16:
        parser.add_argument("-t", "--timeout_sec", type=int, default=180)
    parser.add_argument("model", nargs="*")
    given = parser.parse_args()
    print(f"Edge TPU Compiler version {replay['version']}")
    if given.version:
        return 0
    if "child" in replay:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(replay["child"]).write_text(str(child.pid))
        time.sleep(600)
    if "says" in replay:
        print(replay["says"])
        return 1
    source = Path(given.model[0])
    known = replay["models"]
    made, log = known.get("any") or known[hashlib.sha256(source.read_bytes()).hexdigest()]
    segments = range(given.num_segments)
    parts = [f"_segment_{n}_of_{given.num_segments}" for n in segments] if given.num_segments > 1 else [""]
    for part in parts:
        out = Path(given.out_dir) / f"{source.stem}{part}_edgetpu"
        out.with_name(f"{out.name}.tflite").write_bytes(Path(made).read_bytes())
        if log is not None:
            out.with_name(f"{out.name}.log").write_text(Path(log).read_text())
    print(f"Model compiled successfully. Arguments: {' '.join(sys.argv[1:-1])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
