"""Measuring by an EdgeKit app that is installed on the device: its activity without a screen.

A request is a file in the app's own folder on the shared storage; the activity writes its answer beside it under a
temporary name, and renames it once it is whole.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgekit.errors import TargetError
from edgekit.measure.latency import LatencyProtocol
from edgekit.remote.android.phone import Phone
from edgekit.remote.android.words import quote

ACTIVITY = "dev.edgekit.app.BenchmarkActivity"
SCHEMA = 1

_LOOK_SECONDS = 0.5
_LAST_LOOKS = 2
"""An app that is gone may have written its answer a moment before."""

_LOG_LINES = 25

# Installed by a user, so no system app is asked about; a list of activities does not name packages on Android 7.
_FIND = f"""for package in $(pm list packages -3 | sed -n 's/^package://p'); do
    case "$(cmd package resolve-activity --brief -n "$package/{ACTIVITY}" 2>/dev/null)" in
        *"$package/"*) echo "$package";;
    esac
done"""


def find_apps(phone: Phone) -> list[str]:
    """The application ids of all EdgeKit apps on the device, sorted."""
    return sorted(line.strip() for line in phone.script(_FIND, 120).output.splitlines() if line.strip())


@dataclass(frozen=True)
class AppRequest:
    """What the app is asked for.

    Attributes:
        model: an artifact on this machine.
        protocol: how to measure it.
        delegate: ``cpu``, ``gpu``, ``nnapi`` or ``auto``.
        threads: of the interpreter; ``None`` for the app's choice.
        photos: what to answer: a file name on the device, how many photos, their (height, width, channels).
        seconds: how long it may take.
    """

    model: Path
    protocol: LatencyProtocol
    delegate: str
    threads: int | None
    seconds: float
    photos: tuple[str, int, Sequence[int]] | None = None

    def to_dict(self, number: str, model: str) -> dict[str, Any]:
        """As the app reads it."""
        photos = None
        if self.photos is not None:
            file, count, shape = self.photos
            photos = {"file": file, "count": count, "shape": list(shape)}
        return {
            "schema": SCHEMA,
            "id": number,
            "models": [model],
            "protocol": asdict(self.protocol),
            "delegate": self.delegate,
            "threads": self.threads,
            "photos": photos,
        }


class App:
    """An EdgeKit app on a device.

    Args:
        phone: the device.
        package: the app's id.
        clock: seconds, for the limit.
    """

    def __init__(self, phone: Phone, package: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._phone = phone
        self._package = package
        self._clock = clock
        self.folder = f"/sdcard/Android/data/{package}/files/edgekit"
        self._models: dict[Path, str] = {}

    def send(self, content: bytes, suffix: str) -> str:
        """Puts a file into the app's folder; its name there, which is none of a user's making."""
        self._make_folder()
        name = f"{secrets.token_hex(8)}{suffix}"
        self._phone.push_bytes(content, f"{self.folder}/{name}")
        return name

    def run(self, request: AppRequest) -> dict[str, Any]:
        """Runs a request; what the app says of its one model.

        Raises:
            TargetError: the app cannot be started, crashed, took too long, or says why it could not do it.
        """
        model = self._send_model(request.model)
        number = secrets.token_hex(8)
        asked = f"{self.folder}/{number}.request.json"
        self._phone.push_bytes(json.dumps(request.to_dict(number, model)).encode(), asked)
        answer = f"{self.folder}/results/{number}.json"
        self._phone.will_leave(answer)
        self._phone.will_leave(f"{answer}.part")
        self._start(asked.rpartition("/")[2])
        self._wait(answer, request)
        return self._read(answer, request.model.name, model)

    def pull(self, name: str) -> bytes:
        """A file of the app's results, which is removed at the end."""
        if "/" in name or name in ("", ".", ".."):
            raise TargetError(f"The app {self._package} names a file {name!r}, which is none of its results.")
        path = f"{self.folder}/results/{name}"
        self._phone.will_leave(path)
        return self._phone.pull(path)

    def _send_model(self, path: Path) -> str:
        if path not in self._models:
            self._make_folder()
            name = f"{secrets.token_hex(8)}.tflite"
            self._phone.push(path, f"{self.folder}/{name}")
            self._models[path] = name
        return self._models[path]

    def _make_folder(self) -> None:
        said = self._phone.shell(["mkdir", "-p", f"{self.folder}/results"])
        if said.code != 0:
            raise TargetError(
                f"The folder of the app {self._package} cannot be written to ({said.reason}). Start the app once by "
                "hand."
            )

    def _start(self, request: str) -> None:
        self._phone.will_undo(quote(["am", "force-stop", self._package]))
        # -S ends an older process of it first, so that each measurement has a fresh one.
        words = ["am", "start", "-S", "-n", f"{self._package}/{ACTIVITY}", "--es", "request", request]
        said = self._phone.shell(words, 60)
        wrong = [line for line in (said.output + said.log).splitlines() if line.startswith(("Error", "java.lang."))]
        if said.code != 0 or wrong:
            raise TargetError(
                f"The app {self._package} cannot be started ({wrong[0] if wrong else said.reason}). Start it once by "
                "hand, or install it anew."
            )

    def _wait(self, answer: str, request: AppRequest) -> None:
        end = self._clock() + request.seconds
        look = f"if [ -e {quote([answer])} ]; then echo done; else pidof {quote([self._package])} || echo gone; fi"
        process, missing, seen_at = None, 0, self._clock()
        while True:
            said = self._phone.script(look).output.split()
            if said[:1] == ["done"]:
                return
            if said and said[0].isdigit():
                process, missing = said[0], 0
            elif process is not None or self._clock() - seen_at > 10:
                missing += 1
            if missing > _LAST_LOOKS:
                raise TargetError(self._explain_crash(request.model.name, process))
            if self._clock() > end:
                raise TargetError(
                    f"The app {self._package} did not finish {request.model.name} within {request.seconds:.0f} s. Is "
                    "the phone unlocked? Ask for fewer runs, or a shorter time."
                )
            time.sleep(_LOOK_SECONDS)

    def _explain_crash(self, name: str, process: str | None) -> str:
        """What the system's log has to say of the process that is gone."""
        own = ["--pid", process] if process else []
        lines: list[str] = []
        for words in (["-b", "crash,main", *own], ["-b", "crash"]):
            said = self._phone.shell(["logcat", "-d", "-v", "brief", "-t", str(_LOG_LINES), *words])
            lines = [line for line in said.output.splitlines() if line.strip() and not line.startswith("---")]
            if lines:
                break
        tail = "\n".join(f"  {line[:300]}" for line in lines[-_LOG_LINES:])
        log = f" The end of its log:\n{tail}" if tail else " The system's log has nothing of it."
        return f"The app {self._package} ended before it had measured {name}: it crashed, or was stopped.{log}"

    def _read(self, answer: str, name: str, there: str) -> dict[str, Any]:
        content = self._phone.pull(answer)
        try:
            document = json.loads(content)
            schema, results, problem = document["schema"], document["results"], document.get("error")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TargetError(f"The app {self._package} sent a result that cannot be read ({error}).") from error
        if schema != SCHEMA:
            raise TargetError(
                f"The app {self._package} answers in another form ({schema!r}) than this EdgeKit reads ({SCHEMA}). "
                "Export and install it anew: edgekit export MODEL --to android"
            )
        problem = problem or next((one.get("error") for one in results if one.get("error")), None)
        if problem or not results:
            reason = str(problem or "it gives no result").replace(there, name)
            raise TargetError(f"The app {self._package} did not measure {name}: {reason}")
        return dict(_checked(results[0], self._package))


def _checked(result: object, package: str) -> Mapping[str, Any]:
    if not isinstance(result, Mapping):
        raise TargetError(f"The app {package} sent a result that cannot be read (no object).")
    return result
