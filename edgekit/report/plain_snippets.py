"""Python programs that run an artifact without EdgeKit, for the README of an export folder."""

from __future__ import annotations

import json

from edgekit.outputs import decision_threshold
from edgekit.spec import ImageFormat, ModelSpec

_LITERT = """\
# pip install ai-edge-litert numpy pillow
{import_zipfile}import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

file = {file}
labels = {labels}
{photo}

model = Interpreter(file)
model.allocate_tensors()
(takes,), (gives,) = model.get_input_details(), model.get_output_details()
model.set_tensor(takes["index"], np.asarray(photo, takes["dtype"])[{batch}])
model.invoke()
scores = model.get_tensor(gives["index"])[0].astype("float32")
scale, zero_point = gives["quantization"]
if scale:  # a file that answers in 8 bits
    scores = scale * (scores - zero_point)
{show}"""

_LITERT_TENSORS = """\
# pip install ai-edge-litert numpy
import numpy as np
from ai_edge_litert.interpreter import Interpreter

model = Interpreter({file}).get_signature_runner()
takes = model.get_input_details()
answers = model(**{{name: np.zeros(info["shape"], info["dtype"]) for name, info in takes.items()}})
for name, values in answers.items():
    print(name, values.shape, values.dtype)"""

_ONNX = """\
# pip install onnxruntime numpy pillow
{import_json}import numpy as np
import onnxruntime
from PIL import Image, ImageOps

model = onnxruntime.InferenceSession({file})
labels = {labels}
{photo}

(answers,) = model.run(None, {{{name}: np.asarray(photo, "float32")[{batch}]}})
scores = answers[0]
{show}"""

_ONNX_TENSORS = """\
# pip install onnxruntime numpy
import numpy as np
import onnxruntime

model = onnxruntime.InferenceSession({file})
answers = model.run(None, {{{zeros}}})
for tensor, values in zip(model.get_outputs(), answers):
    print(tensor.name, values.shape, values.dtype)"""

_LABELS_IN_ZIP = 'zipfile.ZipFile(file).read("labels.txt").decode().splitlines()'
"""A ``.tflite`` with standard metadata is a zip, too."""

_LABELS_IN_SPEC = """[
    label["id"] for label in json.loads(model.get_modelmeta().custom_metadata_map["edgekit.spec"])["labels"]
]"""


def litert_program(file: str, spec: ModelSpec) -> str:
    """With ``ai-edge-litert``: classifies ``photo.jpg``; a model that takes no photos is run once, on zeros."""
    if spec.image is None or not spec.is_classifier:
        return _LITERT_TENSORS.format(file=as_literal(file))
    return _LITERT.format(
        import_zipfile="" if spec.binary else "import zipfile\n\n",
        file=as_literal(file),
        labels=_pair(spec) if spec.binary else _LABELS_IN_ZIP,
        photo=_photo(spec.image),
        batch=_batch(spec.image),
        show=_show(spec),
    )


def onnx_program(file: str, spec: ModelSpec) -> str:
    """With ``onnxruntime``, likewise."""
    if spec.image is None or not spec.is_classifier:
        zeros = [
            f"{as_literal(one.name)}: np.zeros({_sizes(one.shape)}, {as_literal(one.dtype)})" for one in spec.inputs
        ]
        return _ONNX_TENSORS.format(file=as_literal(file), zeros=", ".join(zeros))
    return _ONNX.format(
        import_json="" if spec.binary else "import json\n\n",
        file=as_literal(file),
        labels=_pair(spec) if spec.binary else _LABELS_IN_SPEC,
        photo=_photo(spec.image),
        name=as_literal(spec.inputs[0].name),
        batch=_batch(spec.image),
        show=_show(spec),
    )


def _photo(image: ImageFormat) -> str:
    mode = "RGB" if image.color == "rgb" else "L"
    size = f"({image.width}, {image.height})"
    bars = f", color={(image.fill,) * 3 if mode == 'RGB' else image.fill}" if image.fill else ""
    fitted = {
        "crop": f"ImageOps.fit(photo, {size}, Image.Resampling.BILINEAR)",
        "stretch": f"photo.resize({size}, Image.Resampling.BILINEAR)",
        "letterbox": f"ImageOps.pad(photo, {size}, Image.Resampling.BILINEAR{bars})",
    }
    opened = f'photo = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("{mode}")'
    return f"{opened}\nphoto = {fitted[image.resize]}"


def _batch(image: ImageFormat) -> str:
    """The index that makes a batch of one; a grey photo of Pillow has no channels."""
    return "np.newaxis" if image.color == "rgb" else "np.newaxis, ..., np.newaxis"


def _show(spec: ModelSpec) -> str:
    """Prints a line for each label that is an answer."""
    form = "8.3f" if spec.activation == "none" else "6.1%"
    if spec.binary:
        return f'print(f"{{scores[0]:{form}}}  {{labels[1]}}")'
    which = "scores.argsort()[::-1][:3]"
    if spec.multi_label:
        which = f"np.flatnonzero(scores >= {decision_threshold(spec):g})"
    return f'for index in {which}:\n    print(f"{{scores[index]:{form}}}  {{labels[index]}}")'


def _pair(spec: ModelSpec) -> str:
    return f"[{', '.join(map(as_literal, spec.label_ids))}]"


def _sizes(shape: tuple[int | None, ...]) -> str:
    return repr(tuple(1 if size is None else size for size in shape))


def as_literal(text: str) -> str:
    """As a string of Python that survives any character."""
    return json.dumps(text)
