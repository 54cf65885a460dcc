"""The HTML page of a training."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgekit.data import DataReport
from edgekit.errors import OutputError, TrainingError
from edgekit.report.training_page import page, python_call, write_page
from edgekit.report.training_page.charts import nice_ticks
from edgekit.report.training_page.markup import Markup, tag
from edgekit.spec import Label
from edgekit.training.config import TrainingConfig
from edgekit.training.material import gather
from tests.training_results import make_history, make_result, three_classes, three_labels

HOSTILE = '<script>alert("1")</script>'

VOID = {"meta", "img", "line", "circle", "polyline", "rect", "path", "br"}


class _Elements(HTMLParser):
    """What a parser sees: every element with its attributes, and the text; open and close must match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID or not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for element, attributes in self.found if element == name]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def read(result: Any, dataset: Any, command: str = "edgekit train things") -> _Elements:
    return _Elements(page(gather(result, dataset, command)))


def test_everything_is_in_it() -> None:
    elements = read(*three_classes(history=make_history(3, fine_tuning=1)))
    titles = ["Learning curves", "Confusion matrix", "Classes", "Worst mistakes", "Samples", "Do it again", "Settings"]
    anchors = {attributes.get("id") for attributes in elements.all("section")}
    assert anchors == {"curves", "confusion", "classes", "mistakes", "samples", "repeat", "settings"}
    assert all(title in elements.text for title in titles)
    assert "80.0 %" in elements.text
    # Wilson's interval of 5 of 6.
    assert "95 % interval 43.6 to 97.0 %" in elements.text
    assert "EdgeKit 0.1.0, Keras 3.15.1, JAX 0.10.0" in elements.text
    assert "edgekit train things" in elements.text
    assert "1 min 12 s" in elements.text
    assert len(elements.all("h1")) == 1


def test_it_asks_no_one_for_anything() -> None:
    elements = read(*three_classes())
    addresses = [
        value
        for _, attributes in elements.found
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "xlink:href") and value
    ]
    assert addresses
    assert all(address.startswith(("#", "data:image/")) for address in addresses)
    style = files("edgekit.report.training_page").joinpath("page.css").read_text(encoding="utf-8")
    assert "url(" not in style
    assert "@import" not in style


def test_only_its_own_script_may_run() -> None:
    text = page(gather(*three_classes()))
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    policies = [tag for tag in _Elements(text).all("meta") if tag.get("http-equiv") == "Content-Security-Policy"]
    assert f"script-src 'sha256-{digest}'" in str(policies[0]["content"])
    assert str(policies[0]["content"]).startswith("default-src 'none'")


@pytest.mark.parametrize("make", [three_classes, three_labels])
def test_names_are_text_and_never_markup(make: Callable[..., Any]) -> None:
    names = tuple(Label(name, {"en": f'{HOSTILE}"{name}'}) for name in ("a", "b", "c"))
    _, dataset = make()
    report = DataReport(HOSTILE, dataset.class_names, dataset.report.images, "folders", empty_folders=(HOSTILE,))
    result, dataset = make(
        class_labels=names,
        files=tuple(f'"><img src=x onerror=alert({index})>.jpg' for index in range(len(dataset.validation))),
        report=report,
        model_name=HOSTILE,
        weights=HOSTILE,
        devices=HOSTILE,
        ended=HOSTILE,
        config=TrainingConfig(model=HOSTILE, augmentation="none"),
    )
    elements = read(result, dataset, f"edgekit train {HOSTILE}")
    assert len(elements.all("script")) == 1
    assert not [attributes for _, attributes in elements.found if any(name.startswith("on") for name in attributes)]
    assert all(str(image["src"]).startswith("data:") for image in elements.all("img"))
    assert elements.text.count(HOSTILE) > 8


def test_a_name_that_is_no_unicode_can_be_written(tmp_path: Path) -> None:
    path = write_page(gather(*three_classes(), "edgekit train a\udcff"), tmp_path)
    assert path == tmp_path / "report.html"
    assert "edgekit train a\\udcff" in path.read_text(encoding="utf-8")


