"""How to run the artifacts of an export folder, for its README."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgekit.language import printable
from edgekit.manifest import ManifestEntry
from edgekit.report.plain_snippets import as_literal, litert_program, onnx_program
from edgekit.spec import ModelSpec, TensorSpec

_CLASSIFY = """```python
# With a checkout or a wheel of EdgeKit: pip install {package}
import edgekit

model = edgekit.load({file})
for prediction in model.classify("photo.jpg", top=3):
    print(f"{{prediction.probability:6.1%}}  {{prediction.name}}")
```"""

_TENSORS = """```python
# With a checkout or a wheel of EdgeKit: pip install {package}
import numpy as np
import edgekit

model = edgekit.load({file})
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

_EDGETPU = """```sh
# On x86-64 Linux with Google's compiler, where {compiled} does not lie here yet
edgetpu_compiler {quoted}
mv {made} {renamed}
```

```python
# Where the Edge TPU is
import edgekit

model = edgekit.load({literal}, delegate="edgetpu")
```

The compiler drops labels and sizes: where you compiled by hand, keep `{file}` beside, in which they are found."""

_RESIZING = "Pillow's resizing is close to EdgeKit's, not the same: pixels differ by some levels."


@dataclass(frozen=True)
class _World:
    """Where a format is at home.

    Attributes:
        title: of the section that shows it.
        extra: what EdgeKit needs to run it, or ``None``.
        show: Markdown that runs a file there; ``None`` for a model that there is nothing to show of.
    """

    title: str
    extra: str | None
    show: Callable[[str, ModelSpec], str | None]


def how_to_run(entries: Sequence[ManifestEntry], spec: ModelSpec) -> list[str]:
    """Sections of Markdown: with EdgeKit, then each format where it is at home.

    Formats of a newer EdgeKit, which may have exported into the same folder, are left out.
    """
    files: dict[str, list[str]] = {}
    for entry in entries:
        if entry.format in _WORLDS:
            files.setdefault(entry.format, []).append(entry.file)
    if not files:
        return []
    sections = [_with_edgekit(files, spec)]
    for format, names in files.items():
        shown = _WORLDS[format].show(names[0], spec)
        if shown is not None:
            also = f"Here `{names[0]}`; alike: {', '.join(f'`{name}`' for name in names[1:])}.\n\n" if names[1:] else ""
            sections.append(f"## {_WORLDS[format].title}\n\n{also}{shown}")
    return sections


def _with_edgekit(files: dict[str, list[str]], spec: ModelSpec) -> str:
    """The same lines run every file; what is said is the one that needs least."""
    format = min(files, key=lambda one: _WORLDS[one].extra is not None)
    extra = _WORLDS[format].extra
    package = f"'PATH-TO-EDGEKIT[{extra}]'" if extra else "PATH-TO-EDGEKIT"
    file = as_literal(files[format][0])
    if spec.task != "tensors":
        program = _CLASSIFY.format(package=package, file=file)
    else:
        program = _TENSORS.format(package=package, file=file, samples=_samples(spec), names=_names(spec))
    lines = ["The same lines run every file. What each needs:\n"]
    for one, names in files.items():
        need = _WORLDS[one].extra
        what = f"the extra `{need}`: `pip install 'PATH-TO-EDGEKIT[{need}]'`" if need else "nothing more, no TensorFlow"
        lines.append(f"- {', '.join(f'`{name}`' for name in names)}: {what}")
    needs = "\n\n" + "\n".join(lines) if len(files) > 1 or len(files[format]) > 1 else ""
    return f"## In Python, with EdgeKit\n\n{program}{needs}"


def _litert(file: str, spec: ModelSpec) -> str:
    return _python(litert_program(file, spec), spec)


def _onnxruntime(file: str, spec: ModelSpec) -> str:
    return _python(onnx_program(file, spec), spec)


def _python(program: str, spec: ModelSpec) -> str:
    note = f"\n\n{_RESIZING}" if spec.image is not None and spec.is_classifier else ""
    return f"```python\n{program}\n```{note}"


def _coreml(file: str, spec: ModelSpec) -> str | None:
    if spec.image is None or spec.activation != "softmax":
        return None
    return _COREML.format(file=printable(file), option=_CROP[spec.image.resize])


def _tfjs(file: str, spec: ModelSpec) -> str:
    feeds = ", ".join(f"{_quoted(tensor.name)}: {_feed(tensor)}" for tensor in spec.inputs)
    return _TFJS.format(url=json.dumps(f"{file}/model.json", ensure_ascii=False), feeds=feeds)


def _serving(file: str, spec: ModelSpec) -> str:
    name = "".join(char if char.isalnum() or char in "-_." else "_" for char in spec.name)
    return _SERVING.format(quoted=shlex.quote(file), name=name)


def _edgetpu(file: str, spec: ModelSpec) -> str:
    compiled = f"{file.removesuffix('_for_edgetpu.tflite')}_edgetpu.tflite"
    return _EDGETPU.format(
        file=printable(file),
        compiled=printable(compiled),
        quoted=shlex.quote(file),
        made=shlex.quote(f"{file.removesuffix('.tflite')}_edgetpu.tflite"),
        renamed=shlex.quote(compiled),
        literal=as_literal(compiled),
    )


_WORLDS = {
    "edgetpu": _World("Coral Edge TPU", None, _edgetpu),
    "tflite": _World("LiteRT in Python, without EdgeKit", None, _litert),
    "onnx": _World("onnxruntime in Python, without EdgeKit", "onnx", _onnxruntime),
    "coreml": _World("Core ML in an app", "coreml", _coreml),
    "tfjs": _World("TensorFlow.js in a page", "tfjs", _tfjs),
    "savedmodel": _World("TensorFlow Serving", "tensorflow", _serving),
}


def _quoted(name: str) -> str:
    return json.dumps(printable(name), ensure_ascii=False)


def _feed(tensor: TensorSpec) -> str:
    if tensor.image is not None:
        pixels = "tf.browser.fromPixels(canvas)"
        if tensor.image.color == "grayscale":
            pixels = f"tf.image.rgbToGrayscale({pixels})"
        return f"{pixels}.toFloat().expandDims()"
    sizes = [1 if size is None else size for size in tensor.shape]
    return f'tf.zeros({sizes}, "{"float32" if tensor.dtype.startswith("float") else "int32"}")'


def _samples(spec: ModelSpec) -> str:
    return "{" + ", ".join(f"{tensor.name!r}: {_zeros(tensor)}" for tensor in spec.inputs) + "}"


def _names(spec: ModelSpec) -> str:
    return printable(", ".join(output.name for output in spec.outputs))


def _zeros(tensor: TensorSpec) -> str:
    return f"np.zeros({tuple(1 if size is None else size for size in tensor.shape)}, {tensor.dtype!r})"
