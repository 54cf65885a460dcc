"""A test device as the tests handle it: its end of adb, its files, and how it is."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from tests.android.adb.client import AdbClient
from tests.android.adb.device import AdbDevice, Authorization, Banner
from tests.android.adb.sandbox import Sandbox
from tests.cli.conftest import heed_interrupts
from tests.pi.commands import QUICK, Ended, command, finish

PACKAGE = "dev.edgekit.flowers"
ACTIVITY = "dev.edgekit.app.BenchmarkActivity"
TOOL = Path(__file__).with_name("benchmark_model.py")

_PROPERTIES = """ro.product.manufacturer=EdgeKit
ro.product.model={model}
ro.build.version.release=14
ro.build.version.sdk=34
ro.hardware=ranchu
ro.kernel.qemu=1
"""

_BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: {powered}
  Wireless powered: false
  status: 2
  present: true
  level: {level}
  scale: 100
  temperature: 271
"""


class Handset:
    """A device that is switched on, connected to adb, and has neither app nor tool; a context manager.

    Args:
        adb: the client whose server knows it.
        folder: an empty one.
        banner: its greeting.
        authorization: see :class:`~tests.android.adb.device.AdbDevice`.
        size: of its disk, bytes.
    """

    def __init__(
        self,
        adb: AdbClient,
        folder: Path,
        banner: Banner | None = None,
        authorization: Authorization = "none",
        size: int = 256 << 20,
    ) -> None:
        self.adb = adb
        self.sandbox = Sandbox(folder, size)
        self.device = AdbDevice(self.sandbox, banner, authorization)
        self.serial = self.device.serial
        self.target = f"android@{self.serial}"
        model = (banner or Banner()).model
        self.write("/data/system/properties", _PROPERTIES.format(model=model))
        self.battery(80, powered=True)
        self.write("/data/system/thermal", "0\n")
        self.write("/data/system/low_power", "0\n")
        adb.connect(self.device)

    def write(self, path: str, text: str) -> None:
        """A file of the device."""
        self.sandbox.path(path).write_text(text)

    def battery(self, level: int, powered: bool) -> None:
        """How full it is, percent, and whether it charges."""
        self.write("/data/system/battery", _BATTERY.format(level=level, powered=str(powered).lower()))

    def install_app(self, package: str = PACKAGE, mood: str = "") -> None:
        """An EdgeKit app; see ``programs/app.py`` for its moods."""
        self.write(f"/data/app/{package}", f"{ACTIVITY}\n")
        self.write("/data/system/mood", mood)

    def install_tool(self) -> None:
        """LiteRT's ``benchmark_model``, where its documentation puts it."""
        target = self.sandbox.path("/data/local/tmp/benchmark_model")
        shutil.copy(TOOL, target)
        target.chmod(0o755)

    def left_over(self, seconds: float = 10) -> list[str]:
        """What lies and runs there that should not, after some patience for what is just ending."""
        end = time.monotonic() + seconds
        while True:
            files = [path for path in self.sandbox.files() if path != "/data/local/tmp/benchmark_model"]
            folders = [str(path.name) for path in self.sandbox.path("/data/local/tmp").iterdir() if path.is_dir()]
            running = self.sandbox.commands()
            if not (files or folders or running) or time.monotonic() > end:
                return [*files, *folders, *running]
            time.sleep(0.05)

    def start(self, *words: str | Path, **variables: str) -> subprocess.Popen[str]:
        """Starts ``edgekit`` as a user does."""
        return subprocess.Popen(
            command(*words),
            env={**self.adb.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,
            process_group=0,
        )

    def edgekit(self, *words: str | Path, seconds: float = 120, **variables: str) -> Ended:
        """Runs it to its end."""
        ended = finish(self.start(*words, **variables), seconds)
        print(ended.log, ended.output)
        return ended

    def bench(self, *words: str | Path, seconds: float = 120, **variables: str) -> Ended:
        """A short ``edgekit bench --json`` on it; ``--on`` may be given anew."""
        target = () if "--on" in words else ("--on", self.target)
        return self.edgekit("bench", *words, *target, *QUICK, "--json", seconds=seconds, **variables)

    def close(self) -> None:
        """Switches it off."""
        self.adb.disconnect(self.device)
        self.device.close()
        self.sandbox.close()

    def __enter__(self) -> Handset:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
