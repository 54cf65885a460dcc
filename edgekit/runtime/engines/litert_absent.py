"""What to do where no LiteRT interpreter is installed: it depends on the system. A pure rule."""

from __future__ import annotations

_NONE = "A .tflite file needs a LiteRT interpreter, and none is installed"


def how_to_get_one(system: str, machine: str, bits: int, python: tuple[int, int]) -> str:
    """Sentences for a person.

    Args:
        system: :data:`sys.platform`.
        machine: the processor's architecture as the kernel names it; 32-bit systems on a 64-bit kernel say ``aarch64``.
        bits: of this Python, 32 or 64.
        python: major and minor version.
    """
    version = f"{python[0]}.{python[1]}"
    if system == "linux" and bits == 32 and machine.startswith(("arm", "aarch64")):
        if machine == "armv6l":
            return f"{_NONE}; for this processor ({machine}) there is none. Any Pi from the 3 on has what it takes."
        if python <= (3, 11):
            return (
                f"{_NONE}. On 32-bit ARM it is tflite-runtime, which needs NumPy 1: "
                "pip install tflite-runtime 'numpy<2'"
            )
        return (
            f"{_NONE}; for 32-bit ARM with Python {version} there is none at all. Use the 64-bit Raspberry Pi OS "
            "(any Pi from the 3 on runs it), or the 32-bit Bookworm (Python 3.11)."
        )
    if (system, machine) in (("darwin", "x86_64"), ("win32", "ARM64")) or bits == 32:
        return (
            f"{_NONE}; for this system ({system}, {machine}, {bits} bits) there is no wheel of it. Use a 64-bit Linux, "
            "Windows (x86-64) or macOS (Apple silicon)."
        )
    return f"{_NONE}. Install it with: pip install ai-edge-litert"
