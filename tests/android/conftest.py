"""Test devices at the end of Debian's real adb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from edgekit.progress import Silent
from edgekit.spec import ImageFormat, image_classifier
from edgekit.targets.base import TargetRequest
from edgekit.targets.on_android import AndroidDevice
from edgekit.tflite.embed import embed
from tests.android.adb.client import AdbClient
from tests.android.adb.sandbox import SandboxError
from tests.android.handset import Handset
from tests.conftest import missing

CLASSIFIER = "edge-tpu/test_data/mobilenet_v1_0.25_128_quant.tflite"

SwitchOn = Callable[..., Handset]
Open = Callable[..., AndroidDevice]


class Warnings(Silent):
    """Keeps what should not be missed."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def warn(self, message: str) -> None:
        self.found.append(message)


@pytest.fixture(scope="session")
def adb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbClient]:
    """The real client, with a server of its own."""
    client = AdbClient(tmp_path_factory.mktemp("adb-home"))
    if client.program is None:
        missing("there is no adb; install it with: sh scripts/system-deps.sh")
    with client:
        yield client


@pytest.fixture
def switch_on(adb: AdbClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwitchOn]:
    """Switches on a device, with the arguments of ``Handset``."""
    with ExitStack() as stack:

        def make(**arguments: object) -> Handset:
            try:
                made = Handset(adb, tmp_path_factory.mktemp("handset"), **arguments)  # type: ignore[arg-type]
            except SandboxError as error:
                missing(f"no test device: {error}")
            return stack.enter_context(made)

        yield make


@pytest.fixture
def handset(switch_on: SwitchOn) -> Handset:
    """A device of the test's own."""
    return switch_on()


@pytest.fixture
def warned() -> Warnings:
    """What a target warned of."""
    return Warnings()


@pytest.fixture
def target(adb: AdbClient, warned: Warnings) -> Iterator[Open]:
    """Opens a device in this process."""
    with ExitStack() as stack:

        def open_target(handset: Handset, variant: str | None = None, **variables: str) -> AndroidDevice:
            request = TargetRequest("android", variant, handset.serial)
            made = AndroidDevice(request, warned, {**adb.environment, **variables})
            stack.callback(made.close)
            return made

        yield open_target


@pytest.fixture(scope="session")
def hello(shared_data: Path) -> Path:
    """A tiny model that is fast to measure."""
    return shared_data / "tflite-zoo" / "tflite-micro" / "hello_world_float.tflite"


@pytest.fixture
def flowers(shared_data: Path, tmp_path: Path) -> list[Path]:
    """A classifier of photos, among them of flowers, under two names. That it is right is not asked here."""
    labels = sorted(path.name for path in (shared_data / "flowers-224" / "val").iterdir())
    labels += [f"other {number}" for number in range(1001 - len(labels))]
    model = (shared_data / CLASSIFIER).read_bytes()
    content = embed(model, image_classifier("flowers", labels, ImageFormat(128, 128)))
    paths = [tmp_path / name for name in ("flowers.int8.tflite", "-other $HOME.tflite")]
    for path in paths:
        path.write_bytes(content)
    return paths
