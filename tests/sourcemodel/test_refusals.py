"""What cannot be exported is told in one sentence, and nothing of a model file is run."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import ConversionError, EdgeKitError, MissingExtraError, ModelFileError, UsageError
from edgekit.kerascode import find_code, find_held_code
from edgekit.sourcemodel import SourceOptions, open_source
from edgekit.sourcemodel.custom import load_custom_objects
from edgekit.sourcemodel.h5file import check_h5
from edgekit.sourcemodel.nodes import find_dead_end
from tests.sourcemodel.networks import picture_classifier


def refused(kind: type[EdgeKitError], sentence: str, model: Any, **options: Any) -> None:
    with pytest.raises(kind, match=sentence) as caught:
        open_source(model, options=SourceOptions(**options))
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def photos(keras: Any) -> Any:
    return picture_classifier(keras)


@pytest.fixture(scope="module")
def any_size(keras: Any) -> Any:
    layers = keras.layers
    stack = [layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    return keras.Sequential([keras.Input((None, None, 3), name="x"), *stack], name="any")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"labels": "abc"}, "no file abc"),
        ({"labels": ["a", "b"]}, "answers 3 numbers, and 2 labels are given. Give 3 labels, in the order"),
        ({"labels": ["a", "b", "c"]}, "pictures does not say which values its pixels were trained with"),
        ({"labels": ["a", "b", "c"], "task": "multi-label-classification", "scale": 1}, "no two labels can"),
        ({"preprocessing": "tf", "scale": 2}, "leave out scale, mean and bgr"),
        ({"preprocessing": "vgg99"}, "no preprocessing 'vgg99'. Known: tf, torch, caffe, none"),
        ({"scale": "1/0"}, "scale is a number, or one for each channel"),
        ({"scale": 0}, "a number other than 0"),
        ({"mean": "1,2"}, "mean is for 2 channels, but the model's input has 3"),
        ({"resize": "crop"}, "resize is said of a classifier"),
        ({"signature": "serve"}, "signature is for models from the disk"),
        ({"input_shape": "1,16,16"}, "takes input.*which 1,16,16 is not"),
        ({"input_shape": "1,0,16,3"}, "is no shape"),
        ({"input_shape": "8,16,16,3"}, "The batch of input.* is 8"),
        ({"input_shape": "y=1,16,16,3"}, "has no input 'y'"),
    ],
)
def test_what_is_said_must_fit(options: dict[str, Any], sentence: str, photos: Any) -> None:
    with pytest.raises(EdgeKitError, match=sentence):
        open_source(photos, options=SourceOptions(**options))


def test_sizes_have_to_be_chosen_for_photos(any_size: Any) -> None:
    refused(UsageError, "takes photos of any size.*--input-shape 1,224,224,3", any_size, labels=["a", "b"], scale=1)
    assert "--input-shape x=" in open_source(any_size).remarks[-1] or open_source(any_size).remarks[-1].endswith("...")


def test_a_known_part_is_named(keras: Any) -> None:
    inner = keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), alpha=0.35, include_top=False)
    head = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, activation="softmax")]
    model = keras.Sequential([keras.Input((32, 32, 3)), inner, *head])
    refused(
        UsageError,
        r"It contains mobilenetv2_0.35_32, whose own is --preprocessing mobilenet_v2\.",
        model,
        labels=["a", "b"],
    )


def test_models_that_normalize_themselves_are_seen(keras: Any) -> None:
    pixels = keras.Input((8, 8, 3))
    for x in (keras.layers.Rescaling(1 / 255)(pixels), pixels / 127.5 - 1):
        model = keras.Model(pixels, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(x)))
        source = open_source(model, options=SourceOptions(labels=["a", "b"]))
        assert not source.adaptation
        assert source.remarks[0].endswith("pixels 0..255 go in as they are.")


def test_functions(tf: Any) -> None:
    def make(*signature: Any, call: Any = lambda x: x) -> Any:
        return tf.function(call, input_signature=list(signature), autograph=False)

    refused(UsageError, "tf.function without an input_signature", tf.function(lambda x: x))
    refused(UsageError, "has no batch: its first size is 28", make(tf.TensorSpec([28, 28])))
    refused(UsageError, "takes text", make(tf.TensorSpec([None], tf.string)))
    refused(UsageError, "takes any number of dimensions", make(tf.TensorSpec(None)))
    refused(UsageError, r"has the shape \(\) for 2 samples", make(tf.TensorSpec([None, 2]), call=tf.reduce_sum))


def test_inputs_that_no_memory_holds(tf: Any) -> None:
    huge = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None, 10**9, 10**9])], autograph=False)
    refused(ConversionError, "needs 16,000,000,000 GB, more than the free memory", huge)


def test_stateful_and_subclassed(keras: Any) -> None:
    lstm = keras.layers.LSTM(3, stateful=True, name="memory")
    refused(
        ConversionError,
        "The layer 'memory' .* is stateful",
        keras.Sequential([keras.Input((5, 4), batch_size=1), lstm]),
    )

    class Own(keras.Model):  # type: ignore[misc]
        def call(self, inputs: Any, training: bool = False) -> Any:
            return {"twice": inputs * 2}

    refused(UsageError, "has no defined inputs", Own())
    source = open_source(Own(), options=SourceOptions(input_shape=(1, 5)))
    assert [tensor.name for tensor in source.spec.outputs] == ["twice"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("m.h5", b"", "is empty"),
        ("m.h5", b"no model", "not a Keras model"),
        ("m.tflite", b"TFL3", "is an exported model already"),
        ("m.onnx", b"", "EdgeKit writes but does not read"),
        ("m.pt", b"", "is a PyTorch file"),
        ("m.pb", b"", "Give the SavedModel folder"),
    ],
)
def test_files_of_other_kinds(name: str, content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    refused(EdgeKitError, sentence, tmp_path / name)


def test_folders(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    refused(ModelFileError, r"no SavedModel \(it has no saved_model.pb; it holds photo.jpg\)", tmp_path)
    refused(ModelFileError, "There is no file", tmp_path / "nothing")


def write_h5(path: Path, config: object, version: str = "2.15.0") -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["model_config"] = json.dumps(config)
        file.create_group("model_weights")
    return path


def function(module: str, name: str) -> dict[str, Any]:
    """A layer whose activation is any function."""
    return layer("Dense", config={"activation": {"class_name": "function", "module": module, "config": name}})


def layer(name: str, **more: Any) -> dict[str, Any]:
    return {"class_name": name, "config": {"name": "suspect", **more.pop("config", {})}, **more}


@pytest.mark.parametrize(
    ("suspect", "sentence"),
    [
        (layer("Lambda"), "the layer 'suspect' is a Lambda layer"),
        (layer("package>Lambda"), "Lambda"),
        (layer("lambda_layer.Lambda", module="keras.layers"), "Lambda"),
        (layer("ClassMethod"), "calls a method of any class of TensorFlow"),
        (layer("TFOpLambda", config={"function": "io.write_file"}), r"TensorFlow's function 'io\.write_file'"),
        (layer("TFOpLambda", config={"function": "compat.v1.py_func"}), "py_func"),
        (layer("TFOpLambda", config={"function": "raw_ops.ReadFile"}), "ReadFile"),
        (layer("InstanceMethod", config={"attr_name": "__reduce__"}), "calls '__reduce__' of a tensor"),
        (layer("TensorFlowOpLayer", config={"node_def": {"op": "WriteFile"}}), "TensorFlow's operator 'WriteFile'"),
        (layer("TensorFlowOpLayer", config={"node_def": {"op": "DebugIdentity"}}), "runs .*'DebugIdentity'"),
        (layer("base_layer.TensorFlowOpLayer", config={"node_def": "CAFE"}), "an operator that cannot be told"),
        (layer("TensorFlowOpLayer"), "an operator that cannot be told"),
        (
            layer("__typespec__", module="tf_keras.layers", spec_name="Lambda", registered_name="x"),
            "has the type 'Lambda' of TensorFlow",
        ),
        (
            layer("StringLookup", config={"vocabulary": "/etc/passwd"}),
            "reads its vocabulary from the file '/etc/passwd'",
        ),
        (layer("IntegerLookup", config={"vocabulary": "ids.txt"}), "ids.txt"),
        (layer("TextVectorization", config={"vocabulary": ["a"], "idf_weights": "w.txt"}), "reads its idf_weights"),
        (layer("EmbeddingColumn", config={"ckpt_to_load_from": "/nowhere/c"}), "ckpt_to_load_from"),
        (layer("get_file", module="keras.utils"), r"calls the function keras\.utils\.get_file"),
        (function("builtins", "exec"), "exec"),
        (function("keras.utils", "get_file"), "get_file"),
        (layer("system", module="os"), r"the custom class os\.system"),
    ],
)
def test_code_in_an_h5_is_found_before_keras_sees_it(suspect: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    config = {"class_name": "Functional", "config": {"name": "m", "layers": [layer("Dense"), suspect]}}
    refused(ModelFileError, f"m.h5 is refused: .*{sentence}", write_h5(tmp_path / "m.h5", config))


HARMFUL = [
    "experimental.register_filesystem_plugin",
    "compat.v1.resource_loader.load_resource",
    "compat.v1.import_graph_def",
    "import_graph_def",
    "keras.utils.get_file",
    "keras.models.load_model",
    "load_library",
    "load_op_library",
    "py_function",
    "numpy_function",
    "io.read_file",
    "saved_model.load",
    "raw_ops.ReadFile",
    "print",
    "map_fn",
    "while_loop",
    "Variable",
    "math.nothing.reduce_sum",
    "nn.relu\n",
    "nn.fixed_unigram_candidate_sampler",
    "random.set_seed",
    "__internal__.dispatch.add_dispatch_support",
    "__operators__.__loader__",
]


@pytest.mark.parametrize("name", HARMFUL)
def test_only_functions_that_compute_may_be_called(name: str, tmp_path: Path) -> None:
    call = [["x", 0, 0, {}]]
    for known in ((), {"mine": print}):
        suspect = {**layer("TFOpLambda", config={"function": name}), "inbound_nodes": call, "registered_name": "mine"}
        path = write_h5(tmp_path / "m.h5", {"class_name": "Functional", "config": {"layers": [suspect]}})
        with pytest.raises(ModelFileError, match=r"calls TensorFlow's function .*, which is no part of a model"):
            check_h5(path, dict(known))


def test_operators_that_compute_may_be_layers(tf_keras: Any, tmp_path: Path) -> None:
    """What Keras up to 2.3 wrote for calls of TensorFlow: here it is run, with the numbers that it stands for."""
    node = {"name": "twice", "op": "Mul", "input": ["x", "two"], "attr": {"T": {"type": "DT_FLOAT"}}}
    config = {"node_def": node, "constants": {"1": 2.0}, "name": "twice", "trainable": True, "dtype": "float32"}
    taken = {"name": "x", "batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "ragged": False}
    layers = [
        {"class_name": "InputLayer", "name": "x", "config": taken, "inbound_nodes": []},
        {"class_name": "TensorFlowOpLayer", "name": "twice", "config": config, "inbound_nodes": [[["x", 0, 0, {}]]]},
    ]
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["twice", 0, 0]]}
    whole = {"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}
    source = open_source(with_no_weights(write_h5(tmp_path / "m.h5", whole)))
    (answer,) = source.predict({"x": np.ones((2, 3), np.float32)}).values()
    np.testing.assert_array_equal(answer, np.full((2, 3), 2))


def with_no_weights(path: Path) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "a") as file:
        file["model_weights"].attrs["layer_names"] = []
    return path


def joined(*calls: tuple[str, list[tuple[str, int]]]) -> dict[str, Any]:
    """A functional model of Keras 2: each layer with what its one call takes."""
    layers = [
        {**layer("Activation"), "name": name, "inbound_nodes": [[[other, number, 0, {}] for other, number in taken]]}
        for name, taken in calls
    ]
    first = {**layer("InputLayer"), "name": "x", "inbound_nodes": []}
    return {"class_name": "Functional", "config": {"name": "m", "layers": [*reversed(layers), first]}}


@pytest.mark.parametrize(
    ("config", "stuck"),
    [
        (joined(("a", [("x", 0), ("b", 0)]), ("b", [("a", 0)])), "a|b"),
        (joined(("a", [("a", 0)])), "a"),
        (joined(("a", [("x", 7)])), "a"),
        ({"class_name": "Sequential", "config": {"layers": [layer("Dense"), joined(("a", [("x", -1)]))]}}, "a"),
    ],
)
def test_layers_that_wait_for_each_other_are_no_model(config: dict[str, Any], stuck: str, tmp_path: Path) -> None:
    """tf_keras tries again and again, without an end."""
    sentence = f"can be built: the layer '({stuck})' takes what is made of its own answer"
    refused(ModelFileError, sentence, write_h5(tmp_path / "m.h5", config))


def test_models_of_every_form_can_be_built(tf_keras: Any) -> None:
    layers = tf_keras.layers
    shared, x = layers.Dense(4, name="shared"), tf_keras.Input((4,), name="x")
    y = layers.Add()([shared(shared(x)), x])
    inner = tf_keras.Sequential([tf_keras.Input((4,)), layers.Dense(4), layers.Reshape((2, 2))], name="inner")
    z = layers.MultiHeadAttention(1, 2)(inner(y), value=inner(x))
    for output in (y, z, layers.LSTM(3)(z, initial_state=[shared(x)[:, :3], y[:, 1:]])):
        assert find_dead_end({"class_name": "Functional", "config": tf_keras.Model(x, output).get_config()}) is None


@pytest.mark.parametrize("name", ["str_ww_ref_model.h5", "vww_96.h5", "pretrainedResnet.h5", "ad01.h5"])
def test_models_of_others_can_be_built(name: str, shared_data: Path) -> None:
    (path,) = (shared_data / "mlperf-tiny").rglob(name)
    assert check_h5(path).config


def test_a_call_with_nothing_but_constants_is_refused(tmp_path: Path) -> None:
    constants: list[Any] = [
        ["_CONSTANT_VALUE", -1, "text", {}],
        [["_CONSTANT_VALUE", -1, ["x", 0, 0], {"n": 2}]],
        [["_CONSTANT_VALUE", -1, 1, {}], ["_CONSTANT_VALUE", -1, 2, {}]],
    ]
    for call in constants:
        suspect = {**layer("TFOpLambda", config={"function": "zeros"}), "inbound_nodes": [["x", 0, 0, {}], call]}
        path = write_h5(tmp_path / "m.h5", {"class_name": "Functional", "config": {"layers": [suspect]}})
        refused(ModelFileError, "the layer 'suspect' calls .*'zeros' with nothing but constants", path)


def test_models_that_call_tensorflow_are_taken(tf: Any, tf_keras: Any, tmp_path: Path) -> None:
    """What Keras 2 writes for the calls of usual models, by itself."""
    x = tf_keras.Input((8, 8, 3), name="x")
    y = tf.image.resize(tf.cast(x, tf.float32) / 127.5 - 1.0, (4, 4))
    y = tf.concat([y, tf.nn.relu(y), tf.ones_like(y)], -1)[:, 1:, :, :2]
    y = tf.reshape(y, (tf.shape(y)[0], 24))
    y = tf.stack(tf.unstack(tf.transpose(tf.pad(y, [[0, 0], [0, 1]])), 25), 1)
    y = tf.where(y > 0, y, 1.0 - tf.math.exp(-tf.clip_by_value(y, -1, 1)))
    y = tf.expand_dims(tf.reduce_mean(tf.split(y, 5, 1)[0], -1), -1) + tf.linalg.matmul(y, tf.ones((25, 2)))
    model = tf_keras.Model(x, tf.squeeze(tf.tile(tf.gather(tf.expand_dims(y, 2), [1, 0], axis=1), [1, 1, 1]), [2]))
    calls = [layer.function.__name__ for layer in model.layers if type(layer).__name__.endswith("OpLambda")]
    assert len(calls) > 20
    for name in ("m.h5", "m.keras"):
        model.save(tmp_path / name)
        source = open_source(tmp_path / name)
        pixels = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
        (answer,) = source.predict({"x": pixels}).values()
        np.testing.assert_allclose(answer, model(pixels), rtol=1e-5)


def test_functions_are_known_by_their_own_name(tmp_path: Path) -> None:
    """Keras finds a function by its config, whatever ``registered_name`` says; a class by its full name."""
    disguised = function("os", "system")
    disguised["config"]["activation"]["registered_name"] = "mine"
    path = write_h5(tmp_path / "m.h5", disguised, "3.15.1")
    with pytest.raises(ModelFileError, match="is the custom class os"):
        check_h5(path, {"mine": print})
    assert check_h5(write_h5(tmp_path / "n.h5", function("own", "mine"), "3.15.1"), {"mine": print}).config
    packaged = layer("Mine", module="own", registered_name="Mine")
    with pytest.raises(ModelFileError, match=r"own\.Mine"):
        check_h5(write_h5(tmp_path / "o.h5", packaged, "3.15.1"), {"package>Mine": print})


def test_what_another_keras_registered_is_unknown(keras: Any, tf_keras: Any, tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("refusals")
    class Registered(keras.layers.Layer):  # type: ignore[misc]
        pass

    config = layer("Registered", module="own", registered_name="refusals>Registered")
    assert check_h5(write_h5(tmp_path / "m.h5", config, "3.15.1")).version == "3.15.1"
    refused(ModelFileError, "whose code is not in the file", write_h5(tmp_path / "n.h5", config, "2.15.0"))


def test_hard_links_in_circles_and_deep_groups(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = write_h5(tmp_path / "m.h5", layer("Dense"))
    with h5py.File(path, "a") as file:
        group = file
        for _ in range(300):
            group = group.create_group("g")
            group["root"] = file["/"]
            group["above"] = group.parent
            group["soft"] = h5py.SoftLink("/nothing")
    assert check_h5(path).version == "2.15.0"
    with h5py.File(path, "a") as file:
        file["/".join(["g"] * 300)]["out"] = h5py.ExternalLink("other.h5", "/")
    refused(ModelFileError, "g/g/out' lies in another file", path)


def test_weights_that_unpack_to_more_than_they_can_be_are_refused(tmp_path: Path) -> None:
    """A data set of zeros that nothing was written to, and one that shrank to a thousandth of itself."""
    h5py = pytest.importorskip("h5py")
    path = write_h5(tmp_path / "m.h5", layer("Dense"))
    with h5py.File(path, "a") as file:
        file["model_weights"].create_dataset("kernel", (1 << 20, 1 << 20), "f4", chunks=(64, 64))
    refused(ModelFileError, r"m.h5 is refused: its weights would take 4,398\.0 GB after unpacking", path)
    with h5py.File(path, "a") as file:
        del file["model_weights/kernel"]
    assert check_h5(path).version == "2.15.0"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tf_keras: Any, tmp_path: Path) -> None:
    for version in ("2.15.0", "3.15.1"):
        path = tmp_path / "bomb.keras"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("config.json", json.dumps(layer("Dense")))
            archive.writestr("metadata.json", json.dumps({"keras_version": version}))
            with archive.open("model.weights.h5", "w") as member:
                for _ in range(300):
                    member.write(bytes(1 << 20))
        refused(ModelFileError, r"bomb.keras is refused: its model.weights.h5 would take 0\.3 GB after", path)


def test_weights_of_keras_2_in_other_files_are_refused(tf_keras: Any, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    picture_classifier(tf_keras).save(tmp_path / "whole.keras")
    (tmp_path / "secret").write_bytes(bytes(8))
    with zipfile.ZipFile(tmp_path / "whole.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def with_weights(name: str, weights: bytes) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member, content in {**members, "model.weights.h5": weights}.items():
                archive.writestr(member, content)
        return tmp_path / name

    for name in ("data.keras", "link.keras"):
        (tmp_path / "weights.h5").write_bytes(members["model.weights.h5"])
        with h5py.File(tmp_path / "weights.h5", "a") as file:
            if name == "data.keras":
                file.create_dataset("w", (2,), "f4", external=[(str(tmp_path / "secret"), 0, 8)])
            else:
                file["w"] = h5py.ExternalLink("whole.h5", "/")
        path = with_weights(name, (tmp_path / "weights.h5").read_bytes())
        refused(ModelFileError, f"{name} is refused: its part 'model.weights.h5:/w' lies in another file", path)
    cut = with_weights("cut.keras", members["model.weights.h5"][:1000])
    refused(ModelFileError, r"cut.keras is damaged: its model.weights.h5 cannot be read", cut)
    assert open_source(with_weights("same.keras", members["model.weights.h5"])).graph.info.name == "tf_keras"


def test_parts_in_other_files_are_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = write_h5(tmp_path / "m.h5", layer("Dense"))
    (tmp_path / "secret").write_bytes(b"12345678")
    with h5py.File(path, "a") as file:
        weights = file["model_weights"]
        weights.create_dataset("w", (2,), "f4", external=[(str(tmp_path / "secret"), 0, 8)])
    refused(ModelFileError, "its part '/model_weights/w' lies in another file", path)
    path = write_h5(tmp_path / "n.h5", layer("Dense"))
    with h5py.File(path, "a") as file:
        file["elsewhere"] = h5py.ExternalLink("m.h5", "/model_weights")
    refused(ModelFileError, "lies in another file", path)


def test_damaged_h5(keras: Any, tf_keras: Any, photos: Any, tmp_path: Path) -> None:
    photos.save(tmp_path / "m.h5")
    assert open_source(tmp_path / "m.h5").graph.info.name == "keras"
    whole = (tmp_path / "m.h5").read_bytes()
    for length in (9, 100, len(whole) // 2, len(whole) - 100):
        (tmp_path / "cut.h5").write_bytes(whole[:length])
        refused(ModelFileError, "cut.h5 is damaged or no HDF5 file", tmp_path / "cut.h5")
    photos.save_weights(tmp_path / "w.weights.h5")
    refused(ModelFileError, "has weights but no model.*call load_weights", tmp_path / "w.weights.h5")
    unknown = write_h5(
        tmp_path / "u.h5", {"class_name": "Sequential", "config": {"name": "m", "layers": [layer("Mine")]}}
    )
    refused(ModelFileError, "cannot be loaded by tf_keras .*'Mine'.*--custom FILE.py", unknown)


def test_keras_2_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import edgekit.extras

    real = edgekit.extras.find_spec
    monkeypatch.setattr(edgekit.extras, "find_spec", lambda name: None if name == "tf_keras" else real(name))
    refused(MissingExtraError, "Keras 2.15.0 needs the extra 'legacy'", write_h5(tmp_path / "m.h5", layer("Dense")))


LAYERS = """
import keras

