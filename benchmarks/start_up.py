"""From nothing to the first answer: EdgeKit and the plain interpreter, in turn, each in a process of its own.

Both classify the same photo with the same model: import, load, allocate, decode and resize with Pillow, invoke. The
plain program is what the interpreter's own examples do. A third one leaves Pillow out and gives the interpreter zeros.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 21
LIMIT = 1.3

DATA = Path(os.environ.get("EDGEKIT_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
MODEL = DATA / "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_1_metadata_1.tflite"
PHOTO = DATA / "tflite-zoo/tflite-support/burger.jpg"

EDGEKIT = """
import sys
import edgekit
with edgekit.load(sys.argv[1]) as model:
    print(model.classify(sys.argv[2], top=1)[0].index)
"""

PLAIN = """
import sys
import numpy as np
from PIL import Image
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
image, scores = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
photo = Image.open(sys.argv[2]).convert("RGB").resize((image["shape"][2], image["shape"][1]))
interpreter.set_tensor(image["index"], (np.asarray(photo, np.float32)[None] - 127.5) / 127.5)
interpreter.invoke()
print(int(interpreter.get_tensor(scores["index"])[0].argmax()))
"""

ZEROS = """
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
image, scores = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
interpreter.set_tensor(image["index"], np.zeros(image["shape"], image["dtype"]))
interpreter.invoke()
print(int(interpreter.get_tensor(scores["index"])[0].argmax()))
"""

PROGRAMS = {"EdgeKit": EDGEKIT, "the plain interpreter": PLAIN, "... without a photo": ZEROS}


def measure(code: str) -> tuple[float, float]:
    """Seconds of the processors, and by the wall clock, of one process."""
    words = [sys.executable, "-c", code, str(MODEL), str(PHOTO)]
    before, start = os.times(), time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, wall


def main() -> int:
    """Prints the table; returns 1 where EdgeKit takes more than :data:`LIMIT` times the plain interpreter's time."""
    if not MODEL.is_file():
        print(f"skipped: there is no {MODEL}")
        return 0
    with tempfile.TemporaryDirectory() as cache:
        os.environ["EDGEKIT_CACHE"] = cache
        # As pip leaves it: compiled to bytecode, also where the environment says that nothing be written.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(cache) / "bytecode")
        for code in PROGRAMS.values():  # the trial of a foreign model is done once, and files are in memory afterwards
            measure(code)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
        for _ in range(ROUNDS):
            for name, code in PROGRAMS.items():
                times[name].append(measure(code))
    print(f"{'':<24} {'processor':>10} {'wall':>10} {'ratio':>7} {'wall':>6}")
    ratios = {}
    for name, both in times.items():
        # The ratio of neighbours in time: what else the machine does touches both alike.
        pairs = list(zip(times["EdgeKit"], both, strict=True))
        ratios[name] = [statistics.median(own[part] / other[part] for own, other in pairs) for part in (0, 1)]
        medians = [statistics.median(one[part] for one in both) for part in (0, 1)]
        shown = "" if name == "EdgeKit" else f"{ratios[name][0]:>6.2f}x {ratios[name][1]:>5.2f}x"
        print(f"{name:<24} {1000 * medians[0]:>7.0f} ms {1000 * medians[1]:>7.0f} ms {shown}")
    return 1 if ratios["the plain interpreter"][0] > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