def test_photos_are_inside() -> None:
    elements = read(*three_classes())
    images = elements.all("img")
    assert len(images) == 2 + 6  # two mistakes, and all six samples
    assert all(image["alt"] for image in images)
    for image in images:
        kind, _, data = str(image["src"]).partition(",")
        assert kind == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert (str(picture.width), str(picture.height)) == (image["width"], image["height"]) == ("12", "16")


def test_greyscale_photos() -> None:
    elements = read(*three_classes(shape=(16, 12, 1)))
    with Image.open(io.BytesIO(base64.b64decode(str(elements.all("img")[0]["src"]).partition(",")[2]))) as picture:
        assert picture.mode == "L"


def test_the_worst_mistake_is_first() -> None:
    alts = [image["alt"] for image in read(*three_classes()).all("img")]
    assert alts[:2] == ["b, taken for a", "c, taken for a"]
    assert "b taken for a , 80 % class/2.jpg c taken for a , 60 % class/4.jpg" in read(*three_classes()).text


def test_the_matrix_has_its_counts_and_what_they_mean() -> None:
    cells = [attributes["title"] for attributes in read(*three_classes()).all("td") if attributes.get("title")]
    assert cells[:3] == [
        "2 of 2 a recognised (100.0 %)",
        "0 of 2 a taken for b (0.0 %)",
        "0 of 2 a taken for c (0.0 %)",
    ]
    assert cells[3] == "1 of 2 b taken for a (50.0 %)"


def test_many_classes_are_a_picture_and_a_list() -> None:
    labels = np.arange(64)
    answers = np.eye(64)[(labels + (labels == 5)) % 64]
    elements = read(*make_result(labels, answers, [f"class {index}" for index in labels]))
    assert "matrix" not in {attributes.get("class") for attributes in elements.all("table")}
    assert "1 of 1 class 5 taken for class 6" in elements.text
    assert [image for image in elements.all("img") if "63 of 64 on the diagonal" in str(image["alt"])]
    assert "And 24 more classes." in elements.text
    assert "class 63" in elements.text  # in the table


def test_several_labels_a_photo() -> None:
    elements = read(*three_labels())
    assert "mean F1 of 3 labels on 4 validation photos" in elements.text
    assert "Found Missed False alarms" in elements.text
    assert "interval" not in elements.text
    assert {"sea missed", "sun wrongly given"} <= {image["alt"] for image in elements.all("img")}
    assert "no label" in elements.text


def test_one_output_for_two_classes() -> None:
    labels = np.array([0, 0, 1, 1])
    elements = read(*make_result(labels, [[0.2], [0.7], [0.6], [0.9]], ("no", "yes")))
    assert "1 of 2 no taken for yes" in elements.text
    assert elements.all("img")[0]["alt"] == "no, taken for yes"


def test_samples_that_are_no_photos() -> None:
    labels = np.array([0, 1, 1])
    elements = read(*make_result(labels, np.eye(2)[[0, 0, 1]], ("a", "b"), shape=(49, 10)))
    assert not elements.all("img")
    assert "validation samples" in elements.text
    assert "class/1.jpg" in elements.text


def test_nothing_wrong_and_one_epoch() -> None:
    labels = np.array([0, 1])
    elements = read(*make_result(labels, np.eye(2), ("a", "b"), history=make_history(1)))
    assert "None: every validation photo was answered right." in elements.text
    assert "Most often confused" not in elements.text


def test_a_loss_that_is_no_number_leaves_a_gap() -> None:
    history = make_history(6)
    history[3].values["val_loss"] = float("inf")  # type: ignore[index]
    elements = read(*three_classes(history=history))
    points = [str(line["points"]) for line in elements.all("polyline")]
    assert all(re.fullmatch(r"[\d., ]+", line) for line in points)
    assert len([line for line in elements.all("polyline") if line["class"] == "line validation"]) == 4


def test_what_one_should_know_comes_first() -> None:
    text = page(gather(*three_classes(failure=TrainingError("The disk is full."), ended="Enough.", resumed_after=2)))
    notes = text[text.index("<aside") : text.index("</aside>")]
    assert "The disk is full. The best epoch was kept." in notes
    assert "Enough." in notes
    assert "Resumed after epoch 2" in notes
    assert text.index("<aside") < text.index("<main")


