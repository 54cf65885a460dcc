"""Measuring by LiteRT's own ``benchmark_model``, where no EdgeKit app is installed. It is never downloaded."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgekit.errors import TargetError
from edgekit.measure.latency import LatencyProtocol
from edgekit.remote.android.adb import TooSlowError
from edgekit.remote.android.phone import FOLDER, Phone
from edgekit.remote.android.tool_log import ToolTimes, explain_tool_log, parse_tool_log
from edgekit.remote.android.words import quote

VARIABLE = "EDGEKIT_BENCHMARK_MODEL"
"""Names the program on this machine; it is sent for the measurement, and removed."""

ON_DEVICE = f"{FOLDER}/benchmark_model"
"""Where LiteRT's documentation puts it."""

DELEGATES: Mapping[str, tuple[str, ...]] = {
    "cpu": (),
    "gpu": ("--use_gpu=true",),
    "nnapi": ("--use_nnapi=true",),
}
"""What asks for it; XNNPACK is the default of the tool, too. NNAPI is deprecated since Android 15."""

_END_SECONDS = 120.0
"""For loading the model, and a graphics driver's compiler; the warm-up and the runs come on top."""


def find_tool(phone: Phone, environment: Mapping[str, str] = os.environ) -> Path | str | None:
    """The program: on this machine where the variable names one, on the device, or ``None``.

    Raises:
        TargetError: the variable names no file.
    """
    named = environment.get(VARIABLE)
    if named:
        path = Path(named)
        if not path.is_file():
            raise TargetError(
                f"{VARIABLE} names {named!r}, which is no file. Give the path of LiteRT's benchmark_model."
            )
        return path
    return ON_DEVICE if phone.shell(["test", "-f", ON_DEVICE]).code == 0 else None


@dataclass(frozen=True)
class ToolRun:
    """One run of the tool.

    Attributes:
        model: its path on the device.
        name: of the artifact, for sentences.
        protocol: how often.
        delegate: one of :data:`DELEGATES`.
        threads: of the interpreter.
    """

    model: str
    name: str
    protocol: LatencyProtocol
    delegate: str
    threads: int

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return _END_SECONDS + 2 * self.protocol.max_seconds

    def words(self, program: str) -> list[str]:
        """The command line."""
        protocol = self.protocol
        return [
            program,
            f"--graph={self.model}",
            f"--num_threads={self.threads}",
            f"--num_runs={protocol.min_runs}",
            f"--min_secs={protocol.min_seconds:g}",
            f"--max_secs={protocol.max_seconds:g}",
            f"--warmup_runs={max(protocol.warmup_runs, 1)}",
            f"--warmup_min_secs={protocol.warmup_seconds:g}",
            "--report_peak_memory_footprint=true",
            *DELEGATES[self.delegate],
        ]


class Tool:
    """The program on a device, with a folder of its own there.

    Args:
        phone: the device.
        program: on this machine, or its path there.
    """

    def __init__(self, phone: Phone, program: Path | str) -> None:
        self._phone = phone
        self._program = program
        self._folder = f"{FOLDER}/edgekit-{secrets.token_hex(6)}"
        self._there: str | None = None
        self._models: dict[Path, str] = {}

    def send(self, path: Path) -> str:
        """Sends a model, once; its path there."""
        self._prepare()
        if path not in self._models:
            target = f"{self._folder}/{secrets.token_hex(6)}.tflite"
            self._phone.push(path, target)
            self._models[path] = target
        return self._models[path]

    def run(self, run: ToolRun) -> ToolTimes:
        """Measures.

        Raises:
            TargetError: it did not come to its end, or the delegate does not work there.
        """
        program = self._prepare()
        # The process' number is written down first: a shell that loses its connection does not end what it started.
        number = f"{self._folder}/pid"
        self._phone.will_undo(f'kill -9 "$(cat {quote([number])})"')
        command = f"echo $$ > {quote([number])}; exec {quote(run.words(program))} 2>&1"
        script = f"sh -c {quote([command])}; code=$?; rm -f {quote([number])}; exit $code"
        try:
            said = self._phone.script(script, run.seconds)
        except TooSlowError as error:
            raise TargetError(
                f"benchmark_model did not finish {run.name} within {run.seconds:.0f} s. Ask for fewer runs, or a "
                "shorter time."
            ) from error
        log = said.output + said.log
        if said.code == 126 or "not executable" in log:
            step = "Take the one that was built for its processor, mostly android_aarch64."
            if "ermission denied" in log:
                step = f"Allow it: {quote(['adb', '-s', self._phone.serial, 'shell', 'chmod', '755', program])}"
            raise TargetError(
                f"{self._phone.name} cannot run benchmark_model ({explain_tool_log(log, said.code)}). {step}"
            )
        found = parse_tool_log(log) if said.code == 0 else None
        if found is None:
            raise TargetError(f"benchmark_model did not measure {run.name}: {explain_tool_log(log, said.code)}.")
        if run.delegate != "cpu" and not found.delegates:
            raise TargetError(
                f"The {run.delegate.upper()} delegate of {self._phone.name} does not take {run.name}, which the "
                "processor would run in its place. Measure it with: --on android:cpu"
            )
        return found

    def _prepare(self) -> str:
        """The program's path there."""
        if self._there is None:
            self._phone.make_folder(self._folder)
            if isinstance(self._program, str):
                self._there = self._program
            else:
                self._there = f"{self._folder}/benchmark_model"
                self._phone.push(self._program, self._there)
                said = self._phone.shell(["chmod", "755", self._there])
                if said.code != 0:
                    raise TargetError(
                        f"{self._phone.name} does not let a program be run from {FOLDER} ({said.reason})."
                    )
        return self._there
