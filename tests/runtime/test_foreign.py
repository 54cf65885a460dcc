"""What models that others made are taken for, and what a person is told of it."""

from __future__ import annotations

import dataclasses

import pytest

from edgekit.errors import UnsupportedModelError
from edgekit.runtime import load
from edgekit.runtime.foreign import find_activation, make_labels, read_foreign
from edgekit.runtime.pixels import Normalization
from edgekit.tflite.metadata import TFLiteMetadata
from edgekit.tflite.model import read_model

NOTHING = "nothing in the file says what its numbers mean"
FITTED = "Photos are stretched to the model's size, as MediaPipe does; the file does not say how they are fitted."
BYTES = "The pixels' bytes are the input, as is the convention for uint8."
UNNAMED = "Channels are red, green, blue; the file does not name their order."

ZOO = {
    "ai-edge-quantizer/blockwise_i4rangedvalues_fc": NOTHING,
    "ai-edge-quantizer/conv_fc_mnist": NOTHING,
    "ai-edge-quantizer/conv_fc_mnist_srq_a8w8": NOTHING,
    "ai-edge-quantizer/insert_dequant_test": NOTHING,
    "ai-edge-quantizer/mnist_quantized": NOTHING,
    "ai-edge-quantizer/partly_quantized_mnist": NOTHING,
    "tflite-micro/dtln_noise_suppression": NOTHING,
    "tflite-micro/hello_world_float": NOTHING,
    "tflite-micro/hello_world_int8": NOTHING,
    "tflite-micro/micro_speech_quantized": NOTHING,
    "tflite-micro/mobilenet_v2_quantized_1x3x224x224": NOTHING,
    "tflite-micro/trained_lstm": NOTHING,
    "tflite-micro/trained_lstm_int8": NOTHING,
    "tflite-support/dilated_conv": "its metadata has no labels",
    "tflite-support/mobilenet_v1_0.25_224_1_default_1": NOTHING,
    "tflite-support/movie_review": NOTHING,
    "tflite-support/automl_labeler_model": (5, FITTED, BYTES),
    "tflite-support/mobilenet_v1_0.25_224_1_metadata_1": (
        1001,
        FITTED,
        "Pixels are normalized as its metadata says: (pixel - 127.5) / 127.5.",
    ),
    "tflite-support/mobilenet_v1_0.25_224_quant": (1001, FITTED, BYTES),
    "tflite-support/mobilenet_v1_0.25_224_quant_without_subgraph_metadata": (1001, FITTED, UNNAMED, BYTES),
}
"""File to why it is run on raw tensors; or to the number of its labels and what is assumed of a photo."""

REFUSED = {
    "tflite-micro/audio_preprocessor_int8": "custom operator 'SignalWindow'",
    "tflite-micro/keyword_scrambled_8bit": "crashes the interpreter",
    "tflite-micro/person_detect": "quantized_dimension must be in range",
    "tflite-micro/person_detect_vela": "compiled for an Arm Ethos-U NPU",
    "tflite-support/test_model_nl_classifier_with_associated_label": "custom operator 'CUSTOM_OP_STRING_TO_FLOATS'",
}

OTHER_TASKS = {
    "edge-tpu/test_data/deeplabv3_mnv2_dm05_pascal_quant": "int64",  # segmentation
    "edge-tpu/test_data/movenet_single_pose_lightning_ptq": "float32",  # key points
    "edge-tpu/compiler-logs/asr_edgetpu_demo/ASR_Model": "uint8",  # speech, in the form of a small gray photo
    "mlperf-tiny/keyword_spotting/trained_models/kws_ref_model": "int8",
    "mlperf-tiny/anomaly_detection/trained_models/ad01_int8": "int8",
}


@pytest.fixture
def support(shared_data):
    return shared_data / "tflite-zoo/tflite-support"


def test_the_tables_have_every_file_of_the_collection(shared_data):
    zoo = shared_data / "tflite-zoo"
    files = {path.relative_to(zoo).with_suffix("").as_posix() for path in zoo.rglob("*.tflite")}
    assert files == ZOO.keys() | REFUSED.keys()


@pytest.mark.parametrize(("file", "expected"), ZOO.items())
def test_what_a_file_is_taken_for(shared_data, file, expected):
    foreign = read_foreign(read_model(shared_data / "tflite-zoo" / f"{file}.tflite"), "name")
    if isinstance(expected, str):
        assert foreign.spec is None
        assert foreign.assumptions == (f"It is run on raw tensors: {expected}.",)
    else:
        assert foreign.spec is not None
        assert (len(foreign.spec.labels), *foreign.assumptions) == expected


@pytest.mark.parametrize(("file", "reason"), REFUSED.items())
def test_what_cannot_run_here_is_refused_with_the_reason(shared_data, file, reason):
    with pytest.raises(UnsupportedModelError, match=reason):
        load(shared_data / "tflite-zoo" / f"{file}.tflite")


