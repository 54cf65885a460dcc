"""The page as one file."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

from edgekit.files import write_text
from edgekit.report.training_page.markup import Markup, join, tag
from edgekit.report.training_page.sections import header, notes, sections
from edgekit.training.material import Material
from edgekit.version import __version__

PAGE = "report.html"


def write_page(material: Material, folder: Path) -> Path:
    """Writes everything about a training as one HTML file that needs no network.

    Args:
        material: the training; some of its photos become part of the page.
        folder: gets ``report.html``; it exists.

    Returns:
        The file.

    Raises:
        OutputError: the file cannot be written.
        ImageError: a photo that is decoded on demand has vanished.
    """
    path = folder / PAGE
    write_text(path, page(material))
    return path


def page(material: Material) -> str:
    """The HTML. Every text in it is escaped, and a policy of its own forbids all that it did not bring along."""
    parts = list(sections(material))
    links = [tag("a", title, href=f"#{anchor}") for anchor, title, _ in parts]
    body = [
        header(material),
        notes(material),
        tag("nav", links, aria_label="On this page"),
        tag("main", [_section(*part) for part in parts]),
        tag("footer", tag("p", f"Written by EdgeKit {__version__}. Photos and charts are part of this file.")),
    ]
    script = _read("page.js")
    name = material.result.spec.name
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{name} · training report"),
        tag("style", _read("page.css")),
    ]
    document = tag(
        "html", tag("head", head), tag("body", tag("div", body, cls="page"), tag("script", script)), lang="en"
    )
    return f"<!DOCTYPE html>\n{document}\n"


def _section(anchor: str, title: str, content: Markup) -> Markup:
    return tag("section", tag("h2", title, id=f"{anchor}-title"), content, id=anchor, aria_labelledby=f"{anchor}-title")


def _policy(script: Markup) -> str:
    """Nothing is loaded from anywhere, and no script runs but ours, whatever a class may be called."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
    )


def _read(name: str) -> Markup:
    """A part of the page that comes with EdgeKit."""
    return join([Markup(files("edgekit.report.training_page").joinpath(name).read_text(encoding="utf-8"))])
