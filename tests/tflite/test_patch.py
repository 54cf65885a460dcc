"""Numbers changed in place, and constants that get a buffer of their own."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.errors import ModelFileError
from edgekit.tflite.model import TFLiteModel, read_model
from edgekit.tflite.patch import with_constants


def find_bias(model: TFLiteModel) -> int:
    """A dense layer's or convolution's bias."""
    kinds = ("CONV_2D", "FULLY_CONNECTED")
    return next(operator.inputs[2] for operator in model.subgraphs[0].operators if operator.name in kinds)


def constant(model: TFLiteModel, index: int) -> bytes:
    return bytes(model.buffer(model.subgraphs[0].tensors[index].buffer))


def test_a_constant_of_its_own_is_overwritten(converted: dict[str, bytes]) -> None:
    before = read_model(converted["int8"])
    bias = find_bias(before)
    wanted = (np.frombuffer(constant(before, bias), "<i4") + 7).tobytes()
    data = with_constants(converted["int8"], {bias: wanted})
    after = read_model(data)
    assert len(data) == len(converted["int8"])
    assert constant(after, bias) == wanted
    others = [tensor.index for tensor in after.subgraphs[0].tensors if tensor.index != bias]
    assert [constant(after, index) for index in others] == [constant(before, index) for index in others]


def test_a_shared_constant_changes_for_one_tensor_only(converted: dict[str, bytes]) -> None:
    pytest.importorskip("tensorflow")
    data, bias, other = share_a_buffer(converted["int8"])
    before = read_model(data)
    wanted = bytes(reversed(constant(before, bias)))
    changed = with_constants(data, {bias: wanted})
    after = read_model(changed)
    assert constant(after, bias) == wanted
    assert constant(after, other) == constant(before, other)
    assert after.signatures == before.signatures
    # Still a model that runs.
    from edgekit.runtime.engines.litert import LiteRTEngine

    with_it = LiteRTEngine(changed)
    (info,) = with_it.inputs
    shape = tuple(size or 1 for size in info.shape)
    assert with_it.run({info.name: np.zeros(shape, info.dtype)})
    with_it.close()


def share_a_buffer(data: bytes) -> tuple[bytes, int, int]:
    """A model in which two constants of the same size have one buffer; their tensors' indices."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    bias = find_bias(read_model(data))
    tensors = model.subgraphs[0].tensors
    tensors.append(schema.TensorT())
    tensors[-1].__dict__.update({**tensors[bias].__dict__, "name": b"twin"})
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output()), bias, len(tensors) - 1


def test_another_size_is_refused(converted: dict[str, bytes]) -> None:
    bias = find_bias(read_model(converted["int8"]))
    with pytest.raises(ModelFileError, match="bytes, not 3"):
        with_constants(converted["int8"], {bias: b"abc"})
