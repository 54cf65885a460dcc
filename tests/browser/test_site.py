"""``--to browser``: a site whose models are proved, whose manifest is true, and that a browser shows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgekit
from edgekit.api.composition import check_mixture, plan_composition
from edgekit.errors import ModelFileError, OutputError, SpecError, UsageError
from edgekit.manifest import Manifest
from edgekit.progress import SILENT
from edgekit.runtime import load
from edgekit.spec import ImageFormat, Label, image_classifier
from edgekit.web.contents import file_stem
from edgekit.web.naming import name_app, name_page
from edgekit.web.server import SiteServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZE = 24

Make = Callable[..., edgekit.Model]


@pytest.fixture(scope="module")
def make() -> Make:
    """Makes a small classifier; another seed is another training."""
    pytest.importorskip("tensorflow", reason="exporting needs the extra 'tensorflow'")
    import keras

    def made(name: str = "rösen & co", seed: int = 0) -> edgekit.Model:
        keras.utils.set_random_seed(seed)
        layers = keras.layers
        network = keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3), name="image"),
                layers.Rescaling(1 / 255),
                layers.Conv2D(16, 3, strides=2, activation="relu"),
                layers.Conv2D(16, 3, strides=2, activation="relu"),
                layers.Flatten(),
                layers.Dense(3, activation="softmax"),
            ]
        )
        labels = tuple(Label(one) for one in ("a", "b", "c"))
        return edgekit.Model.wrap(network, image_classifier(name, labels, ImageFormat(SIZE, SIZE)))

    return made


@pytest.fixture(scope="module")
def photos() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 256, (32, SIZE, SIZE, 3), np.uint8)


@pytest.fixture(scope="module")
def site(make: Make, photos: Any, built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sites") / "site"
    result = edgekit.export(make(), "browser", folder, calibration=photos, progress=SILENT)
    assert result.failures == ()
    assert result.next_step == f"Show it with: edgekit serve {folder}"
    return folder


def document_of(site: Path) -> Any:
    return json.loads((site / "manifest.json").read_text(encoding="utf-8"))


def files_of(document: Any) -> list[dict[str, Any]]:
    return [*document["app"], *(file for model in document["models"] for file in model["files"])]


MODELS = ["r.fp32.tfjs", "r.fp32.tflite", "r.uint8.tfjs", "r.int8.tflite"]


def test_the_manifest_lists_every_file_with_its_digest(site: Path) -> None:
    document = document_of(site)
    assert document["schema"] == 1
    assert document["name"] == "rösen & co"
    stem = "rosen-co"
    assert [model["id"] for model in document["models"]] == [name.replace("r.", f"{stem}.", 1) for name in MODELS]
    assert [(model["format"], model["precision"]) for model in document["models"]] == [
        ("tfjs", "fp32"),
        ("tflite", "fp32"),
        ("tfjs", "uint8"),
        ("tflite", "int8"),
    ]
    listed = files_of(document)
    for file in listed:
        data = (site / file["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"]), file["path"]
        assert file["path"].isascii()
        assert not set(file["path"]) & set("#?% \\")
    there = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert there == {file["path"] for file in listed} | {"manifest.json", "README.md"}
    for model in document["models"]:
        assert model["url"] in {file["path"] for file in model["files"]}
        assert model["bytes"] == sum(file["bytes"] for file in model["files"])
    assert not [path for path in site.rglob("*") if path.name.startswith(".")]


def test_page_and_app_are_called_as_the_model(site: Path) -> None:
    app = json.loads((site / "app.webmanifest").read_text(encoding="utf-8"))
    assert (app["name"], app["short_name"], app["start_url"]) == ("rösen & co", "rösen & co", "./")
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "<title>rösen &amp; co</title>" in page
    assert re.search(r'<h1 id="name"[^>]*>rösen &amp; co</h1>', page)


@pytest.mark.parametrize(
    "name",
    [
        "flowers",
        "\"Rosen\" & <b>'Tulpen'</b>",
        "</title><script>alert(1)</script>",
        "🌷 tulips 👩‍👩‍👧",
        "أزهار",
        "x" * 200,
        "two\nlines\x00",
        "lone \ud800",
        "\\1 \\g<0> {}",
        " \n",
    ],
)
def test_any_name_is_a_page_and_an_app(built_page: Path, name: str) -> None:
    shown = "".join(char if char.isprintable() or char in "\u200d" else " " for char in name).split()
    plain = " ".join(shown) or "EdgeKit"
    app = name_app((built_page / "app.webmanifest").read_text(encoding="utf-8"), name)
    app.encode()
    assert json.loads(app)["name"] == plain
    page = name_page((built_page / "index.html").read_text(encoding="utf-8"), name)
    page.encode()

    class Reader(HTMLParser):
        inside, texts = "", {"title": "", "h1": ""}
        scripts = 0

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.inside = tag
            self.scripts += tag == "script"

        def handle_data(self, data: str) -> None:
            if self.inside in self.texts:
                self.texts = {**self.texts, self.inside: self.texts[self.inside] + data}

        def handle_endtag(self, tag: str) -> None:
            self.inside = ""

    reader = Reader()
    reader.feed(page)
    assert reader.texts == {"title": plain, "h1": plain}
    assert reader.scripts == 1


def test_its_models_are_proved_like_any(site: Path, make: Make, photos: Any) -> None:
    entries = Manifest.read(site).artifacts
    assert len(entries) == 4
    assert all(entry.check.verified and entry.log is None for entry in entries)
    for entry in entries:
        with load(site / entry.file) as model:
            assert [label.id for label in model.spec.labels] == ["a", "b", "c"]
    changed = site / "models" / "rosen-co.fp32.tflite"
    before = changed.read_bytes()
    changed.write_bytes(before[:-1] + b"x")
    with pytest.raises(ModelFileError, match="is not what was exported"):
        load(changed)
    changed.write_bytes(before)


def test_verify_keeps_what_the_page_reads(site: Path, make: Make, photos: Any) -> None:
    before = document_of(site)
    report = edgekit.verify(site, reference=make(), data=(photos, np.arange(32) % 3), progress=SILENT)
    assert len(report.rows) == 4
    after = document_of(site)
    assert {name: after[name] for name in ("models", "app")} == {name: before[name] for name in ("models", "app")}
    assert all(entry["verification"] for entry in after["artifacts"])
    assert "## The page" in (site / "README.md").read_text(encoding="utf-8")


def test_a_browser_shows_it(site: Path, chromium: Browser) -> None:
    """As ``edgekit serve`` does: isolated, without a word from the Content-Security-Policy, all files as listed."""
    context = chromium.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    with SiteServer(site, port=0) as server:
        server.start()
        page.goto(server.url)
        page.wait_for_load_state("load")
        assert page.evaluate("crossOriginIsolated && isSecureContext") is True
        wrong = page.evaluate("""async () => {
            const site = await (await fetch("manifest.json")).json();
            const files = [...site.app, ...site.models.flatMap((model) => model.files)];
            const wrong = [];
            for (const { path, sha256 } of files) {
                const bytes = await (await fetch(path)).arrayBuffer();
                const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
                const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
                if (hex !== sha256) wrong.push(path);
            }
            return wrong;
        }""")
        assert wrong == []
        context.close()
        assert complaints == []
        assert [url for url in asked if not url.startswith((server.url, "blob:", "data:"))] == []


def test_a_second_export_joins_or_is_refused(
    site: Path, make: Make, photos: Any, tmp_path: Path, built_page: Path
) -> None:
    folder = tmp_path / "site"
    edgekit.export(make(), "browser:fp32", folder, progress=SILENT)
    with pytest.raises(OutputError, match=r"models/rosen-co\.fp32\.tfjs exists already"):
        edgekit.export(make(), "browser:fp32", folder, progress=SILENT)
    document = document_of(folder)
    gone = {"path": "assets/of-an-older-page.js", "bytes": 1, "sha256": "0" * 64}
    (folder / gone["path"]).write_text("x")
    document["app"].append(gone)
    (folder / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    edgekit.export(make(), "browser:int8", folder, calibration=photos, progress=SILENT)
    joined = document_of(folder)
    assert [model["precision"] for model in joined["models"]] == ["fp32", "fp32", "uint8", "int8"]
    assert not (folder / gone["path"]).exists()
    assert {file["path"] for file in joined["app"]} == {file["path"] for file in document_of(site)["app"]}
    with pytest.raises(OutputError, match="of another training"):
        edgekit.export(make(seed=1), "browser:fp16", folder, progress=SILENT)
    edgekit.export(make(seed=1), "browser:fp16", folder, force=True, progress=SILENT)
    assert [model["precision"] for model in document_of(folder)["models"]] == ["fp16", "fp16"]
    assert {path.name for path in (folder / "models").iterdir()} == {"rosen-co.fp16.tfjs", "rosen-co.fp16.tflite"}
    with pytest.raises(OutputError, match=r"is a site for browsers\. Export other formats into another folder"):
        edgekit.export(make(), "tflite", folder, progress=SILENT)


def test_without_calibration_the_default_does_with_less(make: Make, tmp_path: Path, built_page: Path) -> None:
    result = edgekit.export(make(), "browser", tmp_path / "site", progress=SILENT)
    assert [entry.precision for entry in result.entries] == ["fp32", "fp32", "uint8"]
    with pytest.raises(edgekit.EdgeKitError, match="tflite:int8 needs calibration photos"):
        edgekit.export(make(), "browser:int8", tmp_path / "other", progress=SILENT)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("browser,tflite", "browser writes a site, a folder of its own. Export tflite with another command"),
        ("coreml:fp16, browser:fp32,onnx", "Export coreml:fp16, onnx with another"),
        ("browser:fp8", "browser has no precision 'fp8'. Known: fp32, fp16, int8."),
        ("browser:", "browser has no precision ''"),
        ("brouser", "Unknown format 'brouser'. Known: android, browser, coreml"),
    ],
)
def test_what_cannot_be_asked_for(to: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        edgekit.export("none.keras", to, tmp_path / "site", progress=SILENT)
    assert says in str(caught.value)


@pytest.mark.parametrize("file", ["index.html", "sw.js"])
def test_nobodys_files_are_replaced(built_page: Path, make: Make, tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("mine")
    with pytest.raises(OutputError, match=f"has a {file} that no export wrote"):
        edgekit.export(make(), "browser:fp32", tmp_path, force=True, progress=SILENT)
    assert [path.name for path in tmp_path.iterdir()] == [file]
    assert (tmp_path / file).read_text() == "mine"


def test_a_folder_of_other_exports_is_left_alone(built_page: Path, make: Make, tmp_path: Path) -> None:
    Manifest("x", make().spec, ()).write(tmp_path)
    with pytest.raises(OutputError, match="holds other exports"):
        check_mixture(tmp_path, plan_composition(["browser:fp32"], SILENT))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"app": None}, "its list 'app' is missing"),
        ({"models": "x"}, "its list 'models' is missing"),
        ({"app": [{"bytes": 1}]}, "has no path"),
        ({"models": [{}]}, "has no path"),
        ({"app": [{"path": "../../secret.txt"}]}, "which lies outside of its folder"),
        ({"models": [{"files": [{"path": "/etc/passwd"}]}]}, "which lies outside of its folder"),
    ],
)
def test_a_manifest_that_lies_is_no_manifest(site: Path, tmp_path: Path, change: dict[str, Any], says: str) -> None:
    """Else an export into the folder would remove what it names."""
    (tmp_path / "manifest.json").write_text(json.dumps({**document_of(site), **change}), encoding="utf-8")
    with pytest.raises((ModelFileError, SpecError), match=says):
        Manifest.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("flowers", "flowers"),
        ("mobilenet_v2_0.35", "mobilenet_v2_0.35"),
        ("Blüten?#%", "Bluten"),
        ("../../x", "x"),
        ("花", "model"),
        (".hidden", "hidden"),
    ],
)
def test_names_need_no_encoding(name: str, stem: str) -> None:
    assert file_stem(name) == stem
