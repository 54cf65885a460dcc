"""Test devices at the end of Debian's real adb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from edgekit.spec import ImageFormat, image_classifier
from edgekit.targets.base import TargetRequest
from edgekit.targets.on_android import AndroidDevice
from edgekit.tflite.embed import embed
from tests.android.adb.client import AdbClient
from tests.android.adb.sandbox import SandboxError
from tests.android.app_cases import CLASSIFIER, make_classifier, write_app_cases
from tests.android.handset import Handset
from tests.android.library_cases import write_cases
from tests.android.library_photos import export_classifier, write_photos
from tests.android.maven import MavenRun, find_lack, run_maven
from tests.conftest import missing
from tests.heard import Heard

PHOTOS = 100
"""Validation photos that the Kotlin library answers as Python does."""

SwitchOn = Callable[..., Handset]
Open = Callable[..., AndroidDevice]


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
def warned() -> Heard:
    """What a target warned of."""
    return Heard()


@pytest.fixture
def target(adb: AdbClient, warned: Heard) -> Iterator[Open]:
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


@pytest.fixture(scope="session")
def flower_photos(shared_data: Path) -> list[Path]:
    """Validation photos of all labels."""
    return sorted((shared_data / "flowers-224" / "val").glob("*/*.jpg"))[:: 550 // PHOTOS][:PHOTOS]


@pytest.fixture(scope="session")
def kotlin_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python's questions and answers, and what the app answers."""
    return tmp_path_factory.mktemp("cases")


@pytest.fixture(scope="session")
def kotlin_run(
    repository: Path,
    shared_data: Path,
    flower_photos: list[Path],
    kotlin_cases: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> MavenRun:
    """All tests of the Kotlin library and of the app, those against Python's answers included."""
    if lack := find_lack():
        missing(lack)
    pytest.importorskip("tensorflow", reason="exporting needs the extra 'tensorflow'")
    models = export_classifier(shared_data, tmp_path_factory.mktemp("model") / "dist")
    write_cases(kotlin_cases)
    write_photos(models, flower_photos, kotlin_cases)
    classifier = make_classifier(shared_data, tmp_path_factory.mktemp("classifier") / "flowers.tflite")
    hello = shared_data / "tflite-zoo" / "tflite-micro" / "hello_world_float.tflite"
    write_app_cases(kotlin_cases, classifier, hello, flower_photos[0])
    return run_maven(repository, repository / ".cache" / "android", f"-Dedgekit.cases={kotlin_cases}")
