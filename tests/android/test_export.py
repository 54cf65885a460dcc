"""``--to android``: a project that is whole, whose models are proved, and in which nobody's work is lost."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.android.naming import NAMED, application_id, name_properties, name_resource
from edgekit.android.template import MODELS, project_files
from edgekit.api.around import check_files, publish_around
from edgekit.api.composition import Plan, check_mixture, plan_composition
from edgekit.cli.paths import refuse_folder
from edgekit.errors import ConversionError, ModelFileError, OutputError, UsageError
from edgekit.manifest import Manifest
from edgekit.measure.latency import LatencyProtocol
from edgekit.progress import SILENT, Silent
from edgekit.runtime import load
from edgekit.spec import ImageFormat, image_classifier
from tests.android.handset import Handset
from tests.android.maven import find_lack
from tests.conftest import REPOSITORY, missing
from tests.heard import Heard

SIZE = 24
TEMPLATE = REPOSITORY / "targets" / "android"
SPEC = image_classifier("rösen & co", ("a", "b", "c"), ImageFormat(SIZE, SIZE))
ACTIVITY = "app/src/main/kotlin/dev/edgekit/app/MainActivity.kt"

XMLNS = "{http://schemas.android.com/apk/res/android}"

NAMES = [
    "flowers",
    "\"Rosen\" & <b>'Tulpen'</b>",
    "🌷 tulips 👩‍👩‍👧",
    "أزهار",
    "x" * 200,
    "@string/app_name",
    "?attr/colour",
    "100 % %d %s %1$s",
    "\\n \\u0041 \\",
    "two\nlines\x00",
    "lone \ud800 \ufffe",
    "2024",
    "class",
    "fun",
    "_",
    "../../x",
    " ",
]

Make = Callable[..., edgekit.Model]


@pytest.fixture(scope="module")
def make() -> Make:
    """Makes a small classifier; another seed is another training."""
    pytest.importorskip("tensorflow", reason="exporting needs the extra 'tensorflow'")
    import keras

    def made(seed: int = 0) -> edgekit.Model:
        keras.utils.set_random_seed(seed)
        layers = keras.layers
        network = keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3), name="image"),
                layers.Rescaling(1 / 255),
                layers.Conv2D(8, 3, strides=2, activation="relu"),
                layers.Flatten(),
                layers.Dense(3, activation="softmax"),
            ]
        )
        return edgekit.Model.wrap(network, SPEC)

    return made


@pytest.fixture(scope="module")
def photos() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 256, (32, SIZE, SIZE, 3), np.uint8)


@pytest.fixture(scope="module")
def project(make: Make, photos: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("projects") / "app"
    result = edgekit.export(make(), "android", folder, calibration=photos, progress=SILENT)
    assert result.failures == ()
    assert result.next_step is not None
    assert "./gradlew installDebug" in result.next_step
    return folder


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Of a project from a copy of the files here, which a test may change as another EdgeKit would have."""
    found = plan_composition(["android:fp32"], SILENT)
    assert found is not None
    copy = tmp_path / "template"
    for path in project_files(TEMPLATE):
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TEMPLATE / path, copy / path)
    return Plan(found.kind, copy, found.requests, found.by_default)


def publish(folder: Path, plan: Plan, force: bool = False, progress: Silent = SILENT) -> None:
    """What an export does around its models."""
    manifest = Manifest(SPEC.name, SPEC, ())
    check_mixture(folder, plan)
    check_files(folder, SPEC.name, plan, force=force)
    publish_around(folder, manifest, plan, progress).write(folder)


