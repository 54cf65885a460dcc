"""The compiled resize: on every processor that it is made for, at the edges of memory, and where it is missing."""

from __future__ import annotations

import ctypes
import mmap
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgekit import preprocess
from edgekit.preprocess import compiled, plan_resize, prepare, resize
from edgekit.preprocess.compiled import CompiledResize, compiled_resize
from edgekit.spec import ImageFormat
from tests.conftest import missing

Pixels = NDArray[np.uint8]

LINUX = sys.platform == "linux" and platform.machine() in compiled._MACHINES

pytestmark = pytest.mark.skipif(not LINUX, reason="the compiled resize is made for Linux")

# Reduced by 2, by others, not at all; cut blocks; larger than the photo; one pixel.
SIZES = [
    ((640, 480), (224, 224)), ((640, 480), (96, 70)), ((300, 211), (224, 200)), ((50, 40), (224, 224)),
    ((1000, 37), (16, 16)), ((1, 1), (5, 3)), ((7, 900), (3, 4)),
]  # fmt: skip


def _noise(width: int, height: int) -> Pixels:
    pixels = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)
    return np.where(pixels > 127, np.uint8(255), np.uint8(0)) if width % 2 else pixels


def _expected(pixels: Pixels, target: ImageFormat) -> Pixels:
    return np.asarray(resize(Image.fromarray(pixels), target))


def test_it_is_there_and_used() -> None:
    """What ``make setup`` compiles, a wheel carries, and ``prepare`` takes for arrays and for photos."""
    assert compiled.library() is not None
    assert {path.name for path in compiled.FOLDER.glob("*.so")} == {
        "linux-aarch64.so", "linux-armv7l.so", "linux-x86_64.so"
    }  # fmt: skip
    calls: list[CompiledResize] = []

    def note(plan: preprocess.ResizePlan) -> CompiledResize | None:
        found = compiled_resize(plan)
        assert found is not None
        calls.append(found)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preprocess, "compiled_resize", note)
        prepare(_noise(640, 480), ImageFormat(224, 224))
        prepare(Image.fromarray(_noise(640, 480)), ImageFormat(224, 224))
    assert [call.plan.factors for call in calls] == [(2, 2), (1, 1)]


PROCESSORS = {
    "x86-64 without SSE 4.1": ("x86_64", "x86_64-linux-none", "baseline", "qemu64,-sse4.1,-avx,-avx2"),
    "x86-64 with SSE 4.1": ("x86_64", "x86_64-linux-none", "baseline", "Nehalem"),
    "x86-64 with AVX2": ("x86_64", "x86_64-linux-none", "baseline", "max"),
    "ARM of 64 bits": ("aarch64", "aarch64-linux-gnu", "generic", "cortex-a72"),
    "ARM of 32 bits": ("arm", "arm-linux-gnueabihf", "cortex_a7", "cortex-a7"),
}
"""What qemu calls the machine, what the compiler calls it and its processor, and the processor for qemu."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where programs that run the resize for another processor are kept."""
    return tmp_path_factory.mktemp("programs")


@pytest.mark.parametrize(("machine", "target", "cpu", "emulated"), PROCESSORS.values(), ids=PROCESSORS)
def test_every_processor_gives_the_same_bytes(
    machine: str, target: str, cpu: str, emulated: str, programs: Path
) -> None:
    qemu = shutil.which(f"qemu-{machine}-static") or shutil.which(f"qemu-{machine}")
    if qemu is None:
        missing(f"qemu-{machine} is not installed; run scripts/system-deps.sh")
    program = programs / target
    if not program.exists():
        _compile(program, target, cpu)
    for (width, height), size in SIZES:
        pixels, wanted = _noise(width, height), ImageFormat(*size, "rgb", "stretch")
        work = compiled_resize(plan_resize(width, height, wanted))
        assert work is not None
        for swapped in (0, 1):
            given = pixels[:, :, ::-1] if swapped else pixels
            done = subprocess.run(
                [qemu, "-cpu", emulated, str(program)],
                input=_message(work, np.ascontiguousarray(given), swapped),
                capture_output=True,
                check=True,
            )
            answer = np.frombuffer(done.stdout, np.uint8).reshape(wanted.shape)
            np.testing.assert_array_equal(answer, _expected(pixels, wanted), f"{width}x{height} to {size}")


