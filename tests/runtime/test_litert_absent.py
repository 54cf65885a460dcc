"""What a device without an interpreter is told, and that EdgeKit itself is there all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from edgekit.runtime.engines.litert_absent import how_to_get_one


@pytest.mark.parametrize(
    ("system", "said"),
    [
        (("linux", "x86_64", 64, (3, 11)), "pip install ai-edge-litert"),
        (("linux", "aarch64", 64, (3, 13)), "pip install ai-edge-litert"),
        (("linux", "armv7l", 32, (3, 11)), "pip install tflite-runtime 'numpy<2'"),
        (("linux", "aarch64", 32, (3, 11)), "pip install tflite-runtime 'numpy<2'"),
        (("linux", "armv7l", 32, (3, 13)), "with Python 3.13 there is none at all. Use the 64-bit Raspberry Pi OS"),
        (("linux", "aarch64", 32, (3, 13)), "the 32-bit Bookworm (Python 3.11)"),
        (("linux", "armv6l", 32, (3, 11)), "for this processor (armv6l) there is none"),
        (("darwin", "x86_64", 64, (3, 12)), "no wheel of it"),
        (("win32", "ARM64", 64, (3, 12)), "no wheel of it"),
        (("darwin", "arm64", 64, (3, 12)), "pip install ai-edge-litert"),
    ],
)
def test_the_next_step_fits_the_system(system, said):
    sentence = how_to_get_one(*system)
    assert sentence.startswith("A .tflite file needs a LiteRT interpreter, and none is installed")
    assert said in sentence


def test_without_an_interpreter_edgekit_is_imported_and_loading_says_why(tiny):
    code = (
        "import sys\n"
        "sys.modules['ai_edge_litert'] = sys.modules['tflite_runtime'] = None\n"  # as if not installed
        "import edgekit\n"
        "for trust in (False, True):\n"
        "    try:\n"
        "        edgekit.load(sys.argv[1], trust=trust)\n"
        "    except edgekit.EdgeKitError as error:\n"
        "        print(type(error).__name__, error)\n"
    )
    for path in (tiny.bare, tiny.fp32):
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
        lines = done.stdout.splitlines()
        assert len(lines) == 2
        assert all(line.startswith("UnsupportedModelError A .tflite file needs") for line in lines)