def document_of(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def test_every_file_is_listed_with_its_digest(project: Path) -> None:
    document = document_of(project)
    assert document["schema"] == 1
    models = [f"{MODELS}/rosen-co.{precision}.tflite" for precision in ("fp32", "int8")]
    assert [entry["file"] for entry in document["artifacts"]] == models
    listed = {file["path"]: file for file in document["project"]}
    for path, file in listed.items():
        data = (project / path).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"]), path
    there = {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}
    assert there == {*listed, *models, "manifest.json", "README.md"}


def test_it_is_what_the_tests_of_the_app_compile(project: Path) -> None:
    """All sources, and nothing of Maven or of the tests."""
    for path in project_files(TEMPLATE):
        if path not in NAMED:
            assert (project / path).read_bytes() == (TEMPLATE / path).read_bytes()
    for module in ("app", "edgekit"):
        sources = {
            path.relative_to(TEMPLATE).as_posix() for path in (TEMPLATE / module / "src/main/kotlin").rglob("*.kt")
        }
        assert len(sources) > 10
        assert all((project / path).is_file() for path in sources)
    assert not [
        path for path in project.rglob("*") if path.name in ("pom.xml", "test", "androidTest", "maven", "build")
    ]


def test_gradle_finds_what_it_is_told_of(project: Path) -> None:
    """What else it reads is held by the tests of the files here, which are the same."""
    (included,) = re.findall(r"(?m)^include\((.*)\)$", (project / "settings.gradle.kts").read_text())
    modules = re.findall(r'":(\w+)"', included)
    assert sorted(modules) == ["app", "edgekit"]
    for module in modules:
        build = (project / module / "build.gradle.kts").read_text()
        assert all((project / module / file).is_file() for file in re.findall(r'"([\w-]+\.pro)"', build))
        named = ElementTree.parse(project / module / "src/main/AndroidManifest.xml").getroot()
        classes = [name for item in named.iter() if (name := item.get(f"{XMLNS}name", "")).startswith(".")]
        assert all((project / ACTIVITY).with_name(f"{name[1:]}.kt").is_file() for name in classes)
    properties = (project / "gradle.properties").read_text().splitlines()
    assert [line for line in properties if "dev.edgekit" in line] == ["edgekit.applicationId=dev.edgekit.rosen_co"]
    assert 'rootProject.name = "rosen_co"' in (project / "settings.gradle.kts").read_text().splitlines()


def test_its_models_are_proved_like_any(project: Path) -> None:
    entries = Manifest.read(project).artifacts
    for entry in entries:
        assert entry.check.verified
        assert entry.log is None
        assert entry.digest == hashlib.sha256((project / entry.file).read_bytes()).hexdigest()
        with load(project / entry.file) as model:
            assert model.spec is not None
            assert [label.id for label in model.spec.labels] == ["a", "b", "c"]
    assert [entry.precision for entry in entries] == ["fp32", "int8"]


def test_verify_and_bench_take_the_folder(project: Path, make: Make, photos: Any) -> None:
    before = document_of(project)
    report = edgekit.verify(project, reference=make(), data=(photos, np.arange(32) % 3), progress=SILENT)
    assert len(report.rows) == 2
    after = document_of(project)
    assert after["project"] == before["project"]
    assert all(entry["verification"] for entry in after["artifacts"])
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert "## The app" in readme
    assert "logs/" not in readme
    linked = re.findall(r"\]\((.*?)\)", readme)
    assert sorted(linked) == ["edgekit/LICENSE", "edgekit/README.md"]
    assert all((project / path).is_file() for path in linked)
    quick = LatencyProtocol(1, 0, 3, 0, 1)
    rows = edgekit.benchmark(project, protocol=quick, progress=SILENT).rows
    assert [Path(row.artifact).name for row in rows] == ["rosen-co.fp32.tflite", "rosen-co.int8.tflite"]


def test_a_phone_measures_the_folder(project: Path, handset: Handset) -> None:
    handset.install_app()
    ended = handset.bench(project)
    assert (ended.code, ended.json["failures"]) == (0, [])
    assert [result["artifact"] for result in ended.json["results"]] == ["rosen-co.fp32.tflite", "rosen-co.int8.tflite"]
    assert handset.left_over() == []


def test_android_makes_a_package_of_it(project: Path, tmp_path: Path) -> None:
    """By Android's own compiler of resources: all but the code, whose classes the app's tests compile."""
    framework = fetch_framework()
    manifest = (project / "app/src/main/AndroidManifest.xml").read_text()
    named = manifest.replace("<manifest ", '<manifest package="dev.edgekit.app" ', 1)
    (tmp_path / "AndroidManifest.xml").write_text(named.replace("${applicationId}", "dev.edgekit.rosen_co"))
    aapt2("compile", "--dir", project / "app/src/main/res", "-o", tmp_path / "res.zip")
    link = ["link", "-I", framework, "--manifest", tmp_path / "AndroidManifest.xml", "-A", project / MODELS]
    # Debian's is of Android 10, and does not know an element of Android 12.
    link += ["--warn-manifest-validation", "--rename-manifest-package", "dev.edgekit.rosen_co"]
    aapt2(*link, "-o", tmp_path / "app.apk", tmp_path / "res.zip")
    told = aapt2("dump", "badging", tmp_path / "app.apk")
    assert "package: name='dev.edgekit.rosen_co'" in told
    assert "application-label:'rösen & co'" in told
    assert "launchable-activity: name='dev.edgekit.app.MainActivity'" in told


@pytest.mark.parametrize("name", NAMES)
def test_android_reads_any_name(tmp_path: Path, name: str) -> None:
    shown = "".join(char if char.isprintable() or char == "\u200d" else " " for char in name.replace("\ufffe", " "))
    shown = " ".join(shown.split()) or "EdgeKit"
    (tmp_path / "values").mkdir()
    (tmp_path / "values" / "name.xml").write_text(name_resource("", name), encoding="utf-8")
    manifest = tmp_path / "AndroidManifest.xml"
    manifest.write_text(f'<manifest package="{application_id(name)}"/>')
    aapt2("compile", tmp_path / "values" / "name.xml", "-o", tmp_path)
    aapt2("link", "-o", tmp_path / "a.apk", "--manifest", manifest, tmp_path / "values_name.arsc.flat")
    assert aapt2("dump", "strings", tmp_path / "a.apk").partition("String #0 : ")[2].removesuffix("\n") == shown


def test_the_docs_name_the_versions_that_are_pinned(repository: Path) -> None:
    versions = tomllib.loads((TEMPLATE / "gradle" / "libs.versions.toml").read_text())["versions"]
    wrapper = (TEMPLATE / "gradle" / "wrapper" / "gradle-wrapper.properties").read_text()
    (gradle,) = re.findall(r"gradle-([\d.]+)-bin", wrapper)
    text = (repository / "docs" / "android.md").read_text(encoding="utf-8")
    assert f"Gradle {gradle}, Android's Gradle plugin {versions['agp']}, Kotlin {versions['kotlin']}" in text
    assert f"LiteRT {versions['litert']} (" in text
    assert set(re.findall(r"com\.google\.ai\.edge\.litert:litert[\w-]*:([\d.]+)", text)) == {versions["litert"]}
    assert f"Gradle {gradle}:" in text


def test_the_example_of_the_docs_is_compiled(repository: Path) -> None:
    """With the library's tests."""
    source = TEMPLATE / "edgekit/src/test/kotlin/dev/edgekit/docs/Recognizer.kt"
    example = source.read_text().partition("*/\n")[2]
    assert example.startswith("class ")
    for page in (repository / "docs" / "android.md", TEMPLATE / "edgekit" / "README.md"):
        assert f"```kotlin\n{example}```" in page.read_text(encoding="utf-8")


def test_the_library_has_the_license(repository: Path) -> None:
    assert (TEMPLATE / "edgekit" / "LICENSE").read_bytes() == (repository / "LICENSE").read_bytes()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("flowers", "flowers"),
        ("Mobilenet V2 0.35", "mobilenet_v2_0_35"),
        ("Blüten--2", "bluten_2"),
        ("2024", "app_2024"),
        ("class", "app_class"),
        ("When", "app_when"),
        ("__x__", "x"),
        ("x" * 200, "x" * 50),
        ("花", "app_b0a1eab5"),
        ("", "app_e3b0c442"),
    ],
)
def test_ids_are_javas_names(name: str, expected: str) -> None:
    assert application_id(name) == f"dev.edgekit.{expected}"


