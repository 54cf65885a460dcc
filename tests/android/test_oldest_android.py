"""What is newer than Android 7 does not get into the library or the app unguarded."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.android.maven import MavenRun, find_lack
from tests.conftest import missing

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>dev.edgekit</groupId>
    <artifactId>android</artifactId>
    <version>0</version>
    <relativePath>{parent}</relativePath>
  </parent>
  <artifactId>newer</artifactId>
  <dependencies>
    <dependency><groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-stdlib</artifactId></dependency>
    <dependency><groupId>org.robolectric</groupId><artifactId>android-all</artifactId></dependency>
  </dependencies>
  <build>
    <sourceDirectory>src</sourceDirectory>
    <plugins>
      <plugin><groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-maven-plugin</artifactId></plugin>
      <plugin><groupId>org.codehaus.mojo</groupId><artifactId>animal-sniffer-maven-plugin</artifactId></plugin>
    </plugins>
  </build>
</project>
"""

SOURCE = """package newer

import android.annotation.TargetApi
import android.os.PowerManager
import java.nio.ByteBuffer

fun heat(power: PowerManager): Int = power.currentThermalStatus

fun isSaving(power: PowerManager): Boolean = power.isPowerSaveMode

@TargetApi(29)
fun guarded(power: PowerManager): Int = power.currentThermalStatus

fun start(data: ByteBuffer): Any = data.rewind()
"""


def test_the_oldest_is_the_projects_own(repository: Path) -> None:
    android = repository / "targets" / "android"
    versions = tomllib.loads((android / "gradle" / "libs.versions.toml").read_text())["versions"]
    assert f"<artifactId>gummy-bears-api-{versions['minSdk']}</artifactId>" in (android / "pom.xml").read_text()


@pytest.mark.parametrize("module", ["edgekit", "app"])
def test_both_modules_are_checked(kotlin_run: MavenRun, module: str) -> None:
    assert re.search(rf"animal-sniffer-maven-plugin:[\d.]+:check \(oldest-android\) @ {module} ", kotlin_run.log)


def test_newer_calls_are_refused(repository: Path, tmp_path: Path) -> None:
    if lack := find_lack():
        missing(lack)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "Newer.kt").write_text(SOURCE)
    parent = os.path.relpath(repository / "targets" / "android" / "pom.xml", tmp_path)
    (tmp_path / "pom.xml").write_text(POM.format(parent=parent))
    command = ["mvn", "-B", "-ntp", f"-Dbuild.root={tmp_path}", "-f", str(tmp_path / "pom.xml"), "process-classes"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    log = done.stdout + done.stderr
    assert done.returncode, log[-5000:]
    found = re.findall(r"Newer(?:\.kt|Kt\.class):(\d+): Undefined reference: (.*)", log)
    assert found == [
        ("7", "int android.os.PowerManager.getCurrentThermalStatus()"),
        ("14", "java.nio.ByteBuffer java.nio.ByteBuffer.rewind()"),
    ], log[-5000:]