def _compile(program: Path, target: str, cpu: str) -> None:
    """With the options of ``scripts/build-native.sh``, but those of a library."""
    subprocess.run(
        [sys.executable, "-m", "ziglang", "cc", "-target", target, f"-mcpu={cpu}", "-std=gnu11", "-O3", "-static",
         "-nostdlib", "-ffreestanding", "-fno-sanitize=all", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables",
         f"-I{compiled.FOLDER}", "-o", str(program), str(Path(__file__).with_name("resize_main.c"))],
        check=True,
    )  # fmt: skip


def _message(work: CompiledResize, pixels: Pixels, swapped: int) -> bytes:
    """What ``resize_main.c`` reads."""
    plan, (x, y) = work.tables, work.axes
    head = [plan.width, plan.height, plan.fx, plan.fy, *x.weights.shape, *y.weights.shape]
    numbers = np.array([*head, pixels.strides[0], swapped, work.scratch], "<i4")
    tables = [axis for triangle in (x, y) for axis in (triangle.first, triangle.weights)]
    return b"".join(array.tobytes() for array in (numbers, *tables, pixels))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("at_the_end", [True, False], ids=["ends", "begins"])
def test_nothing_is_read_outside_of_an_array(size, at_the_end: bool) -> None:
    """Its last byte (or its first) is the last of a page of memory, and the next page must not be touched."""
    (width, height), wanted = size
    pixels, target = _noise(width, height), ImageFormat(*wanted, "rgb", "stretch")
    page = mmap.PAGESIZE
    inner = -(-pixels.nbytes // page) * page
    memory = mmap.mmap(-1, inner + 2 * page)
    whole = np.frombuffer(memory, np.uint8)
    start = page + (inner - pixels.nbytes if at_the_end else 0)
    guarded = whole[start : start + pixels.nbytes].reshape(pixels.shape)
    guarded[:] = pixels
    protect, address = ctypes.CDLL(None, use_errno=True).mprotect, whole.ctypes.data
    for edge in (address, address + page + inner):
        assert protect(ctypes.c_void_p(edge), ctypes.c_size_t(page), 0) == 0
    np.testing.assert_array_equal(prepare(guarded, target), _expected(pixels, target))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_is_written_outside_of_what_it_was_given(size) -> None:
    (width, height), wanted = size
    target = ImageFormat(*wanted, "rgb", "stretch")
    work = compiled_resize(plan_resize(width, height, target))
    assert work is not None
    pixels = _noise(width, height)
    scratch, out = np.full(work.scratch + 64, 77, np.uint8), np.full(np.prod(target.shape) + 64, 77, np.uint8)
    addresses = [array.ctypes.data for array in (pixels, scratch, out)]
    work.function(work.tables, addresses[0], pixels.strides[0], 0, *addresses[1:], 3 * target.width)
    assert set(scratch[-64:]) == set(out[-64:]) == {77}
    np.testing.assert_array_equal(out[:-64].reshape(target.shape), _expected(pixels, target))


@pytest.mark.parametrize("found", ["nothing", "half of it", "another file", "another library", "another processor's"])
def test_without_it_pillow_does_the_work(found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = compiled.library_name()
    assert name is not None
    if found == "half of it":
        data = compiled.FOLDER.joinpath(name).read_bytes()
        tmp_path.joinpath(name).write_bytes(data[: len(data) // 2])
    elif found == "another file":
        tmp_path.joinpath(name).write_bytes(b"no library" * 99)
    elif found == "another library":
        import _ctypes

        shutil.copy(_ctypes.__file__, tmp_path / name)
    elif found == "another processor's":
        other = next(path for path in compiled.FOLDER.glob("*.so") if path.name != name)
        shutil.copy(other, tmp_path / name)
    monkeypatch.setattr(compiled, "FOLDER", tmp_path)
    for cached in (compiled.library, compiled_resize):
        cached.cache_clear()
    try:
        assert compiled.library() is None
        pixels, target = _noise(300, 200), ImageFormat(96, 96)
        np.testing.assert_array_equal(prepare(pixels, target), _expected(pixels, target))
    finally:
        for cached in (compiled.library, compiled_resize):
            cached.cache_clear()


@pytest.mark.parametrize(
    ("size", "why"), [((3, 1200), "the sums of 600 rows do not fit 16 bits"), ((400_000, 2), "of a row do not fit")]
)
def test_what_it_cannot_do_is_left_to_pillow(size: tuple[int, int], why: str) -> None:
    target, pixels = ImageFormat(2, 2, "rgb", "stretch"), _noise(*size)
    assert compiled_resize(plan_resize(*size, target)) is None, why
    np.testing.assert_array_equal(prepare(pixels, target), _expected(pixels, target))
