from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.tflite.macs import count_macs
from edgekit.tflite.model import Operator, Subgraph, Tensor, TFLiteModel, read_model


@pytest.mark.parametrize(
    ("file", "millions"),
    [
        # The published figures: MobileNet v1's README, the MobileNetV2 paper, MLPerf Tiny's paper.
        ("tflite-zoo/tflite-support/mobilenet_v1_0.25_224_quant.tflite", 41),
        ("edge-tpu/test_data/mobilenet_v1_0.5_160_quant.tflite", 76),
        ("edge-tpu/test_data/mobilenet_v1_0.75_192_quant.tflite", 239),
        ("edge-tpu/test_data/mobilenet_v2_1.0_224_quant.tflite", 300),
        ("tflite-zoo/tflite-micro/mobilenet_v2_quantized_1x3x224x224.tflite", 300),
        ("mlperf-tiny/image_classification/trained_models/pretrainedResnet_quant.tflite", 12.5),
        ("mlperf-tiny/visual_wake_words/trained_models/vww_96_int8.tflite", 7.5),
        ("mlperf-tiny/keyword_spotting/trained_models/kws_ref_model.tflite", 2.7),
        ("mlperf-tiny/anomaly_detection/trained_models/ad01_int8.tflite", 0.264),
    ],
)
def test_macs_match_the_literature(zoo: dict[str, Path], file: str, millions: float) -> None:
    count = count_macs(read_model(zoo[file]))
    assert count.total / 1e6 == pytest.approx(millions, rel=0.03)
    assert sum(count.by_op.values()) == count.total
    assert count.uncounted == ()


def test_the_converted_model_is_counted_exactly(converted: dict[str, bytes]) -> None:
    by_op = {
        "CONV_2D": 11 * 11 * 8 * 3 * 3 * 3 + 9 * 9 * 128 * 8,
        "DEPTHWISE_CONV_2D": 9 * 9 * 8 * 3 * 3,
        "FULLY_CONNECTED": 128 * 3,
    }
    for data in converted.values():
        assert count_macs(read_model(data)).by_op == by_op


def test_an_lstm_has_its_steps_times_its_weights(zoo: dict[str, Path]) -> None:
    model = read_model(zoo["tflite-zoo/tflite-micro/trained_lstm.tflite"])
    steps, inputs, units, classes = 28, 28, 20, 10
    by_op = count_macs(model).by_op
    assert by_op["UNIDIRECTIONAL_SEQUENCE_LSTM"] == steps * 4 * units * (inputs + units)
    assert by_op["FULLY_CONNECTED"] == steps * units * classes


def test_custom_ops_are_not_counted_but_named(zoo: dict[str, Path]) -> None:
    count = count_macs(read_model(zoo["tflite-zoo/tflite-micro/person_detect_vela.tflite"]))
    assert count.total == 0
    assert count.uncounted == ("CUSTOM:ethos-u",)


def _one_op(name: str, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> TFLiteModel:
    shapes = [*inputs, output]
    tensors = tuple(Tensor(i, f"t{i}", shape, shape, "float32", None, 0, 0) for i, shape in enumerate(shapes))
    operator = Operator(0, name, 0, "", 1, tuple(range(len(inputs))), (len(inputs),))
    graph = Subgraph("main", tensors, (operator,), (0,), (len(inputs),))
    return TFLiteModel("made", 3, "", (graph,), (), (), {}, memoryview(b""))


@pytest.mark.parametrize(
    ("name", "inputs", "output", "macs"),
    [
        ("TRANSPOSE_CONV", [(4,), (5, 3, 3, 2), (1, 4, 4, 2)], (1, 8, 8, 5), 4 * 4 * 2 * 5 * 3 * 3),
        ("CONV_3D", [(1, 4, 4, 4, 2), (3, 3, 3, 2, 7)], (1, 2, 2, 2, 7), 8 * 7 * 27 * 2),
        ("CONV_3D_TRANSPOSE", [(5,), (2, 2, 2, 7, 3), (1, 2, 2, 2, 3)], (1, 4, 4, 4, 7), 8 * 3 * 8 * 7),
        ("BATCH_MATMUL", [(6, 3, 5), (6, 5, 4)], (6, 3, 4), 6 * 3 * 5 * 4),
        ("RNN", [(2, 8), (16, 8), (16, 16), (16,), (2, 16)], (2, 16), 2 * (16 * 8 + 16 * 16)),
        ("SVDF", [(1, 8), (16, 8), (16, 10), (16,), (1, 160)], (1, 16), 16 * 8 + 16 * 10),
        ("LSTM", [(1, 8), (1, 4), (16, 12), (16,), (1, 4)], (1, 4), 16 * 12),
        ("CONV_2D", [(1, 8, 8, 4), (6, 3, 3, 2)], (1, 8, 8, 6), 8 * 8 * 6 * 3 * 3 * 2),
        ("ADD", [(1, 8), (1, 8)], (1, 8), 0),
    ],
)
def test_macs_of_one_op(name: str, inputs: list[tuple[int, ...]], output: tuple[int, ...], macs: int) -> None:
    assert count_macs(_one_op(name, inputs, output)).total == macs


@pytest.mark.parametrize("inputs", [[(1, 8, 8, 3)], [(1, 8, 8, 3), (3,)]])
def test_an_op_without_its_weights_is_uncounted(inputs: list[tuple[int, ...]]) -> None:
    assert count_macs(_one_op("CONV_2D", inputs, (1, 8, 8, 4))).uncounted == ("CONV_2D",)
