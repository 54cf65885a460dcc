"""How to run an artifact, for the README of an export folder."""

from __future__ import annotations

import json
import shlex

from edgekit.artifact import ManifestEntry
from edgekit.language import printable
from edgekit.spec import ModelSpec, TensorSpec

_CLASSIFY = """```python
# {where}, with a checkout or a wheel of EdgeKit: pip install {package}
import edgekit

model = edgekit.load({file!r})
for prediction in model.classify("photo.jpg", top=3):
    print(f"{{prediction.probability:6.1%}}  {{prediction.name}}")
```"""

_TENSORS = """```python
# {where}, with a checkout or a wheel of EdgeKit: pip install {package}
import numpy as np
import edgekit

model = edgekit.load({file!r})
samples = {samples}
answers = model.answers(samples)  # by name: {names}
```"""

_COREML = """Drop it on Xcode: its tab "Preview" takes photos. In an app:

```swift
// Xcode makes a class of the package; here without it, for any name
let url = try MLModel.compileModel(at: packageURL)  // of {file}
let model = try VNCoreMLModel(for: MLModel(contentsOf: url))
let request = VNCoreMLRequest(model: model) {{ request, _ in
    print((request.results as? [VNClassificationObservation])?.prefix(3) ?? [])
}}
request.imageCropAndScaleOption = {option}
try VNImageRequestHandler(url: photoURL).perform([request])
```"""

_CROP = {"crop": ".centerCrop", "stretch": ".scaleFill", "letterbox": ".scaleFit"}
"""Of each resize mode, the one of Vision that cuts a photo alike; its resampling is Vision's own."""

_TFJS = """```js
// In a page, or any bundle with @tensorflow/tfjs; serve the folder beside it
const model = await tf.loadGraphModel({url});
const answers = await model.executeAsync({{ {feeds} }});
```"""

_SERVING = """```sh
# TensorFlow Serving: http://localhost:8501/v1/models/{name}:predict
docker run -p 8501:8501 -v "$PWD"/{quoted}:/models/{name}/1 -e MODEL_NAME={name} tensorflow/serving
```"""

_WHERE = {
    "tflite": ("On a Raspberry Pi, a laptop, a server (no TensorFlow is needed)", "PATH-TO-EDGEKIT"),
    "coreml": ("On a Mac", "'PATH-TO-EDGEKIT[coreml]'"),
    "tfjs": ("In Node.js through Python", "'PATH-TO-EDGEKIT[tfjs]'"),
    "onnx": ("Where onnxruntime runs", "'PATH-TO-EDGEKIT[onnx]'"),
    "savedmodel": ("Where TensorFlow runs", "'PATH-TO-EDGEKIT[tensorflow]'"),
}

FORMATS = tuple(_WHERE)
"""Those that there is something to say of."""


def snippet(entry: ManifestEntry, spec: ModelSpec) -> str:
    """Markdown that shows how to run an artifact of one of :data:`FORMATS`, first where it belongs."""
    where, package = _WHERE[entry.format]
    own = _own(entry, spec)
    python = (
        _CLASSIFY.format(where=where, package=package, file=entry.file)
        if spec.task != "tensors"
        else _TENSORS.format(where=where, package=package, file=entry.file, samples=_samples(spec), names=_names(spec))
    )
    return f"{own}\n\n{python}" if own else python


def _own(entry: ManifestEntry, spec: ModelSpec) -> str | None:
    """In the world that the format comes from."""
    if entry.format == "coreml" and spec.image is not None and spec.activation == "softmax":
        return _COREML.format(file=entry.file, option=_CROP[spec.image.resize])
    if entry.format == "tfjs":
        feeds = ", ".join(f"{_quoted(tensor.name)}: {_feed(tensor)}" for tensor in spec.inputs)
        url = json.dumps(f"{entry.file}/model.json", ensure_ascii=False)
        return _TFJS.format(url=url, feeds=feeds)
    if entry.format == "savedmodel":
        name = "".join(char if char.isalnum() or char in "-_." else "_" for char in spec.name)
        return _SERVING.format(quoted=shlex.quote(entry.file), name=name)
    return None


def _quoted(name: str) -> str:
    return json.dumps(printable(name), ensure_ascii=False)


def _feed(tensor: TensorSpec) -> str:
    if tensor.image is not None:
        return "tf.browser.fromPixels(canvas).toFloat().expandDims()"
    sizes = [1 if size is None else size for size in tensor.shape]
    return f'tf.zeros({sizes}, "{"float32" if tensor.dtype.startswith("float") else "int32"}")'


def _samples(spec: ModelSpec) -> str:
    return "{" + ", ".join(f"{tensor.name!r}: {_zeros(tensor)}" for tensor in spec.inputs) + "}"


def _names(spec: ModelSpec) -> str:
    return printable(", ".join(output.name for output in spec.outputs))


def _zeros(tensor: TensorSpec) -> str:
    return f"np.zeros({tuple(1 if size is None else size for size in tensor.shape)}, {tensor.dtype!r})"
