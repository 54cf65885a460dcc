"""Maven on the Kotlin sources: what it needs, and what its tests came to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

OLDEST_JDK = 17


@dataclass(frozen=True)
class TestCase:
    """One test of Surefire's reports; ``problem`` is empty for one that passed."""

    __test__ = False
    name: str
    problem: str
    skipped: bool


@dataclass(frozen=True)
class MavenRun:
    """What came of it.

    Attributes:
        code: 0 also where tests failed, if everything compiled.
        log: of Maven.
        library: its tests.
        app: its tests.
    """

    code: int
    log: str
    library: tuple[TestCase, ...]
    app: tuple[TestCase, ...]


def find_lack() -> str | None:
    """What of JDK, Maven and aapt is missing, as a sentence's beginning, or ``None``."""
    if shutil.which("mvn") is None:
        return "there is no Maven; install it with: sh scripts/system-deps.sh"
    if shutil.which("aapt") is None:
        return "there is no aapt; install it with: sh scripts/system-deps.sh"
    if shutil.which("javac") is None:
        return "there is no JDK; install it with: sh scripts/system-deps.sh"
    told = subprocess.run(["javac", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r"javac (\d+)", told.stdout + told.stderr)
    if found is None or int(found[1]) < OLDEST_JDK:
        return f"the JDK is older than {OLDEST_JDK} ({(told.stdout or told.stderr).strip()})"
    return None


def run_maven(repository: Path, build: Path, *arguments: str) -> MavenRun:
    """``mvn test`` of the library and the app, of which the one's failures do not keep the other from running.

    Args:
        repository: the checkout.
        build: folder for everything that is built.
        arguments: more, as in ``-Dedgekit.cases=FOLDER``.
    """
    reports = [build / module / "surefire-reports" for module in ("edgekit", "app")]
    for module in ("edgekit", "app"):
        # Classes, too: everything is compiled anew, and those of a source that is gone would stay.
        for folder in ("surefire-reports", "classes", "test-classes"):
            shutil.rmtree(build / module / folder, ignore_errors=True)
    pom = repository / "targets" / "android" / "pom.xml"
    command = [
        "mvn",
        "-B",
        "-ntp",
        "-f",
        str(pom),
        f"-Dbuild.root={build}",
        "-Dmaven.test.failure.ignore=true",
        *arguments,
        "test",
    ]
    # What has been fetched once is not looked for again; what is missing still is.
    environment = {**os.environ, "MAVEN_OPTS": os.environ.get("MAVEN_OPTS", "-Xmx1g")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    library, app = (tuple(_read_reports(folder)) for folder in reports)
    return MavenRun(done.returncode, done.stdout + done.stderr, library, app)


def _read_reports(folder: Path) -> list[TestCase]:
    found = []
    for path in sorted(folder.glob("TEST-*.xml")):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            problems = [child for child in case if child.tag in ("failure", "error")]
            problem = "\n".join((child.text or child.get("message") or child.tag) for child in problems)
            name = f"{case.get('classname')}.{case.get('name')}"
            found.append(TestCase(name, problem, case.find("skipped") is not None))
    return found