class Tripled(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 3
"""


ENDS = (("import sys\nsys.exit()", "SystemExit.*line 2"), ("raise SystemExit('no GPU')", "SystemExit: no GPU"))


def test_custom_layers(keras: Any, tmp_path: Path) -> None:
    (tmp_path / "own_layers.py").write_text(LAYERS)
    objects = load_custom_objects(tmp_path / "own_layers.py")
    assert list(objects) == ["Tripled"]
    keras.Sequential([keras.Input((4,)), objects["Tripled"]()]).save(tmp_path / "m.keras")
    refused(
        ModelFileError,
        r"Tripled, whose code is not in the file\. .* name .*--custom",
        tmp_path / "m.keras",
    )
    source = open_source(tmp_path / "m.keras", options=SourceOptions(custom_objects=objects))
    (name,) = (tensor.name for tensor in source.spec.inputs)
    (answer,) = source.predict({name: np.ones((2, 4), np.float32)}).values()
    np.testing.assert_array_equal(answer, np.full((2, 4), 3))
    for text, sentence in (
        ("x = 1", "defines no class"),
        ("1 / 0", "ZeroDivisionError.*line 1"),
        ("(", "SyntaxError"),
        *ENDS,
    ):
        (tmp_path / "bad.py").write_text(text)
        with pytest.raises(UsageError, match=sentence):
            load_custom_objects(tmp_path / "bad.py")


def test_keras_2_files_in_the_format_of_keras_3(tf_keras: Any, tmp_path: Path) -> None:
    picture_classifier(tf_keras).save(tmp_path / "old.keras")
    source = open_source(tmp_path / "old.keras")
    assert (source.graph.info.name, source.spec.name) == ("tf_keras", "old")


def test_signatures(tf: Any, tmp_path: Path) -> None:
    module = tf.Module()
    module.weights = tf.Variable(tf.ones((4, 3)))
    call = tf.function(
        lambda x: tf.nn.softmax(x @ module.weights), input_signature=[tf.TensorSpec([None, 4], name="x")]
    )
    signatures = {"a": call.get_concrete_function(), "b": call.get_concrete_function()}
    tf.saved_model.save(module, str(tmp_path / "m_1.5"), signatures=signatures)
    refused(UsageError, "has the signatures a, b. Choose one with --signature NAME", tmp_path / "m_1.5")
    refused(UsageError, "has no signature 'c'. It has: a, b", tmp_path / "m_1.5", signature="c")
    source = open_source(tmp_path / "m_1.5", options=SourceOptions(signature="b", labels=["x", "y", "z"]))
    assert (source.spec.name, source.spec.task, source.spec.activation) == ("m_1.5", "tensors", "softmax")
    assert source.spec.is_classifier


def test_a_saved_model_whose_objects_are_others_is_a_sentence(tf: Any, tmp_path: Path) -> None:
    """Every child of every object is made the model itself, its signatures, too."""
    from tensorflow.core.protobuf import saved_model_pb2

    module = tf.Module()
    module.call = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None, 4], name="x")], autograph=False)
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": module.call})
    (tmp_path / "m" / "fingerprint.pb").unlink()
    saved = saved_model_pb2.SavedModel.FromString((tmp_path / "m" / "saved_model.pb").read_bytes())
    for item in saved.meta_graphs[0].object_graph_def.nodes:
        for child in item.children:
            child.node_id = 0
    (tmp_path / "m" / "saved_model.pb").write_bytes(saved.SerializeToString())
    refused(ModelFileError, "m cannot be loaded by TensorFlow", tmp_path / "m")


@pytest.mark.parametrize(
    "value", [None, 5, "x", [], {}, [["x", 0, 0]], {"layers": [1, None]}, {"layers": 5}, {"class_name": ["a"]}]
)
def test_a_configuration_may_hold_anything_anywhere(value: Any) -> None:
    """The checks are for hostile files: whatever stands in one, they answer."""
    operator = layer("TensorFlowOpLayer", config={"node_def": {"op": "Add"}})
    inner = {"class_name": "Sequential", "name": "s", "config": {"layers": [operator]}, "inbound_nodes": [["a", 0, 0]]}
    whole = joined(("a", [("x", 0)]), ("b", [("a", 0)]))
    whole["config"]["layers"] += [inner, layer("TFOpLambda", config={"function": "nn.relu"})]
    for place in places(whole):
        changed = json.loads(json.dumps(whole))
        item = changed
        for key in place[:-1]:
            item = item[key]
        item[place[-1]] = value
        for check in (find_code, find_held_code, find_dead_end):
            assert isinstance(check(changed), str | None)


def places(item: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to everything in a JSON document."""
    for key in item if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ():
        yield (*above, key)
        yield from places(item[key], (*above, key))


def test_a_model_that_normalizes_itself_is_not_scaled_twice_without_a_word(keras: Any) -> None:
    layers = keras.layers
    stack = [layers.Rescaling(1 / 255), layers.GlobalAveragePooling2D(), layers.Dense(2, "softmax")]
    model = keras.Sequential([keras.Input((8, 8, 3)), *stack])
    options = {"labels": ["a", "b"]}
    assert not any("Caution" in text for text in open_source(model, options=SourceOptions.of(options)).remarks)
    twice = open_source(model, options=SourceOptions.of({**options, "scale": 1 / 255}))
    assert any("normalizes pixels itself" in text for text in twice.remarks)


def test_what_tensorflow_warns_of_at_loading_is_no_business_of_an_export(
    keras: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It warns of gradients that were not saved, as those of silu."""
    import tensorflow as tf

    module = tf.Module()
    module.serve = tf.function(tf.nn.silu, input_signature=[tf.TensorSpec((None, 3), tf.float32, "x")])
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    signatures = {"serving_default": module.serve}
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=signatures, options=options)
    monkeypatch.setattr(tf.get_logger(), "propagate", True)
    caplog.clear()
    tf.saved_model.load(str(tmp_path / "saved"))
    assert "custom gradients" in caplog.text
    caplog.clear()
    open_source(tmp_path / "saved")
    assert caplog.text == ""