def test_settings_that_were_chosen_stand_out() -> None:
    config = TrainingConfig(model="simple_cnn", augmentation="none", epochs=7)
    text = page(gather(*three_classes(config=config)))
    changed = re.findall(r'<tr class="changed"><th scope="row"><code>(\w+)</code></th><td>([^<]*)', text)
    assert changed == [("model", "simple_cnn"), ("epochs", "7"), ("augmentation", "none")]


def test_augmentation_is_shown_where_there_was_some() -> None:
    elements = read(*three_classes(config=TrainingConfig(model="simple_cnn", augmentation="light")))
    alts = [image["alt"] for image in elements.all("img")]
    assert "The photo as it is" in alts
    assert sum("The photo changed" in str(alt) for alt in alts) == 9
    assert "flipped left–right" in elements.text


def test_colors_can_be_told_apart() -> None:
    """WCAG's contrast of AA, 4.5, for text; also on the darkest cell of the matrix."""
    style = files("edgekit.report.training_page").joinpath("page.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        values = dict(re.findall(r"--([\w-]+): ([^;]+);", block))
        color = {name: _rgb(values[name]) for name in ("bg", "panel", "ink", "muted", "accent")}
        assert tuple(map(int, values["accent-rgb"].split())) == color["accent"]
        share = float(values["shade"]) + 0.035
        cell = tuple(
            share * front + (1 - share) * back for front, back in zip(color["accent"], color["bg"], strict=True)
        )
        for front, back in (("ink", "bg"), ("muted", "bg"), ("accent", "bg"), ("ink", "panel"), ("accent", "panel")):
            assert _contrast(color[front], color[back]) >= 4.5, (front, back)
        assert _contrast(color["ink"], cell) >= 4.5


def _rgb(text: str) -> tuple[int, ...]:
    return tuple(int(text[place : place + 2], 16) for place in (1, 3, 5))


def _contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    def luminance(color: tuple[float, ...]) -> float:
        parts = [value / 255 for value in color]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_call_in_python() -> None:
    config = TrainingConfig(epochs=5, augmentation="light", class_weights={'a "b"': 2.0})
    call = python_call("photos", config, Path("x.keras"), image_size=(96, 128), classes=None)
    assert call == (
        "import edgekit\n\nedgekit.train(\n"
        '    "photos",\n    output="x.keras",\n    image_size=(96, 128),\n    epochs=5,\n    augmentation="light",\n'
        '    class_weights={"a \\"b\\"": 2.0},\n)'
    )
    received: dict[str, Any] = {}

    class edgekit:  # noqa: N801  # stands for the package
        @staticmethod
        def train(source: str, **given: Any) -> None:
            received.update(given, source=source)

    exec(call.partition("\n\n")[2], {"edgekit": edgekit})
    assert received["class_weights"] == {'a "b"': 2.0}
    assert received["source"] == "photos"


def test_a_short_call_is_one_line() -> None:
    assert python_call("photos", TrainingConfig()) == 'import edgekit\n\nedgekit.train("photos")'


def test_what_has_no_spelling_has_its_name() -> None:
    def build_mine() -> None: ...

    call = python_call(np.zeros((2, 2)), TrainingConfig(model=build_mine))
    assert "edgekit.train(ndarray, model=build_mine)" in call


def test_round_ticks() -> None:
    assert nice_ticks(0, 1.05) == (0, 0.5, 1.0)
    assert nice_ticks(0.63, 1) == (0.7, 0.8, 0.9, 1.0)
    assert nice_ticks(3, 3) == (3,)


def test_text_is_escaped_once() -> None:
    assert tag("p", "a < b & c", title='"') == '<p title="&quot;">a &lt; b &amp; c</p>'
    assert tag("p", tag("b", "x"), Markup("&amp;"), None, ["y", 3]) == "<p><b>x</b>&amp;y3</p>"


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    (tmp_path / "report.html" / "file").touch()
    with pytest.raises(OutputError):
        write_page(gather(*three_classes()), tmp_path)
