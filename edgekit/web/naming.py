"""The built page under a model's name: in the browser's tab, on the page, and on the home screen of a phone."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping

from edgekit.language import in_one_line

_OURS = "EdgeKit"
"""What the built page is called."""

_TITLE, _HEADING = "<title>{}</title>", '<h1 id="name" dir="auto">{}</h1>'


def name_page(page: str, name: str) -> str:
    """``index.html`` with a name as its title and its heading; the same text where the name is blank."""
    shown = html.escape(in_one_line(name) or _OURS)
    for place in (_TITLE, _HEADING):
        page = page.replace(place.format(_OURS), place.format(shown))
    return page


def name_app(manifest: str, name: str) -> str:
    """``app.webmanifest`` with a name for the installed app. Launchers cut what is too long for them."""
    shown = in_one_line(name) or _OURS
    return json.dumps({**json.loads(manifest), "name": shown, "short_name": shown}, indent=2, ensure_ascii=False) + "\n"


NAMED: Mapping[str, Callable[[str, str], str]] = {"index.html": name_page, "app.webmanifest": name_app}
"""The files of the page that have a name in them, with what writes another one."""
