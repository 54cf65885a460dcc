"""The Gradle project's files as far as they can be read without Gradle, which is not run here."""

from __future__ import annotations

import re
import subprocess
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

ANDROID = "{http://schemas.android.com/apk/res/android}"


@pytest.fixture(scope="module")
def project(repository: Path) -> Path:
    return repository / "targets" / "android"


@pytest.fixture(scope="module")
def catalog(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "gradle" / "libs.versions.toml").read_text())


def _scripts(project: Path) -> str:
    return "\n".join(path.read_text() for path in project.rglob("*.gradle.kts"))


def test_every_alias_is_in_the_catalog_and_used(project: Path, catalog: dict[str, Any]) -> None:
    used = set(re.findall(r"libs\.([a-zA-Z.]+?)(?:\.get\(\)|\))", _scripts(project)))
    there = {name.replace("-", ".") for name in catalog["libraries"]}
    there |= {f"plugins.{name.replace('-', '.')}" for name in catalog["plugins"]}
    there |= {f"versions.{name}" for name in catalog["versions"] if name.endswith("Sdk")}
    assert used == there


def test_every_version_is_pinned(catalog: dict[str, Any]) -> None:
    for version in catalog["versions"].values():
        assert re.fullmatch(r"\d+(\.\d+)*", version)
    for part in (*catalog["libraries"].values(), *catalog["plugins"].values()):
        assert part["version"]["ref"] in catalog["versions"]


def test_maven_compiles_with_the_same_kotlin(project: Path, catalog: dict[str, Any]) -> None:
    pom = (project / "pom.xml").read_text()
    assert f"<kotlin.version>{catalog['versions']['kotlin']}</kotlin.version>" in pom
    assert f"--min-sdk-version {catalog['versions']['minSdk']} " in (project / "maven" / "app" / "pom.xml").read_text()


def test_the_wrapper_checks_what_it_downloads(project: Path) -> None:
    lines = (project / "gradle" / "wrapper" / "gradle-wrapper.properties").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines)
    assert re.fullmatch(
        r"https\\://services\.gradle\.org/distributions/gradle-[\d.]+-bin\.zip", values["distributionUrl"]
    )
    assert re.fullmatch(r"[0-9a-f]{64}", values["distributionSha256Sum"])
    # What `gradle wrapper` writes is the same.
    version = re.search(r"gradle-([\d.]+)-bin", values["distributionUrl"])
    script = (project / "build.gradle.kts").read_text()
    assert version is not None
    assert f'gradleVersion = "{version[1]}"' in script
    assert f'distributionSha256Sum = "{values["distributionSha256Sum"]}"' in script


def test_the_workflow_builds_with_the_wrappers_gradle(repository: Path, project: Path) -> None:
    wrapper = (project / "gradle" / "wrapper" / "gradle-wrapper.properties").read_text()
    version = re.search(r"gradle-([\d.]+)-bin", wrapper)
    assert version is not None
    assert f'gradle-version: "{version[1]}"' in (repository / ".github" / "workflows" / "android.yml").read_text()


def test_every_property_that_the_app_reads_is_set(project: Path) -> None:
    names = set(re.findall(r'value\("(\w+)"\)', (project / "app" / "build.gradle.kts").read_text()))
    lines = (project / "gradle.properties").read_text().splitlines()
    assert names == {line[len("edgekit.") :].split("=")[0] for line in lines if line.startswith("edgekit.")}


def test_the_app_asks_for_the_camera_alone(project: Path) -> None:
    manifest = ElementTree.parse(project / "app" / "src" / "main" / "AndroidManifest.xml").getroot()
    asked = [one.get(f"{ANDROID}name") for one in manifest.iter("uses-permission")]
    assert asked == ["android.permission.CAMERA"]
    features = {one.get(f"{ANDROID}name"): one.get(f"{ANDROID}required") for one in manifest.iter("uses-feature")}
    assert features == {"android.hardware.camera": "false", "android.hardware.camera.any": "false"}


def test_other_apps_can_start_the_main_screen_alone(project: Path) -> None:
    manifest = ElementTree.parse(project / "app" / "src" / "main" / "AndroidManifest.xml").getroot()
    parts = [one for kind in ("activity", "provider", "service", "receiver") for one in manifest.iter(kind)]
    opened = [one for one in parts if one.get(f"{ANDROID}exported") == "true"]
    asked = {one.get(f"{ANDROID}name"): one.get(f"{ANDROID}permission") for one in opened}
    assert asked == {".MainActivity": None, ".BenchmarkActivity": "android.permission.DUMP"}


def test_the_workflow_finds_libraries_for_small_pages(repository: Path) -> None:
    workflow = (repository / ".github" / "workflows" / "android.yml").read_text()
    program = re.search(r"awk '(.+)'", workflow)
    assert program is not None
    for alignment, code in {"0x1": 1, "0x1000": 1, "0x2000": 1, "0x4000": 0, "0x10000": 0}.items():
        told = f"  LOAD 0x0 0x0 0x0 0x1 0x1 R   0x10000\n  LOAD 0x1 0x1 0x1 0x1 0x1 R E {alignment}\n"
        assert subprocess.run(["awk", program[1]], input=told, text=True, check=False).returncode == code, alignment


def test_no_text_is_written_into_a_layout(project: Path) -> None:
    for path in (project / "app" / "src" / "main" / "res").glob("layout*/*.xml"):
        for view in ElementTree.parse(path).getroot().iter():
            for name in ("text", "contentDescription", "hint"):
                value = view.get(f"{ANDROID}{name}")
                assert value is None or value.startswith("@string/"), f"{path.name}: {value}"


def test_every_string_is_used(project: Path) -> None:
    main = project / "app" / "src" / "main"
    names = {one.get("name") for one in ElementTree.parse(main / "res" / "values" / "strings.xml").getroot()}
    text = "\n".join(path.read_text() for path in main.rglob("*") if path.suffix in (".kt", ".xml"))
    unused = {name for name in names if f"@string/{name}" not in text and not re.search(rf"R\.\w+\.{name}\b", text)}
    assert unused == set()
