"""What a Raspberry Pi 4 says of itself below /proc and /sys, as far as EdgeKit and XNNPACK read it.

XNNPACK's cpuinfo crashes on the /sys of a PC and does not start without any; and what it may use it reads from the
line "Features".
"""

from __future__ import annotations

import os

# Those of a Pi 4, or fewer: what a program may really use must agree with what is said here.
CPUS = min(4, len(os.sched_getaffinity(0)))

MODEL = "Raspberry Pi 4 Model B Rev 1.4"

_CPU = """\
processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""

_BOARD = f"""\
Hardware\t: BCM2835
Revision\t: c03114
Serial\t\t: 100000000000edce
Model\t\t: {MODEL}
"""


def cpuinfo() -> str:
    """The text of ``/proc/cpuinfo``."""
    return "".join(_CPU.format(number=number) for number in range(CPUS)) + _BOARD


def sysfs() -> dict[str, str]:
    """The files below ``/sys``: the CPUs with their clock (kHz), the temperature (1/1000 °C), the model."""
    span = f"0-{CPUS - 1}\n" if CPUS > 1 else "0\n"
    cpu = "devices/system/cpu"
    files = {f"{cpu}/{name}": span for name in ("possible", "present", "online")}
    for number in range(CPUS):
        topology, clock = f"{cpu}/cpu{number}/topology", f"{cpu}/cpu{number}/cpufreq"
        files |= {
            f"{topology}/physical_package_id": "0\n",
            f"{topology}/core_id": f"{number}\n",
            f"{topology}/core_siblings_list": span,
            f"{topology}/thread_siblings_list": f"{number}\n",
            f"{clock}/scaling_governor": "ondemand\n",
            f"{clock}/scaling_available_governors": "conservative ondemand userspace powersave performance schedutil\n",
            f"{clock}/scaling_cur_freq": "1800000\n",
            f"{clock}/scaling_max_freq": "1800000\n",
            f"{clock}/scaling_min_freq": "600000\n",
            f"{clock}/cpuinfo_max_freq": "1800000\n",
            f"{clock}/cpuinfo_min_freq": "600000\n",
        }
    files["class/thermal/thermal_zone0/type"] = "cpu-thermal\n"
    files["class/thermal/thermal_zone0/temp"] = "48199\n"
    files["firmware/devicetree/base/model"] = MODEL + "\0"
    return files