def test_a_template_without_a_place_for_the_id_is_refused() -> None:
    with pytest.raises(ValueError, match="0 lines"):
        name_properties("a=b\n", "x")


def test_a_second_export_joins_or_is_refused(make: Make, photos: Any, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    result = edgekit.export(make(), "android", folder, progress=SILENT)
    assert [entry.precision for entry in result.entries] == ["fp32"]
    with pytest.raises(OutputError, match=r"assets/rosen-co\.fp32\.tflite exists already"):
        edgekit.export(make(), "android:fp32", folder, progress=SILENT)
    (folder / ACTIVITY).write_text("// mine\n")
    edgekit.export(make(), "android:int8", folder, calibration=photos, progress=SILENT)
    assert (folder / ACTIVITY).read_text() == "// mine\n"
    assert {path.name for path in (folder / MODELS).iterdir()} == {"rosen-co.fp32.tflite", "rosen-co.int8.tflite"}
    with pytest.raises(OutputError, match="of another training"):
        edgekit.export(make(seed=1), "android:fp16", folder, progress=SILENT)
    edgekit.export(make(seed=1), "android:fp16", folder, force=True, progress=SILENT)
    assert {path.name for path in (folder / MODELS).iterdir()} == {"rosen-co.fp16.tflite"}
    assert (folder / ACTIVITY).read_text() == "// mine\n"
    with pytest.raises(OutputError, match=r"is a project for Android Studio\. Export other formats into"):
        edgekit.export(make(), "tflite", folder, progress=SILENT)
    with pytest.raises(UsageError, match="android writes a project, a folder of its own"):
        edgekit.export(make(), "android,tflite", folder, progress=SILENT)
    with pytest.raises(UsageError, match="android has no precision 'int4'"):
        edgekit.export(make(), "android:int4", folder, progress=SILENT)


def test_what_was_changed_by_hand_is_kept_or_asked_about(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    publish(folder, plan)
    before = document_of(folder)["project"]
    theirs = folder / ACTIVITY
    theirs.write_text("// mine\n")
    (folder / "gradlew").write_text("theirs")
    publish(folder, plan)
    assert theirs.read_text() == "// mine\n"
    assert document_of(folder)["project"] == before

    # A newer EdgeKit, of which the same file is another.
    (plan.template / ACTIVITY).write_text("// newer\n")
    (plan.template / "app/src/main/res/values/colors.xml").write_text("<resources/>\n")
    with pytest.raises(
        OutputError, match=rf"Changed by hand since the last export.*: {re.escape(ACTIVITY)}\. Pass --force"
    ):
        publish(folder, plan)
    assert theirs.read_text() == "// mine\n"
    listener = Heard()
    publish(folder, plan, force=True, progress=listener)
    assert theirs.read_text() == "// newer\n"
    assert listener.warned == [f"Replaced, though changed by hand since the last export: {ACTIVITY}."]
    assert (folder / "app/src/main/res/values/colors.xml").read_text() == "<resources/>\n"
    assert (folder / "gradlew").read_text() == "theirs"


def test_what_was_removed_by_hand_is_not_written_again(plan: Plan, tmp_path: Path) -> None:
    """As where somebody moves the sources into a package of their own."""
    folder = tmp_path / "app"
    publish(folder, plan)
    (folder / ACTIVITY).unlink()
    listener = Heard()
    publish(folder, plan, progress=listener)
    assert not (folder / ACTIVITY).exists()
    assert listener.said == [f"Removed by hand since the last export, and not written again: {ACTIVITY}."]
    (plan.template / ACTIVITY).write_text("// newer\n")
    with pytest.raises(OutputError, match=rf"Changed by hand.*{re.escape(ACTIVITY)}"):
        publish(folder, plan)
    publish(folder, plan, force=True)
    assert (folder / ACTIVITY).read_text() == "// newer\n"


def test_a_readme_that_was_changed_by_hand_stays(make: Make, photos: Any, tmp_path: Path) -> None:
    folder, listener = tmp_path / "app", Heard()
    edgekit.export(make(), "android:fp32", folder, progress=SILENT)
    edgekit.export(make(), "android:fp16", folder, progress=listener)
    assert "rosen-co.fp16.tflite" in (folder / "README.md").read_text(encoding="utf-8")
    assert not [said for said in listener.said if "README" in said]
    (folder / "README.md").write_text("mine")
    edgekit.export(make(), "android:int8", folder, calibration=photos, progress=listener)
    assert (folder / "README.md").read_text() == "mine"
    assert "README.md is not as the last export wrote it, and stays." in "\n".join(listener.said)


def test_what_a_newer_project_has_no_more_goes(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    publish(folder, plan)
    extra = "app/src/main/kotlin/dev/edgekit/app/Storage.kt"
    (plan.template / ACTIVITY).unlink()
    (plan.template / extra).unlink()
    (folder / ACTIVITY).write_text("// mine\n")
    with pytest.raises(OutputError, match="Changed by hand"):
        publish(folder, plan)
    assert (folder / extra).is_file()
    publish(folder, plan, force=True)
    assert not (folder / ACTIVITY).exists()
    assert not (folder / extra).exists()


def test_a_project_that_was_broken_off_goes_on(plan: Plan, tmp_path: Path) -> None:
    """Its files are there, its manifest is that of before, or none."""
    folder = tmp_path / "app"
    publish(folder, plan)
    (folder / "manifest.json").unlink()
    publish(folder, plan)
    old = (folder / "manifest.json").read_bytes()
    (plan.template / ACTIVITY).write_text("// newer\n")
    publish(folder, plan)
    (folder / "manifest.json").write_bytes(old)
    publish(folder, plan)
    assert (folder / ACTIVITY).read_text() == "// newer\n"


def test_ctrl_c_leaves_each_file_old_or_new(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, changed = tmp_path / "app", [ACTIVITY, "build.gradle.kts", "app/build.gradle.kts"]
    publish(folder, plan)
    old = (folder / "manifest.json").read_bytes()
    for path in changed:
        (plan.template / path).write_text("// newer\n")
    copy, copied = shutil.copyfile, []

    def interrupted(source: Path, target: Path) -> None:
        copied.append(source)
        copy(source, target)
        if len(copied) == 40:
            raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copyfile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish(folder, plan)
    monkeypatch.undo()
    assert (folder / "manifest.json").read_bytes() == old
    before = {file["path"]: file["sha256"] for file in json.loads(old)["project"]}
    for path in (path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == before[name] or content == b"// newer\n"
    publish(folder, plan)
    assert all((folder / path).read_text() == "// newer\n" for path in changed)


@pytest.mark.parametrize("file", ["build.gradle.kts", ACTIVITY, "README.md"])
def test_nobodys_files_are_replaced(make: Make, tmp_path: Path, file: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("mine")
    with pytest.raises(OutputError, match=f"has a {re.escape(file)} that no export wrote"):
        edgekit.export(make(), "android:fp32", tmp_path, force=True, progress=SILENT)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [file]
    assert (tmp_path / file).read_text() == "mine"


def test_a_folder_of_other_exports_is_left_alone(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    folder.mkdir()
    Manifest("x", SPEC, ()).write(folder)
    with pytest.raises(OutputError, match=r"holds other exports\. Choose a folder of its own for the project"):
        check_mixture(folder, plan)
    Manifest("x", SPEC, (), around={"models": [], "app": []}).write(folder)
    with pytest.raises(OutputError, match=r"is a site for browsers\. Choose a folder of its own for the project"):
        check_mixture(folder, plan)


def test_a_manifest_that_names_what_lies_elsewhere_is_none(project: Path, tmp_path: Path) -> None:
    """Else an export into the folder would remove it."""
    for change, says in (([{"path": "../x"}], "outside of its folder"), ([{}], "has no path"), ("x", "is missing")):
        (tmp_path / "manifest.json").write_text(json.dumps({**document_of(project), "project": change}))
        with pytest.raises(ModelFileError, match=says):
            Manifest.read(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": 2}, r"manifest\.json was written by a newer EdgeKit\. Upgrade EdgeKit\."),
        ({"project": [{"path": "../x"}]}, r"manifest\.json names '\.\./x', which lies outside"),
        ({"project": 1}, r"manifest\.json is not a readable manifest"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_named(plan: Plan, tmp_path: Path, change: Any, says: str) -> None:
    """Not the files that only it could tell from somebody's."""
    folder = tmp_path / "app"
    publish(folder, plan)
    (folder / "manifest.json").write_text(json.dumps({**document_of(folder), **change}))
    (plan.template / ACTIVITY).write_text("// newer\n")
    with pytest.raises(OutputError, match=rf"{says}.* Choose another folder with -o\.$"):
        publish(folder, plan)


@pytest.mark.parametrize("digest", [None, "none", 7, ["x"]])
def test_no_manifest_has_an_export_remove_what_no_export_wrote(plan: Plan, tmp_path: Path, digest: object) -> None:
    """Whatever somebody has written into it."""
    folder = tmp_path / "app"
    publish(folder, plan)
    theirs = folder / "keys" / "upload.jks"
    theirs.parent.mkdir()
    theirs.write_text("mine")
    document = document_of(folder)
    listed = [{"path": path, "sha256": digest} for path in ("keys", "keys/upload.jks")]
    (folder / "manifest.json").write_text(json.dumps({**document, "project": [*document["project"], *listed]}))
    with pytest.raises(OutputError, match=r"Changed by hand .*: keys, keys/upload\.jks\."):
        publish(folder, plan)
    assert theirs.read_text() == "mine"


@pytest.mark.parametrize("link", [MODELS, "edgekit", "app/src/main/kotlin"])
def test_nothing_is_written_through_a_link_that_leads_out(make: Make, tmp_path: Path, link: str) -> None:
    """Else the manifest would name files that lie elsewhere, which nobody takes."""
    folder, elsewhere = tmp_path / "app", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / link).parent.mkdir(parents=True)
    (folder / link).symlink_to(elsewhere)
    with pytest.raises(OutputError, match=rf"{re.escape(str(folder / link))}.* leads out of .*Choose a folder"):
        edgekit.export(make(), "android:fp32", folder, force=True, progress=SILENT)
    assert not list(elsewhere.iterdir())


def test_a_name_leaves_room_for_the_rest_of_a_files_name(make: Make, tmp_path: Path) -> None:
    name = "x" * 250
    model = make()
    named = dataclasses.replace(model, spec=dataclasses.replace(model.spec, name=name))
    (entry,) = edgekit.export(named, "android:fp32", tmp_path / "app", progress=SILENT).entries
    assert Path(entry.file).name == f"{'x' * 100}.fp32.tflite"


def test_what_the_project_cannot_have_is_said_in_its_own_words(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"needs calibration photos.*export what needs none: --to android:fp32$"):
        edgekit.export(make(), "android:int8", tmp_path / "app", progress=SILENT)
    listener = Heard()
    edgekit.export(make(), "android", tmp_path / "app", progress=listener)
    assert "the project goes without tflite:int8, which --calibration FOLDER would bring." in listener.said[0]


def test_a_folder_in_place_of_a_model_is_answered_with_its_models(project: Path) -> None:
    with pytest.raises(UsageError, match=r"choose one of: .*assets/rosen-co\.fp32\.tflite, .*int8\.tflite$"):
        refuse_folder(project, (".tflite", ".keras"))


def test_what_gradle_and_a_person_leave_there_is_no_template(tmp_path: Path) -> None:
    sources = project_files(TEMPLATE)
    assert len(sources) > 80
    for path in sources:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    for path in (
        "local.properties",
        "gradlew",
        "gradle/wrapper/gradle-wrapper.jar",
        "pom.xml",
        "maven/app/pom.xml",
        "app/build/x.kts",
        "app/src/main/.DS_Store",
        "app/src/main/assets/mine.tflite",
        "app/src/test/kotlin/A.kt",
        ".gradle/x.kts",
        ".idea/x.xml",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert project_files(tmp_path) == sources


def fetch_framework() -> Path:
    """Android's classes and resources, of the version that the Kotlin sources are compiled against; by Maven."""
    (version,) = re.findall(r"<android.version>(.*)</android.version>", (TEMPLATE / "pom.xml").read_text())
    jar = Path.home() / f".m2/repository/org/robolectric/android-all/{version}/android-all-{version}.jar"
    if not jar.exists():
        if lack := find_lack():
            missing(lack)
        asked = f"-Dartifact=org.robolectric:android-all:{version}"
        words = ["mvn", "-B", "-q", "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:get", asked]
        subprocess.run([*words, "-Dtransitive=false"], check=True, timeout=600)
    return jar


def aapt2(*words: str | Path) -> str:
    """Runs Debian's; its texts of characters beyond the first 65,536 are two halves each."""
    program = shutil.which("aapt2")
    if program is None:
        missing("there is no aapt2; install it with: sh scripts/system-deps.sh")
    done = subprocess.run([program, *map(str, words)], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le")
