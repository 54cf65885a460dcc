"""Names of models, builders, ``.keras`` files and weights."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import edgekit
from edgekit.errors import DataError, ModelFileError, SpecError, TrainingError, UsageError
from tests.faults.pictures import cut
from tests.faults.table import Bench, Check, Row, Way, as_table, fails, pets, run_row, works
from tests.faults.ways import training


def sound(bench: Bench) -> Path:
    return bench.write(pets())


def model(name: Any, **settings: Any) -> dict[str, Any]:
    """A row's make and way for a model by name: ``**model(...)``."""
    return {"make": sound, "way": training(model=name, **settings)}


def own(make: Callable[[Bench], Any], **settings: Any) -> dict[str, Any]:
    """Likewise for a model that the row makes."""
    return {"make": make, "way": lambda made, bench: training(model=made, **settings)(sound(bench), bench)}


def source(text: str, function: str = "build") -> Callable[[Bench], str]:
    """A builder in a file."""

    def write(bench: Bench) -> str:
        path = bench.tmp / "my_model.py"
        path.write_text(text)
        return f"{path}:{function}"

    return write


HEAD = "import keras\nfrom keras import layers\n"


def building(*lines: str, arguments: str = "input_shape, classes") -> Callable[[Bench], str]:
    """A builder of these lines."""
    return source(HEAD + f"def build({arguments}):\n" + "".join(f"    {line}\n" for line in lines))


def ending(last: str, middle: str = "layers.Flatten()(x)") -> Callable[[Bench], str]:
    """A builder of a graph that ends in this layer."""
    return building("x = keras.Input(input_shape)", f"y = {middle}", f"return keras.Model(x, {last})")


def _member(change: Callable[[str, bytes], bytes | None]) -> Callable[[Bench], Path]:
    """A sound ``.keras`` file of which members are changed, or left out."""

    def build(bench: Bench) -> Path:
        path = bench.saved_model
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                new = change(name, data)
                if new is not None:
                    archive.writestr(name, new)
        return path

    return build


def without(member: str) -> Callable[[Bench], Path]:
    return _member(lambda name, data: None if name == member else data)


def replaced(member: str, new: bytes | Callable[[bytes], bytes]) -> Callable[[Bench], Path]:
    return _member(lambda name, data: (new(data) if callable(new) else new) if name == member else data)


def spoilt_file(change: Callable[[bytes], bytes]) -> Callable[[Bench], Path]:
    def build(bench: Bench) -> Path:
        path = bench.saved_model
        path.write_bytes(change(path.read_bytes()))
        return path

    return build


def with_layer(name: str, **config: Any) -> Callable[[bytes], bytes]:
    """A configuration whose second layer is of another class."""

    def change(data: bytes) -> bytes:
        document = json.loads(data)
        layer = document["config"]["layers"][1]
        layer.update({"class_name": name, "registered_name": name, **config})
        return json.dumps(document).encode()

    return change


def newer_spec(data: bytes) -> bytes:
    return json.dumps({**json.loads(data), "schema": 999}).encode()


def named(name: str, data: bytes = b"") -> Callable[[Bench], Path]:
    return lambda bench: bench.write({name: data}, "models") / name


def keras_model(build: Callable[[Any, Any], Any]) -> Callable[[Bench], Any]:
    """A model object, made by ``build(keras, layers)``."""

    def make(bench: Bench) -> Any:
        import keras

        return build(keras, keras.layers)

    return make


