"""The notes beside the table: what public logs show on the CPU, or where the compiler failed, though rules are kept."""

from __future__ import annotations

import pytest

from edgekit.edgetpu.mapping import Mapping, map_model
from edgekit.tflite.flatbuffer_writer import Scalar
from tests.edgetpu.models import Op, T, bias, build, ints, weights

IMAGE = T((1, 8, 8, 4))


def mapping_of(name: str, tensors: list[T], compiler: str = "16", options: dict[int, Scalar] | None = None) -> Mapping:
    *inputs, _ = range(len(tensors))
    computed = [index for index in inputs if not tensors[index].data]
    op = Op(name, inputs, [len(tensors) - 1], 1, options or {})
    return map_model(build(tensors, [op], computed, [len(tensors) - 1]), compiler)


# Each of a size that stayed on the CPU in a public log, and one that is well below.
LARGE = [
    ("MEAN", [T((1, 256, 128, 4)), ints(1, 2), T((1, 4))], [T((1, 64, 128, 4)), ints(1, 2), T((1, 4))]),
    ("TRANSPOSE", [T((1, 64, 32, 32)), ints(0, 2, 3, 1), T((1, 32, 32, 64))], [IMAGE, ints(0, 2, 3, 1), IMAGE]),
    ("LOGISTIC", [T((1, 8400, 80)), T((1, 8400, 80))], [IMAGE, IMAGE]),
    ("CONCATENATION", [T((1, 60, 152, 45)), T((1, 60, 152, 45)), T((1, 60, 152, 90))], [IMAGE, IMAGE, T((1, 8, 8, 8))]),
    ("RESHAPE", [T((1, 80, 80, 64)), ints(1, 6400, 64), T((1, 6400, 64))], [IMAGE, ints(1, 256), T((1, 256))]),
]


@pytest.mark.parametrize(("name", "large", "small"), LARGE)
def test_large_tensors_are_doubted(name: str, large: list[T], small: list[T]) -> None:
    mapping = mapping_of(name, large)
    assert mapping.fully_mapped
    assert [note for note in mapping.notes if note.startswith(f"{name} of large tensors")]
    assert mapping_of(name, small).notes == ()


def test_a_stride_may_stop_compiler_16() -> None:
    tensors = [IMAGE, ints(0, 0, 0, 0), ints(1, 8, 8, 4), ints(1, 2, 2, 1), T((1, 4, 4, 4))]
    assert any("not supported on DarwiNN" in note for note in mapping_of("STRIDED_SLICE", tensors).notes)
    assert mapping_of("STRIDED_SLICE", tensors, "15").notes == ()
    tensors[3] = ints(1, 1, 1, 1)
    assert mapping_of("STRIDED_SLICE", tensors).notes == ()


def test_a_constant_of_one_channel_may_stop_it() -> None:
    assert any("non-broadcastable" in note for note in mapping_of("MUL", [IMAGE, weights(1, 8, 8, 1), IMAGE]).notes)
    assert mapping_of("MUL", [IMAGE, weights(4), IMAGE]).notes == ()
    assert mapping_of("MUL", [IMAGE, weights(1), IMAGE]).notes == ()


def test_large_activations_may_stop_it() -> None:
    large = T((1, 1024, 1024, 64))
    (note,) = mapping_of("RELU", [large, large]).notes
    assert "large activation tensors" in note
    assert "--search_delegate" in note
    (note,) = mapping_of("RELU", [T(large.shape, "uint8"), T(large.shape, "uint8")], "2").notes
    assert "--search_delegate" not in note
    assert mapping_of("RELU", [T((1, 112, 112, 64)), T((1, 112, 112, 64))]).notes == ()


def test_a_dense_layer_and_an_lstm_may_be_too_big() -> None:
    def dense(inputs: int) -> Mapping:
        return mapping_of("FULLY_CONNECTED", [T((1, inputs)), weights(2, inputs), bias(2), T((1, 2))])

    def sequence(inputs: int) -> Mapping:
        tensors = [T((1, 5, inputs)), weights(6, inputs), weights(6, 6), T((1, 5, 6))]
        return mapping_of("UNIDIRECTIONAL_SEQUENCE_LSTM", tensors)

    assert "14,400 inputs" in dense(14_400).notes[0]
    assert dense(2560).notes == ()
    assert "1,280 numbers" in sequence(1280).notes[0]
    assert sequence(900).notes == ()


def test_several_rows_may_be_mapped_after_all() -> None:
    tensors = [T((7, 16)), weights(5, 16), bias(5), T((7, 5))]
    assert mapping_of("FULLY_CONNECTED", tensors).left == 1
    assert any("several rows" in note for note in mapping_of("FULLY_CONNECTED", tensors).notes)
    assert mapping_of("FULLY_CONNECTED", [T((1, 16)), weights(5, 16), bias(5), T((1, 5))]).notes == ()


def test_several_rows_of_floats_are_not_doubted() -> None:
    floats = [T((7, 16), "float32"), weights(5, 16), T((7, 5), "float32")]
    assert not any("several rows" in note for note in mapping_of("FULLY_CONNECTED", floats).notes)


@pytest.mark.parametrize(("first", "noted"), [("PAD", True), ("RELU", False)])
def test_a_pad_beside_a_resize_may_stop_it(first: str, noted: bool) -> None:
    large = T((1, 16, 16, 4))
    source = T((1, 14, 14, 4)) if first == "PAD" else large
    tensors = [source, IMAGE, ints(0, 0, 1, 1, 1, 1, 0, 0), ints(16, 16), large, large, large]
    ops = [
        Op(first, [0, 2] if first == "PAD" else [0], [4]),
        Op("RESIZE_NEAREST_NEIGHBOR", [1, 3], [5]),
        Op("ADD", [4, 5], [6]),
    ]
    mapping = map_model(build(tensors, ops, [0, 1], [6]))
    assert mapping.fully_mapped
    assert any("feed one ADD" in note for note in mapping.notes) == noted


def test_numbers_without_a_scale_are_doubted() -> None:
    bare = T((1, 8, 8, 4), scales=())
    assert any("without a scale" in note for note in mapping_of("RELU", [bare, bare]).notes)


def test_a_graph_without_ops_says_so() -> None:
    mapping = map_model(build([IMAGE], [], [0], [0]))
    assert (mapping.mapped, mapping.left, mapping.fully_mapped) == (0, 0, False)
    assert any("no op" in note for note in mapping.notes)
