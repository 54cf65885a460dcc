from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.errors import ModelFileError
from edgekit.spec import ModelSpec
from edgekit.tflite.describe import describe, quantization_text
from edgekit.tflite.embed import embed
from edgekit.tflite.model import Quantization, Tensor


def test_every_model_is_described(zoo: dict[str, Path]) -> None:
    assert len(zoo) > 50
    for path in zoo.values():
        description = describe(path)
        document = json.loads(json.dumps(description.to_dict(), allow_nan=False))
        assert document["size_bytes"] == path.stat().st_size
        assert description.inputs
        assert description.outputs
        assert description.ops
        assert not description.own_digest
        assert description.spec is None


def test_op_counts_are_those_of_the_edge_tpu_table(shared_data: Path) -> None:
    with (shared_data / "edge-tpu" / "pairs.tsv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    assert len(rows) > 10
    for row in rows:
        source = {op.name: op.count for op in describe(shared_data / row["source"]).ops}
        assert source == json.loads(row["source_ops"]), row["source"]
        compiled = {op.name: op.count for op in describe(shared_data / row["edgetpu"]).ops}
        assert compiled.pop("CUSTOM:edgetpu-custom-op") == int(row["n_edgetpu_custom_op"]), row["edgetpu"]
        assert compiled == json.loads(row["edgetpu_remaining_ops"]), row["edgetpu"]


def test_an_exported_model_tells_all(converted: dict[str, bytes], spec: ModelSpec, tmp_path: Path) -> None:
    path = tmp_path / "blümchen.int8.tflite"
    path.write_bytes(embed(converted["int8"], spec))
    description = describe(path)
    assert description.file == str(path)
    assert (description.own_digest, description.spec) == (True, spec)
    assert description.signatures == ("serving_default",)
    (pixels,), (scores,) = description.inputs, description.outputs
    assert (pixels.name, pixels.shape, pixels.dtype) == ("image", (1, 24, 24, 3), "uint8")
    assert pixels.quantization == "scale 1, zero point 0"
    assert (scores.name, scores.shape) == ("probabilities", (1, 3))
    assert description.metadata is not None
    assert description.metadata.labels == 3
    assert (description.metadata.mean, description.metadata.std) == ((0.0,), (1.0,))
    assert description.runtime_version is not None
    assert description.runtime_version[0].isdigit()
    assert (description.notes, description.custom_ops) == ((), ())
    # 3x3x3x8 + 8, 3x3x8 + 8, 8x128 + 128, 128x3 (its bias is zero and was dropped)
    assert description.parameters == 224 + 80 + 1152 + 384
    assert sum(op.macs for op in description.ops) == description.macs > 0


def test_floats_take_four_times_the_bytes_of_int8(converted: dict[str, bytes], tmp_path: Path) -> None:
    sizes = {}
    for precision in ("fp32", "fp16"):
        path = tmp_path / f"{precision}.tflite"
        path.write_bytes(converted[precision])
        description = describe(path)
        sizes[precision] = description.parameter_bytes
        assert description.parameters == 1840
    assert sizes == {"fp32": 1840 * 4, "fp16": 1840 * 2}


def test_unknown_sizes_and_custom_ops_are_noted(zoo: dict[str, Path]) -> None:
    dynamic = describe(zoo["tflite-zoo/tflite-support/dilated_conv.tflite"])
    assert dynamic.inputs[0].shape == (None, None, None, 3)
    assert any("unknown size" in note for note in dynamic.notes)
    custom = describe(zoo["tflite-zoo/tflite-micro/person_detect_vela.tflite"])
    assert custom.custom_ops == ("CUSTOM:ethos-u",)
    assert custom.notes == ("It needs a runtime with the custom ops ethos-u.",)


def test_a_broken_spec_or_metadata_is_a_note(converted: dict[str, bytes], spec: ModelSpec, tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(embed(converted["fp32"], spec).replace(b'{"schema": 1,', b'{"schema": 9,').replace(b"M001", b"M9"))
    with pytest.raises(ModelFileError):
        describe(path)  # one byte is gone, so every offset is wrong
    path.write_bytes(
        embed(converted["fp32"], spec).replace(b'{"schema": 1,', b'{"schema": 9,').replace(b"M001", b"M999")
    )
    description = describe(path)
    assert (description.spec, description.metadata, description.own_digest) == (None, None, False)
    assert len(description.notes) == 2


@pytest.mark.parametrize(
    ("quantization", "text"),
    [
        (None, None),
        (Quantization((0.5,), (3,)), "scale 0.5, zero point 3"),
        (Quantization((0.5,), ()), "scale 0.5, zero point 0"),
        (Quantization((0.5, 0.25), (0, 0), 3), "2 scales along dimension 3 (0.5, 0.25)"),
        (Quantization(tuple(float(i) for i in range(1, 20)), (), 0), "19 scales along dimension 0 (1 to 19)"),
        (Quantization((), (), block_size=32), "one scale for each block of 32"),
    ],
)
def test_quantization_in_words(quantization: Quantization | None, text: str | None) -> None:
    assert quantization_text(Tensor(0, "t", (1,), (1,), "int8", quantization, 0, 0)) == text


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from edgekit.tflite import describe, embed, checks; "
        "print([m for m in ('tensorflow', 'keras', 'ai_edge_litert', 'flatbuffers', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
