"""The measurement in a process of its own."""

from __future__ import annotations

import pytest

from edgekit.errors import TargetError
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.worker import Job, measure_in_child

SHORT = LatencyProtocol(warmup_runs=2, warmup_seconds=0, min_runs=20, min_seconds=0, max_seconds=20)


def test_a_model_is_measured(shared_data):
    path = shared_data / "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_1_metadata_1.tflite"
    measured = measure_in_child(Job(str(path), SHORT, threads=2))
    assert measured.latency.runs == 20
    assert 0 < measured.latency.min <= measured.latency.p50 <= measured.latency.max
    assert measured.load_ms > 0
    assert measured.first_call_ms > 0
    assert measured.engine.threads == 2
    assert measured.peak_memory_bytes is None or measured.peak_memory_bytes > (measured.base_memory_bytes or 0)


def test_a_crash_of_the_engine_is_a_sentence(shared_data):
    path = shared_data / "tflite-zoo/tflite-micro/keyword_scrambled_8bit.tflite"
    with pytest.raises(TargetError, match=r"keyword_scrambled_8bit.tflite crashed the engine.*\(signal"):
        measure_in_child(Job(str(path), SHORT))


def test_a_refusal_is_passed_on(shared_data):
    path = shared_data / "tflite-zoo/tflite-micro/person_detect_vela.tflite"
    with pytest.raises(TargetError, match="Arm Ethos-U"):
        measure_in_child(Job(str(path), SHORT))