def _subclass(keras: Any, layers: Any) -> Any:
    class Mine(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.flat, self.dense = layers.Flatten(), layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(self.flat(x))

    return Mine()


def _two_inputs(keras: Any, layers: Any) -> Any:
    a, b = keras.Input((16, 16, 3)), keras.Input((4,))
    return keras.Model([a, b], layers.Dense(2)(layers.Concatenate()([layers.Flatten()(a), b])))


def _own_layer(keras: Any, layers: Any) -> Any:
    class Mine(layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    return keras.Sequential([keras.Input((16, 16, 3)), Mine(name="mine"), layers.Flatten(), layers.Dense(2)])


def saved_foreign(build: Callable[[Any, Any], Any]) -> Callable[[Bench], Path]:
    """A ``.keras`` file that Keras alone wrote."""

    def make(bench: Bench) -> Path:
        path = bench.tmp / "foreign.keras"
        keras_model(build)(bench).save(path)
        return path

    return make


def h5(**groups: Any) -> bytes:
    """An HDF5 file."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, value in groups.items():
            file[name] = value
    return buffer.getvalue()


def weights(make: Callable[[Bench], Any], **settings: Any) -> dict[str, Any]:
    """A row's make and way for a file of weights."""
    return {"make": make, "way": lambda made, bench: training(weights=made, **settings)(sound(bench), bench)}


def other_weights(bench: Bench) -> Path:
    """Of a network with other layers."""
    import keras

    path = bench.tmp / "other.weights.h5"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save_weights(path)
    return path


def real(name: str) -> Callable[[Bench], Path]:
    return lambda bench: bench.shared / name


def trained(outputs: int) -> Check:
    """Checks that a model came out that answers."""

    def check(model: edgekit.Model, bench: Bench) -> None:
        shape = (2, *model.keras_model.input_shape[1:])
        answers = np.asarray(model.keras_model(np.zeros(shape, np.float32)))
        assert answers.shape == (2, outputs)
        assert np.isfinite(answers).all()

    return check


def tensors(shape: tuple[int, ...], **settings: Any) -> Way:
    """A training on samples that are no photos."""
    random = np.random.default_rng(0)
    x, y = random.random((12, *shape)).astype(np.float32), np.arange(12) % 2
    return lambda made, bench: training(model=made, **{"image_size": None, **settings})((x, y), bench)


VWW = "mlperf-tiny/visual_wake_words/trained_models/vww_96.h5"

NAMES = (
    fails("model-misspelt", **model("mobilnet_v2"), error=UsageError, says=("no model 'mobilnet_v2'", "Did you mean")),
    fails("model-unknown", **model("qqqq"), error=UsageError, says=("no model 'qqqq'", "Known: simple_cnn")),
    fails("model-empty", **model(""), error=UsageError, says=("no model ''", "Known:")),
    fails("model-a-number", **model(5), error=UsageError, says=("A model is a name", "Got: 5")),
    fails("model-none", **model(None), error=UsageError, says=("A model is a name", "Got: None")),
    fails("model-a-class", **model(dict), error=UsageError, says=("A model is a name", "Got: a type")),
    fails("model-too-wide", **model("mobilenet_v2_9.0"), error=UsageError, says=("width of mobilenet_v2 is", "Got: ")),
    fails("width-where-there-is-none", **model("resnet50_0.5"), error=UsageError, says=("resnet50 comes in one width",
          "Use: resnet50")),
    fails("width-without-weights", **model("mobilenet_v2_0.42", image_size=96), error=UsageError, says=(
          "ImageNet weights for the widths 0.35", "--weights none or a file")),
    fails("image-below-the-least", **model("mobilenet_v2_0.35", image_size=16), error=UsageError, says=(
          "at least 32x32 pixels. Got: 16x16", "larger --image-size")),
    fails("image-below-the-least-of-inception", **model("inception_v3", image_size=(75, 64)), error=UsageError, says=(
          "inception_v3 takes images of at least 75x75", "Got: 75x64")),
    fails("imagenet-for-a-small-network", **model("tiny_cnn", weights="imagenet"), error=UsageError, says=(
          "tiny_cnn is trained from scratch", "Pass none, or a file")),
    fails("cut-at-an-unknown-layer", **model("simple_cnn", cut_at="conv_61"), error=UsageError, says=("'conv_61'",
          "conv_16|conv_64")),
    fails("cut-at-a-number", **model("simple_cnn", cut_at=3), error=UsageError, says=("cut_at is a text", "Got: 3")),
    fails("cut-at-nothing", **model("simple_cnn", cut_at=""), error=UsageError, says=("''", "conv")),
    *[fails(f"image-size-{size}", **model("tiny_cnn", image_size=size), error=UsageError, says=(
          "An image size is 8 to 4096 pixels", "Got: "))
      for size in (0, -5, 7, 5000, 32.0, "32", True, (32, 32, 3), (32,), [])],
    fails("color-unknown", **model("tiny_cnn", color="blue"), error=UsageError, says=("color", "rgb")),
    fails("resize-unknown", **model("tiny_cnn", resize="zoom"), error=UsageError, says=("resize", "crop")),
    works("cut-at-a-layer", sound, training(model="simple_cnn", cut_at="conv_16_pool"), trained(2)),
)  # fmt: skip

BUILDERS = (
    fails("builder-missing", **model("gone.py:build"), error=UsageError, says=("no file gone.py", "FILE.py:FUNCTION")),
    fails("builder-without-function", **own(lambda b: source(HEAD)(b).removesuffix(":build")), error=UsageError,
          says=("Name the function", "my_model.py:build")),
    fails("builder-of-no-name", **own(source(HEAD, "1build")), error=UsageError, says=("'1build' is no name", "Use:")),
    fails("builder-unknown", **own(source(HEAD + "def make():\n    pass\n")), error=UsageError, says=(
          "has no function 'build'", "It has: make")),
    fails("builder-is-a-number", **own(source("build = 5\n")), error=UsageError, says=("something else than a function",
          "no functions")),
    fails("builder-with-a-syntax-error", **own(source("def build(:\n    pass\n")), error=UsageError, says=(
          "my_model.py cannot be loaded in line 1", "SyntaxError")),
    fails("builder-with-a-missing-import", **own(source("import kerass\n")), error=UsageError, says=(
          r"cannot be loaded in line 1 \(import kerass\)", "No module named 'kerass'")),
    fails("builder-that-exits", **own(source("import sys\nsys.exit(3)\n")), error=UsageError, says=("line 2",
          "SystemExit")),
    fails("builder-with-null-bytes", **own(source("\0")), error=UsageError, says=("my_model.py cannot be loaded",
          "null")),
    fails("builder-that-raises", **own(building("raise KeyError('width')")), error=UsageError, says=(
          "failed in line 4 .raise KeyError", "KeyError: 'width'")),
    fails("builder-that-exits-when-called", **own(building("exit()")), error=UsageError, says=("line 4", "SystemExit")),
    fails("builder-of-none", **own(building("keras.Input(input_shape)")), error=UsageError, says=("returns nothing",
          "return model")),
    fails("builder-of-a-text", **own(building("return 'model'")), error=UsageError, says=("no keras.Model",
          "type str")),
    fails("builder-with-an-argument-of-its-own", **own(building("return None", arguments="width, classes")),
          error=UsageError, says=("wants the argument 'width'", "others need a default")),
    fails("builder-of-a-negative-size", **own(building("x = keras.Input(input_shape)", "y = layers.Conv2D(4, 99, name="
          "'wide')(x)", "return keras.Model(x, y)")), error=UsageError, says=("line 5", "layer 'wide'",
          "negative|size")),
    fails("builder-with-shapes-that-do-not-fit",
          **own(building("return keras.Sequential([layers.Dense(4), layers.Reshape("
          "(7, 7), name='seven'), layers.Dense(classes)])")), error=UsageError, says=("my_model.py", "'seven'")),
    fails("builder-with-too-many-outputs", **own(ending("layers.Dense(5, activation='softmax')(y)")), error=UsageError,
          says=(r"output has the shape \(None, 5\)", r"Dense\(outputs\)")),
    fails("builder-with-another-activation",
          **own(ending("layers.Dense(classes, activation='sigmoid', name='end')(y)")),
          error=UsageError, says=("last layer 'end' ends in sigmoid", "needs softmax")),
    fails("builder-of-classes-for-binary", **own(ending("layers.Dense(classes)(y)"), task="binary"), error=UsageError,
          says=("binary", "Take the argument outputs")),
    fails("builder-of-several-outputs", **own(ending("[layers.Dense(2)(y), layers.Dense(2)(y)]")), error=UsageError,
          says=("one input and one output", "1 and 2")),
    fails("builder-of-lambda", **own(ending("layers.Dense(classes)(y)", "layers.Lambda(lambda v: v * 2, name='twice')("
          "layers.Flatten()(x))")), error=UsageError, says=("'twice' is a Lambda layer", "Keras' own layers")),
    fails("builder-with-a-function-of-its-own",
          **own(source(HEAD + "def swish(x):\n    return x * x\ndef build(input_shape"
          ", classes):\n    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), layers.Dense(4, "
          "activation=swish), layers.Dense(classes)])\n")), error=UsageError, says=("function swish", "Keras' own")),
    fails("builder-of-a-fixed-size",
          **own(source(HEAD + "def build():\n    return keras.Sequential([keras.Input((24, 24, 3"
          ")), layers.Flatten(), layers.Dense(2)])\n")), error=UsageError, says=(r"shape \(24, 24, 3\). Got: \(16, 16",
          "Pass --image-size 24")),
    fails("builder-of-spatial-answers", **own(ending("layers.Conv2D(2, 1)(x)", "x")), error=UsageError, says=(
          r"output has the shape \(None, 16, 16, 2\)", "needs")),
    works("builder-prints-and-is-sound", make=building("print('hello')", "x = keras.Input(input_shape)",
          "return keras.Model(x, layers.Dense(classes)(layers.Flatten()(layers.Rescaling(1 / 255)(x))))"),
          way=lambda made, bench: training(model=made)(sound(bench), bench), check=trained(2)),
)  # fmt: skip

OBJECTS = (
    fails("subclass", **own(keras_model(_subclass)), error=UsageError,
          says=("Mine is a subclass with a call of its own", r"keras.Model\(inputs, outputs\)")),
    fails("two-inputs", **own(keras_model(_two_inputs)), error=UsageError, says=("one input and one output",
          "2 and 1")),
    fails("own-layer", **own(keras_model(_own_layer)), error=UsageError, says=("'mine' is of the class Mine",
          "Keras' own layers")),
    fails("no-layers", **own(keras_model(lambda keras, layers: keras.Sequential())), error=UsageError,
          says=("no layers", "sequential")),
    fails("layer-named-image", **own(keras_model(lambda keras, layers: keras.Sequential([keras.Input((16, 16, 3)),
          layers.Flatten(name="image"), layers.Dense(2)]))), error=UsageError, says=("names of the input: image",
          "Name it")),
    fails("a-layer-is-no-model", **own(keras_model(lambda keras, layers: layers.Dense(2))), error=UsageError, says=(
          "A model is a name", "Got: a Dense")),
    fails("image-size-for-samples", keras_model(lambda keras, layers: keras.Sequential([keras.Input((4,)),
          layers.Dense(2)])), tensors((4,), image_size=32), UsageError, r"shape \(4,\), no photos",
          "Leave the image size"),
    fails("samples-of-another-shape", keras_model(lambda keras, layers: keras.Sequential([keras.Input((4,)),
          layers.Dense(2)])), tensors((5,)), UsageError, r"shape \(4,\). Got: \(5,\)", "Give it data of that shape"),
    fails("photos-for-a-model-of-samples", keras_model(lambda keras, layers: keras.Sequential([keras.Input((4,)),
          layers.Dense(2)])), lambda made, bench: training(model=made, image_size=None)(sound(bench), bench),
          UsageError, r"tuple \(x, y\)", "Got: PosixPath|Got: WindowsPath"),
    fails("samples-for-a-model-of-photos", lambda bench: "tiny_cnn", tensors((4,)), DataError, "x", r"\(n, h|shape"),
    fails("words-as-numbers", keras_model(lambda keras, layers: keras.Sequential([keras.Input((4,), dtype="int32"),
          layers.Embedding(5, 3, name="words"), layers.Flatten(), layers.Dense(2)])), lambda made, bench:
          training(model=made, image_size=None)((np.arange(32).reshape(8, 4), np.arange(8) % 2), bench), TrainingError,
          r"words_?\d*/.*is not in \[0, 5\)", "Give it samples that this layer takes"),
    works("samples-and-softmax", keras_model(lambda keras, layers: keras.Sequential([keras.Input((4,)), layers.Dense(
          2, "softmax")])), tensors((4,)), trained(2)),
)  # fmt: skip

FILES = (
    fails("file-missing", **model("gone.keras"), error=UsageError, says=("no file gone.keras", "go on from a model")),
    fails("file-empty", **own(named("a.keras")), error=ModelFileError, says=("a.keras is empty",
          "Copy or save it again")),
    fails("file-of-html", **own(named("a.keras", b"<html>")), error=ModelFileError, says=("a.keras",
          r"web page \(HTML\), not a model", "Download the file itself")),
    fails("file-cut", **own(spoilt_file(lambda data: cut(data, 0.8))), error=ModelFileError, says=("sound.keras",
          "cut short")),
    fails("file-without-config", **own(without("config.json")), error=ModelFileError, says=("no config.json",
          "it holds")),
    fails("file-without-weights", **own(without("model.weights.h5")), error=ModelFileError, says=("no model.weights.h5",
          "it holds")),
    fails("file-with-broken-config", **own(replaced("config.json", b"{")), error=ModelFileError, says=("config.json",
          "describes no model")),
    fails("file-with-config-of-a-list", **own(replaced("config.json", b"[]")), error=ModelFileError,
          says=("config.json", "describes no model")),
    fails("file-with-broken-weights", **own(replaced("model.weights.h5", lambda data: cut(data, 0.5))),
          error=ModelFileError, says=("sound.keras cannot be loaded by Keras", "truncated file.*Copy it again")),
    fails("file-with-lambda", **own(replaced("config.json", with_layer("Lambda"))), error=ModelFileError, says=(
          "Lambda layer, and it holds Python code", "Replace it with standard")),
    fails("file-with-foreign-class", **own(replaced("config.json", with_layer("Mine", module="mine"))),
          error=ModelFileError, says=("custom class mine.Mine", "Replace it")),
    fails("file-with-unknown-layer", **own(replaced("config.json", with_layer("Convolution9D"))), error=ModelFileError,
          says=("cannot be loaded by Keras", "Convolution9D")),
    fails("file-with-newer-spec", **own(replaced("edgekit/spec.json", newer_spec)), error=SpecError,
          says=("sound.keras", "999", "[Uu]pgrade|newer")),
    fails("file-with-broken-spec", **own(replaced("edgekit/spec.json", b"{")), error=SpecError, says=("sound.keras",
          "JSON|spec")),
    fails("file-is-a-folder", lambda bench: bench.write({"x": b""}, "a.keras"), lambda made,
          bench: training(model=made)(
          sound(bench), bench), UsageError, "a.keras", "folder|file"),
    fails("hdf5-named-keras", **own(lambda bench: named("a.keras", h5(x=[1]))(bench)), error=ModelFileError, says=(
          "a.keras is an HDF5 file of an older Keras", "save it as .keras")),
    fails("keras-2-model-missing", **model("gone.h5"), error=UsageError, says=("no file gone.h5", "is a .keras file")),
    fails("keras-2-model", **own(real(VWW)), error=ModelFileError, says=("vww_96.h5 is not a .keras",
          "Save the model with Keras 3")),
    fails("tflite-model", **own(named("a.tflite")), error=ModelFileError, says=("a.tflite is not a .keras file",
          "Save the model")),
    fails("cut-of-a-file", **own(lambda bench: bench.saved_model, cut_at="conv_99"), error=UsageError,
          says=("'conv_99'", "conv_")),
    fails("no-weights-of-a-file", **own(lambda bench: bench.saved_model, weights="none"), error=UsageError, says=(
          "sound.keras brings its weights", "pass its name")),
    fails("imagenet-for-a-file", **own(lambda bench: bench.saved_model, weights="imagenet"), error=UsageError, says=(
          "no ImageNet weights for sound.keras", "Leave the weights out")),
    fails("another-size-for-a-file", **own(lambda bench: bench.saved_model, image_size=32), error=UsageError, says=(
          r"\(16, 16, 3\). Got: \(32, 32, 3\)", "Pass --image-size 16")),
    fails("foreign-file-with-a-lambda", **own(saved_foreign(lambda keras, layers: keras.Sequential([keras.Input((16, 16,
          3)), layers.Lambda(lambda x: x, name="same"), layers.Flatten(), layers.Dense(2)]))), error=ModelFileError,
          says=("'same' is a Lambda", "Replace it")),
    fails("opening-with-too-few-labels", saved_foreign(lambda keras, layers: keras.Sequential([keras.Input((4,)),
          layers.Dense(2)
          ])), lambda made, bench: edgekit.Model.open(made, labels=["a"]), UsageError, "answers 2 numbers",
          "Give 2 labels"),
    fails("opening-a-number", lambda bench: 5, lambda made, bench: edgekit.Model.open(made), UsageError, "is a path",
          "Got: 5"),
    works("foreign-file", saved_foreign(lambda keras, layers: keras.Sequential([keras.Input((16, 16, 3)),
          layers.Rescaling(
          1 / 255), layers.Flatten(), layers.Dense(7, "softmax")])), lambda made, bench: training(model=made)(
          sound(bench), bench), trained(2)),
)  # fmt: skip

WEIGHTS = (
    fails("weights-missing", **weights(lambda bench: "gone.h5"), error=UsageError, says=("no file of weights gone.h5",
          "imagenet, none, or a file")),
    fails("weights-a-number", **weights(lambda bench: 1), error=UsageError, says=("Weights are imagenet, none",
          "Got: int")),
    fails("weights-misspelt", **weights(lambda bench: "image-net"), error=UsageError, says=("image-net",
          "imagenet, none")),
    fails("weights-a-folder", **weights(lambda bench: bench.tmp), error=UsageError, says=("no file of weights",
          "or a file")),
    fails("weights-empty", **weights(named("a.h5")), error=ModelFileError, says=("a.h5 is not a file of Keras weights",
          "Pass an .h5")),
    fails("weights-of-html", **weights(named("a.weights.h5", b"<html>")), error=ModelFileError, says=(
          "a.weights.h5 is not a file of Keras weights", "Pass an .h5")),
    fails("weights-without-layers", **weights(lambda bench: named("a.h5", h5(x=[1]))(bench)), error=ModelFileError,
          says=(
          "a.h5 is an HDF5 file", "no Keras weights")),
    fails("weights-of-a-simple-network", **weights(other_weights), error=ModelFileError, says=("does not fit tiny_cnn",
          "Pass the weights of this very model")),
    fails("weights-of-mobilenet", **weights(real("weights/mobilenet_v2_0.35_224_no_top.weights.h5")),
          error=ModelFileError, says=("does not fit tiny_cnn", "Pass the weights of this very model")),
    fails("weights-of-another-keras-file", **weights(lambda bench: bench.saved_model, model="simple_cnn"), error=
          ModelFileError, says=("does not fit simple_cnn: conv_16", "same backbone")),
    fails("weights-of-keras-2", **weights(real(VWW)), error=ModelFileError, says=("vww_96.h5",
          "does not fit|Pass")),
    fails("imagenet-without-a-network", lambda bench: bench.patch.setenv("KERAS_HOME", str(bench.tmp)), lambda made,
          bench:
          training(model="mobilenet_v2_0.5", image_size=32)(sound(bench), bench), TrainingError,
          "ImageNet weights of mobilenet_v2_0.5 cannot be downloaded", "put the file .* there"),
    works("weights-of-the-same-network", lambda bench: bench.saved_model, lambda made, bench: training(weights=made)(
          sound(bench), bench), trained(2)),
)  # fmt: skip

ROWS = (*NAMES, *BUILDERS, *OBJECTS, *FILES, *WEIGHTS)


@as_table(ROWS)
def test_model(row: Row, bench: Bench) -> None:
    run_row(row, bench)
