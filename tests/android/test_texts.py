"""What adb, Android and ``benchmark_model`` print: recorded texts, and what is read from them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest

from edgekit.errors import TargetError
from edgekit.measure.phone import PhoneState
from edgekit.measure.told_times import ToldTimes
from edgekit.remote.android.devices import Listed, choose_device, parse_devices
from edgekit.remote.android.facts import find_emulation, parse_properties, read_device, read_state
from edgekit.remote.android.tool_log import ToolTimes, explain_tool_log, parse_tool_log

# Each state as adb 34's own formats write it (transport.cpp, append_transport; adb.cpp, connection_state_name).
LIST = """* daemon not running; starting now at tcp:5037
* daemon started successfully
List of devices attached
R58M123ABC             device usb:1-2 product:beyond1 model:SM_G973F device:beyond1 transport_id:1
192.168.1.20:5555      device product:oriole model:Pixel_6 device:oriole transport_id:2
0123456789ABCDEF       unauthorized usb:1-3 transport_id:3
emulator-5554          offline transport_id:4
ZY22                   no permissions (missing udev rules? user is in the plugdev group); see [http://x] usb:1-4
HT7                    recovery usb:1-5 product:a model:b device:c transport_id:6
HT8                    sideload usb:1-6 transport_id:7

"""

STATES = {
    "unauthorized": "has not allowed this computer",
    "offline": "does not answer",
    "no permissions": "this user may not open it on USB",
    "recovery": "recovery mode",
    "sideload": "waits for an update",
    "bootloader": "fastboot reboot",
    "something-new": "its state is 'something-new'",
}


def test_the_list_of_devices() -> None:
    devices = parse_devices(LIST)
    assert [(device.serial, device.state, device.model) for device in devices] == [
        ("R58M123ABC", "device", "SM G973F"),
        ("192.168.1.20:5555", "device", "Pixel 6"),
        ("0123456789ABCDEF", "unauthorized", None),
        ("emulator-5554", "offline", None),
        ("ZY22", "no permissions", None),
        ("HT7", "recovery", "b"),
        ("HT8", "sideload", None),
    ]
    assert parse_devices("List of devices attached\n\n") == ()
    assert parse_devices("error: cannot connect to daemon") == ()
    assert parse_devices("List of devices attached\nadb: warning: something new\n\nX1\tdevice\n")[0].serial == "X1"


def test_the_device_that_is_meant() -> None:
    devices = parse_devices(LIST)
    assert choose_device(devices, "R58M123ABC").model == "SM G973F"
    assert choose_device(devices[1:], None).serial == "192.168.1.20:5555"  # the only one that is ready
    with pytest.raises(TargetError, match=r"2 devices: R58M123ABC \(SM G973F\); 192\.168.*--on android@R58M123ABC"):
        choose_device(devices, None)
    with pytest.raises(
        TargetError, match=r"None of adb's devices can be used: 0123456789ABCDEF, unauthorized; .*Allow"
    ):
        choose_device(devices[2:], None)


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_sentence(state: str) -> None:
    with pytest.raises(TargetError, match=STATES[state]) as caught:
        choose_device([Listed("X1", state)], None)
    assert "{" not in str(caught.value)


PROPERTIES = """[ro.build.version.release]: [14]
[ro.build.version.sdk]: [34]
[ro.hardware]: [oriole]
[ro.product.manufacturer]: [Google]
[ro.product.model]: [Pixel 6]
[some.lines]: [one
two]
"""


def test_a_device_and_an_emulator() -> None:
    text = f"{PROPERTIES}\naarch64\n0-7\nMemTotal:        7737012 kB\n"
    device = read_device(text, "R58M", "adb")
    assert (device.model, device.os, device.architecture) == ("Google Pixel 6", "Android 14 (API 34)", "aarch64")
    assert (device.cores, device.memory_bytes, device.emulated) == (8, 7737012 * 1024, False)
    assert parse_properties(PROPERTIES)["some.lines"] == "one\ntwo"
    for name, value in (("ro.hardware", "ranchu"), ("ro.hardware", "goldfish"), ("ro.kernel.qemu", "1")):
        assert value in (find_emulation({name: value}) or "")
    assert read_device("", "R58M", "adb").model == "unknown"


def test_heat_and_battery() -> None:
    battery = "  AC powered: false\n  USB powered: true\n  status: 2\n  level: 42\n  scale: 100\n"
    state = PhoneState(2, 2, 0.42, True, False)
    assert read_state(f"{battery}Thermal Status: 2\n0\n") == state
    # Android 9 knows no thermal status, and "null" for a setting that was never touched.
    assert read_state(f"{battery}null\n") == PhoneState(None, None, 0.42, True, None)
    assert read_state("") == PhoneState()


# tensorflow/tensorflow#43541, 2020: TensorFlow Lite's tool on a phone's graphics adapter.
OF_2020 = """STARTING!
Min num runs: [50]
Graph: [/data/local/tmp/tflite/denoising_32bit.tflite]
INFO: Created TensorFlow Lite delegate for GPU.
INFO: Initialized OpenCL-based API.
Explicitly applied GPU delegate, and the model graph will be completely executed by the delegate.
The input model file size (MB): 7.07479
Initialized session in 870.557ms.
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
count=4 first=130565 curr=120829 min=117370 max=130565 avg=122373 std=4930

Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
count=50 first=119212 curr=118055 min=113737 max=124776 avg=119375 std=1948

Inference timings in us: Init: 870557, First inference: 130565, Warmup (avg): 122373, Inference (avg): 119375
"""

# tensorflow/tensorflow#56301, 2022: the same as an app, by way of logcat; a part of the graph on NNAPI.
IN_LOGCAT = """
3380  3380 I tflite  : Explicitly applied NNAPI delegate, and the model graph will be partially executed by the \
delegate w/ 44 delegate kernels.
3380  3380 I tflite  : Initialized session in 126.059ms.
3380  3380 I tflite  : count=40 first=32942 curr=12594 min=11340 max=32942 avg=12581.9 std=3331
3380  3380 I tflite  : count=75 first=12840 curr=11853 min=11787 max=13649 avg=12167.6 std=325
3380  3380 I tflite  : Inference timings in us: Init: 126059, First inference: 32942, Warmup (avg): 12581.9, \
Inference (avg): 12167.6
"""

# The README of NobuoTsukamoto/meta-tensorflow-lite, 2021: an emulated processor, numbers with exponents.
SLOW = """Initialized session in 17.187ms.
count=1 curr=3512391

count=50 first=2990275 curr=2913402 min=2727568 max=3189954 avg=2.95034e+06 std=109798

Inference timings in us: Init: 17187, First inference: 3512391, Warmup (avg): 3.51239e+06, Inference (avg): 2.95034e+06
Memory footprint delta from the start of the tool (MB): init=4.21094 overall=46.0859
Overall peak memory footprint (MB) via periodic monitoring: 46.5
"""

# Two delegates and the newer statistics, from a published log of a phone.
SHARED = """Replacing 54 out of 559 node(s) with delegate (TfLiteGpuDelegateV2) node, yielding 3 partitions.
Replacing 456 out of 506 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding 13 partitions.
Initialized session in 2227.67ms.
count=2 first=332961 curr=303515 min=303515 max=332961 avg=318238 std=14723 p5=303515 median=332961 p95=332961
count=25 first=313325 curr=308050 min=299074 max=324703 avg=306869 std=6003 p5=299213 median=305582 p95=313707
Inference timings in us: Init: 2227672, First inference: 332961, Warmup (avg): 318238, Inference (avg): 306869
"""

# mlcommons/mobile_app_open#1134, 2026: LiteRT's own tool, without the lines of the runs.
LITERT = """========== BENCHMARK RESULTS ==========
INFO: [benchmark_litert_model.h:92] Signature name:       prefill_1024
INFO: [benchmark_litert_model.h:94] Model initialization: 23744.73 ms
INFO: [benchmark_litert_model.h:96] Warmup (first):       7441.04 ms
INFO: [benchmark_litert_model.h:98] Warmup (avg):         7441.04 ms (1 runs)
INFO: [benchmark_litert_model.h:100] Inference (avg):      7430.20 ms (10 runs)
INFO: [benchmark_litert_model.h:104] Inference (min):      7416.40 ms
INFO: [benchmark_litert_model.h:106] Inference (max):      7448.86 ms
INFO: [benchmark_litert_model.h:108] Inference (std):      9.92
INFO: [benchmark_litert_model.h:115] Throughput:           27.46 MB/s
INFO: [benchmark_litert_model.h:135] Peak memory usage not available. (peak_mem_mb <= 0)
"""


@pytest.mark.parametrize(
    ("log", "times", "init", "first", "kernels", "delegates"),
    [
        (OF_2020, ToldTimes(50, 119.375, 1.948, 113.737, 124.776), 870.557, 130.565, "GPU delegate", ("GPU",)),
        (
            IN_LOGCAT,
            ToldTimes(75, 12.1676, 0.325, 11.787, 13.649),
            126.059,
            32.942,
            "NNAPI delegate (a part of the graph)",
            ("NNAPI",),
        ),
        (SLOW, ToldTimes(50, 2950.34, 109.798, 2727.568, 3189.954), 17.187, 3512.391, "unknown", ()),
        (
            SHARED,
            ToldTimes(25, 306.869, 6.003, 299.074, 324.703, 305.582),
            2227.672,
            332.961,
            "TfLiteGpuDelegateV2 delegate (54 of 559 operators), XNNPACK (456 of 506 operators)",
            ("TfLiteGpuDelegateV2",),
        ),
        (LITERT, ToldTimes(10, 7430.20, 9.92, 7416.40, 7448.86), 23744.73, 7441.04, "unknown", ()),
    ],
    ids=["of 2020", "in logcat", "slow", "two delegates", "LiteRT's own"],
)
def test_logs_of_the_tool(
    log: str, times: ToldTimes, init: float, first: float, kernels: str, delegates: tuple[str, ...]
) -> None:
    found = parse_tool_log(log)
    assert found is not None
    for name in ("runs", "mean", "std", "min", "max"):
        assert getattr(found.times, name) == pytest.approx(getattr(times, name))
    assert found.times.median == (times.median and pytest.approx(times.median))
    assert (found.init_ms, found.first_ms) == pytest.approx((init, first))
    assert (found.kernels, found.delegates) == (kernels, delegates)
    assert found.peak_bytes == (round(46.5 * 2**20) if log is SLOW else None)


ODD = ("9" * 5000, "1e999", "nan", "-1", "1.2.3", "e", "²", "0", "", "{x}", "[31m", "[" * 5000)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        *((log, parse_tool_log) for log in (OF_2020, IN_LOGCAT, SLOW, SHARED, LITERT)),
        ("  level: 42\n  scale: 100\nThermal Status: 2\n0\n", read_state),
        (f"{PROPERTIES}\naarch64\n0-7,9\nMemTotal:        7737012 kB\n", lambda text: read_device(text, "X1", "adb")),
        (LIST, lambda text: [device.problem for device in parse_devices(text)]),
    ],
)
def test_any_number_may_be_anything(text: str, read: Callable[[str], object]) -> None:
    for found in re.finditer(r"[0-9.]+(?:e[+]\d+)?", text):
        for odd in ODD:
            said = read(text[: found.start()] + odd + text[found.end() :])
            if isinstance(said, ToolTimes):
                assert all(math.isfinite(value) for value in (said.times.mean, said.times.std, said.init_ms))
            if isinstance(said, PhoneState) and said.battery_level is not None:
                assert 0 <= said.battery_level <= 1


@pytest.mark.parametrize("log", [OF_2020, IN_LOGCAT, SHARED, LITERT])
def test_a_log_that_breaks_off(log: str) -> None:
    """Before its last figures there is no result, and never an exception."""
    end = max(log.find("Inference timings"), log.find("Inference (max)"))
    for cut in range(0, end, 7):
        assert parse_tool_log(log[:cut]) is None


def test_why_the_tool_has_no_result() -> None:
    log = "STARTING!\nINFO: Loaded model /x\nERROR: Failed to allocate tensors!\nBenchmarking failed.\n"
    assert explain_tool_log(log, 1) == "ERROR: Failed to allocate tensors! (exit code 1)"
    assert explain_tool_log("STARTING!\n", 139) == "STARTING! (signal 11, SIGSEGV)"
    assert explain_tool_log("", 137) == "it printed nothing (signal 9, SIGKILL)"
