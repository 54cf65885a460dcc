"""Measuring by an EdgeKit app that is installed on the device: its activity without a screen.

A request is a file in the app's own folder on the shared storage; the activity writes its answer beside it under a
temporary name, and renames it once it is whole. What can go wrong with that folder from Android 11 on:

- What lies in it belongs to the app by an access list that ``vold`` gives the folder when the app asks for it
  (``PrepareAppDirFromRoot`` in ``system/vold/Utils.cpp``). The app could not read a folder of the shell's making, so
  the app makes all of them.
- ``adb push`` ends with "remote fchown failed" there: adbd gives what it writes outside of ``/data`` an owner
  (``file_sync_service.cpp``, ``should_use_fs_config``). The shell copies what was pushed elsewhere.
"""

from __future__ import annotations

import json
import re
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgekit.errors import TargetError
from edgekit.measure.told import Told, ToldError, one_line
from edgekit.remote.android.app_request import SCHEMA, AppRequest
from edgekit.remote.android.app_result import reading
from edgekit.remote.android.phone import FOLDER, SHELL_SECONDS, SLOWEST_PUSH, Phone
from edgekit.remote.android.words import no_room, quote

ACTIVITY = "dev.edgekit.app.BenchmarkActivity"

_LOOK_SECONDS = 10
"""How long the device itself looks for an answer, once a second: each call of adb takes time from the measurement."""

_LAST_LOOKS = 2
"""An app that is gone may have written its answer a moment before."""

_FOLDER_SECONDS = 15
"""In which an app that is started has made its folders."""

_ANEW = "If that does not help, uninstall the app, export it and install it anew."

_LOG_LINES = 25

_MOST_RESULT_BYTES = 64 << 20
"""A minute of runs of a microsecond each."""

_MOST_ANSWERS_BYTES = 1 << 30

_PACKAGE = re.compile(r"\w+(\.\w+)+", re.ASCII)

# Installed by a user, so no system app is asked about; a list of activities does not name packages on Android 7.
_FIND = f"""for package in $(pm list packages -3 | sed -n 's/^package://p'); do
    case "$(cmd package resolve-activity --brief -n "$package/{ACTIVITY}" 2>/dev/null)" in
        *"$package/"*) echo "$package";;
    esac
done"""


