"""The emulated Raspberry Pi that the tests of this folder log in to."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from edgekit.remote.ssh import COMMAND_VARIABLE
from edgekit.targets.base import TargetRequest
from edgekit.targets.raspberry_pi import RaspberryPi
from tests.conftest import missing
from tests.pi.commands import edgekit
from tests.pi.device import Pi
from tests.pi.flower_models import export_flowers
from tests.pi.userland import Userland, UserlandError, build
from tests.pi.wheels import fetch_wheels

BootPi = Callable[..., Pi]


@pytest.fixture(scope="session")
def userland(repository: Path) -> Userland:
    """The file system of a device: Debian ``EDGEKIT_PI_SUITE``, without it Bookworm, which has Python 3.11."""
    try:
        return build(repository / ".cache", os.environ.get("EDGEKIT_PI_SUITE", "bookworm"))
    except UserlandError as error:
        missing(str(error))


@pytest.fixture(scope="session")
def arm_wheels(repository: Path, userland: Userland) -> Path:
    """NumPy, Pillow and LiteRT for the device, in a folder to copy there and import from."""
    try:
        return fetch_wheels(repository / ".cache", repository / "requirements" / "dev.txt", userland.python)
    except UserlandError as error:
        missing(str(error))


@pytest.fixture(scope="session")
def boot_pi(userland: Userland, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootPi]:
    """Switches on another device, with the arguments of ``Pi``; it is switched off at the end, or by ``close``."""
    with ExitStack() as stack:

        def boot(**arguments: object) -> Pi:
            try:
                device = Pi(userland, tmp_path_factory.mktemp("pi"), **arguments)  # type: ignore[arg-type]
            except UserlandError as error:
                missing(str(error))
            return stack.enter_context(device)

        yield boot


@pytest.fixture(scope="session")
def pi(boot_pi: BootPi) -> Pi:
    """One device for all tests of a run: what a test leaves on it, the next one finds."""
    return boot_pi()


@pytest.fixture
def bare_pi(boot_pi: BootPi) -> Iterator[Pi]:
    """A device of the test's own, on which nothing has been done yet."""
    with boot_pi() as device:
        yield device


@pytest.fixture(scope="session")
def ready_pi(pi: Pi) -> Pi:
    """The session's device with EdgeKit's runtime on it, for root and for pi."""
    ended = edgekit(pi, "doctor", "--on", pi.target)
    assert ended.code == 0, ended.log
    pi.run("mkdir -p /home/pi/.cache && cp -a /root/.cache/edgekit /home/pi/.cache/ && chown -R pi:pi /home/pi/.cache")
    return pi


@pytest.fixture
def target(ready_pi: Pi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., RaspberryPi]]:
    """Opens the device in this process, by the address, with options of ssh in front."""
    with ExitStack() as stack:

        def open_target(address: str | None = None, *options: str) -> RaspberryPi:
            monkeypatch.setenv(COMMAND_VARIABLE, shlex.join([str(ready_pi.login.bin / "ssh"), *options]))
            made = RaspberryPi(TargetRequest("pi", address=address or ready_pi.address))
            stack.callback(made.close)
            return made

        yield open_target


@pytest.fixture(scope="session")
def flower_models(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a small classifier of flowers, by their precision."""
    pytest.importorskip("tensorflow", reason="exporting needs the extra 'tensorflow'")
    return export_flowers(shared_data / "flowers-224" / "val", tmp_path_factory.mktemp("flowers") / "dist")