def test_everything_compiled_for_an_edge_tpu_is_refused_as_that(shared_data):
    files = sorted((shared_data / "edge-tpu").rglob("*_edgetpu.tflite"))
    assert len(files) > 5
    for file in files[:: len(files) // 5]:
        with pytest.raises(UnsupportedModelError, match=r"compiled for a Coral Edge TPU and runs only there\. Use"):
            load(file)


def test_a_classifier_that_lost_its_labels_says_so(shared_data, tmp_path):
    whole = (shared_data / "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_1_metadata_1.tflite").read_bytes()
    path = tmp_path / "cut.tflite"
    path.write_bytes(whole[:-5000])
    with load(path) as model:
        (sentence,) = model.assumptions
    assert "names the labels labels.txt, which are not in it: it seems to be cut off at its end" in sentence


def test_operators_of_full_tensorflow_are_refused_as_such(tmp_path):
    tf = pytest.importorskip("tensorflow")
    module = tf.Module()
    module.serve = tf.function(lambda x: tf.math.erf(x), input_signature=[tf.TensorSpec((3,), tf.float32)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    path = tmp_path / "flex.tflite"
    path.write_bytes(converter.convert())
    with pytest.raises(UnsupportedModelError, match=r"operators of full TensorFlow \(Flex\)"):
        load(path)


@pytest.mark.parametrize(("file", "dtype"), OTHER_TASKS.items())
def test_other_tasks_run_on_raw_tensors(shared_data, file, dtype):
    from edgekit.runtime.trial import zeros

    with load(shared_data / f"{file}.tflite") as model:
        assert model.spec is None
        assert model.assumptions
        answers = model.predict({info.name: zeros(info) for info in model.engine.inputs})
        assert [array.dtype.name for array in answers.values()] == [dtype]


def test_a_scalar_is_an_input_like_any_other(tmp_path):
    import numpy as np

    tf = pytest.importorskip("tensorflow")
    module = tf.Module()
    module.serve = tf.function(lambda one: {"twice": one * 2.0}, input_signature=[tf.TensorSpec((), tf.float32, "one")])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    path = tmp_path / "scalar.tflite"
    path.write_bytes(converter.convert())
    with load(path) as model:
        for value in (3.0, -0.5):
            assert model.predict({"one": np.array(value, np.float32)})["twice"] == 2 * value


def test_a_float_classifier(support):
    foreign = read_foreign(read_model(support / "mobilenet_v1_0.25_224_1_metadata_1.tflite"), "mobilenet")
    assert foreign.normalization == Normalization((127.5,), (127.5,))
    assert foreign.spec is not None
    assert foreign.spec.activation == "softmax"
    assert foreign.spec.image is not None
    assert foreign.spec.image.shape == (224, 224, 3)
    assert foreign.spec.image.resize == "stretch"


def test_tensors_that_do_not_fit_the_metadata_leave_a_doubt(support):
    model = read_model(support / "automl_labeler_model.tflite")
    (graph,) = model.subgraphs

    def doubt(**changes):
        tensors = [dataclasses.replace(one, **changes.get(one.name, {})) for one in graph.tensors]
        inputs = changes.get("inputs", graph.inputs)
        changed = dataclasses.replace(graph, tensors=tuple(tensors), inputs=inputs)
        foreign = read_foreign(dataclasses.replace(model, subgraphs=(changed,)), "name")
        assert foreign.spec is None
        return foreign.assumptions[0]

    pixels, scores = model.inputs[0].name, model.outputs[0].name
    assert "it has 2 inputs" in doubt(inputs=graph.inputs * 2)
    assert "uint8 [1, 20, 11, 7], is no photo, and the metadata calls it image" in doubt(
        **{pixels: {"shape": (1, 20, 11, 7)}}
    )
    assert "it answers [1, 6], which are not one number for each of its 5 labels" in doubt(
        **{scores: {"shape": (1, 6)}}
    )
    assert "how its pixels are normalized" in doubt(**{pixels: {"quantization": None}})


@pytest.mark.parametrize(
    ("file", "activation"),
    [
        ("tflite-support/mobilenet_v1_0.25_224_quant.tflite", "softmax"),
        ("tflite-micro/dtln_noise_suppression.tflite", "sigmoid"),
        ("tflite-micro/hello_world_float.tflite", "none"),
    ],
)
def test_the_activation_is_read_from_the_graph(shared_data, file, activation):
    assert find_activation(read_model(shared_data / "tflite-zoo" / file)) == activation


def test_equal_labels_get_ids_of_their_own():
    metadata = TFLiteMetadata("", "", "", "", "", "", (), (), ("crane", "dog", "crane"), (), ())
    labels = make_labels(metadata)
    assert [label.id for label in labels] == ["crane (1)", "dog", "crane (2)"]
    assert [label.names.get("en") for label in labels] == ["crane", None, "crane"]