def find_apps(phone: Phone) -> list[str]:
    """The application ids of all EdgeKit apps on the device, sorted."""
    lines = map(str.strip, phone.script(_FIND, 120).output.splitlines())
    return sorted(line for line in lines if _PACKAGE.fullmatch(line))


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
        self._number = ""

    def send(self, content: bytes, suffix: str) -> str:
        """Puts a file into the app's folder; its name there, which is none of a user's making."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "content")
            source.write_bytes(content)
            return self._send(source, suffix)

    def run(self, request: AppRequest) -> dict[str, Any]:
        """Runs a request; what the app says of its one model.

        Raises:
            TargetError: the app cannot be started, crashed, took too long, or says why it could not do it.
        """
        if request.model not in self._models:
            self._models[request.model] = self._send(request.model, ".tflite")
        model = self._models[request.model]
        self._number = secrets.token_hex(8)
        asked = self.send(json.dumps(request.to_dict(self._number, model)).encode(), ".request.json")
        self._phone.will_leave(f"{self.folder}/results/{self._number}.", any_end=True)
        self._start(asked)
        answer = f"{self.folder}/results/{self._number}.json"
        self._wait(answer, request)
        return self._read(self._phone.pull(answer, _MOST_RESULT_BYTES), request.model.name, model)

    def pull(self, name: str) -> bytes:
        """A file that the app wrote for the last request, by the name that it gives; it is removed at the end."""
        if not re.fullmatch(rf"{self._number}\.[\w.]+", name, re.ASCII):
            raise TargetError(f"The app {self._package} names a file {name!r}, which is none of its results.")
        return self._phone.pull(f"{self.folder}/results/{name}", _MOST_ANSWERS_BYTES)

    def _send(self, source: Path, suffix: str) -> str:
        self._find_folder()
        name = f"{secrets.token_hex(8)}{suffix}"
        there, target = f"{FOLDER}/edgekit-{name}", f"{self.folder}/{name}"
        self._phone.push(source, there)
        self._phone.will_leave(target)
        size = source.stat().st_size
        copy = f"cp {quote([there, target])}; code=$?; rm -f {quote([there])}; exit $code"
        said = self._phone.script(copy, SHELL_SECONDS + size / SLOWEST_PUSH)
        if "No space left" in said.output + said.log:
            raise TargetError(no_room(self._phone.name, size, None))
        self._phone.removed(there)
        if said.code != 0:
            raise TargetError(f"The folder of the app {self._package} cannot be written to ({said.reason}). {_ANEW}")
        return name

    def _find_folder(self) -> None:
        """Has the app make its folders, where they are not there yet."""
        look = ["ls", "-d", f"{self.folder}/results"]
        said = self._phone.shell(look)
        if said.code == 0:
            return
        self._start("")
        end = self._clock() + _FOLDER_SECONDS
        while said.code != 0:
            if self._clock() > end:
                raise TargetError(
                    f"The app {self._package} was started, and has not made its folder on the shared storage "
                    f"({said.reason}). Unlock the phone, and try again. {_ANEW}"
                )
            time.sleep(0.5)
            said = self._phone.shell(look)

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
        process, missing, seen_at = None, 0, self._clock()
        while True:
            said = self._phone.script(self._look(answer, process, end - self._clock())).output.split()
            if said[:1] == ["done"]:
                return
            if said and re.fullmatch("[0-9]{1,9}", said[0]):
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

    def _look(self, answer: str, process: str | None, seconds: float) -> str:
        """A text for the device's shell: waits a while, and says whether it is done, runs, or is gone."""
        looks, alive = (1, "") if process is None else (_LOOK_SECONDS, f" && [ -d /proc/{process} ]")
        looks = min(looks, int(max(seconds, 0)) + 1)
        path = quote([answer])
        return (
            f"n=0; while [ ! -e {path} ] && [ $n -lt {looks} ]{alive}; do sleep 1; n=$((n + 1)); done; "
            f"if [ -e {path} ]; then echo done; else pidof {quote([self._package])} || echo gone; fi"
        )

    def _explain_crash(self, name: str, process: str | None) -> str:
        """What the system's log has to say of the process that is gone."""
        command = ["logcat", "-d", "-v", "brief", "-t", str(_LOG_LINES), "-b"]
        lines: list[str] = []
        if process is not None:
            lines = self._phone.shell([*command, "crash,main", "--pid", process]).output.splitlines()
        if not any(map(_is_said, lines)):  # it crashed before it was seen; other apps' crashes are nobody's business
            lines = self._phone.shell([*command, "crash"]).output.splitlines()
            lines = lines if any(self._package in line for line in lines) else []
        lines = list(filter(_is_said, lines))
        tail = "\n".join(f"  {one_line(line, 300)}" for line in lines[-_LOG_LINES:])
        log = f" The end of its log:\n{tail}" if tail else " The system's log has nothing of it."
        return (
            f"The app {self._package} ended before it had measured {name}: it crashed, or was stopped, as by another "
            f"EdgeKit that measures on the same phone.{log}"
        )

    def _read(self, content: bytes, name: str, there: str) -> dict[str, Any]:
        with reading():
            try:
                told = Told(json.loads(content))
            except (ValueError, RecursionError) as error:
                raise ToldError(f"it is no JSON ({one_line(error)})") from error
            schema, problem, results = told.whole("schema", 0, 1 << 20), told.text("error", 500), told["results"]
            if schema != SCHEMA:
                raise ToldError(f"it has the form {schema}, where this EdgeKit reads {SCHEMA}")
            first = Told(results[0], "results[0]") if isinstance(results, list) and results else None
            problem = problem or (first.text("error", 500) if first else "it gives no result")
        if problem or first is None:
            raise TargetError(f"The app {self._package} did not measure {name}: {problem.replace(there, name)}")
        return dict(results[0])


def _is_said(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("---")
