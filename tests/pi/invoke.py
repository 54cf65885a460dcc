"""Runs a model on arrays with LiteRT; the same program on the device and here. NumPy and LiteRT only.

usage: invoke.py MODEL INPUTS.npy OUTPUTS.npy; prints the seconds of each step as JSON.
"""

from __future__ import annotations

import json
import platform
import sys
import time

start = time.perf_counter()
import numpy as np  # noqa: E402

numpy_seconds = time.perf_counter() - start
from ai_edge_litert.interpreter import Interpreter  # noqa: E402

import_seconds = time.perf_counter() - start
model, inputs, outputs = sys.argv[1:]
interpreter = Interpreter(model_path=model, num_threads=1)
interpreter.allocate_tensors()
(source,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
load_seconds = time.perf_counter() - start - import_seconds
answers = []
for values in np.load(inputs):
    interpreter.set_tensor(source["index"], values[np.newaxis])
    interpreter.invoke()
    answers.append(interpreter.get_tensor(result["index"])[0])
np.save(outputs, np.stack(answers))
seconds = {
    "numpy": numpy_seconds,
    "imports": import_seconds,
    "load": load_seconds,
    "invoke": (time.perf_counter() - start - import_seconds - load_seconds) / len(answers),
}
print(json.dumps({"machine": platform.machine(), "seconds": seconds}))
