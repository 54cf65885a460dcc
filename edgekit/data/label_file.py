"""``labels.csv``: what the classes are called and what they are, in any number of languages.

::

    label,name,description,name:de,description:de
    beagle,Beagle,A small scent hound.,Beagle,Ein kleiner Laufhund.

``label`` is the class's id, as in the folders or the table of the photos. Columns without a language
are English.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping

from edgekit.data.records import class_name, shown
from edgekit.data.table_file import Row, Table, read_table_file
from edgekit.errors import DataError
from edgekit.spec import Label

LABEL_FILE = "labels.csv"

DEFAULT_LANGUAGE = "en"

_COLUMN = re.compile(
    r"(name|description)(?::([a-z]{2,3}(?:[-_][a-z0-9]{2,8})*)|_([a-z]{2}(?:[-_](?:[a-z]{2}|[a-z]{4}))?))?",
    re.IGNORECASE,
)
"""With a language tag as of BCP 47: ``name:de``, ``name:pt-BR``, ``name:zh-Hant``; or ``name_de``."""

_MEANT_FOR_PHOTOS = frozenset({"image", "path", "file", "filename", "filepath", "image_path"})


def read_label_file(
    path: str | os.PathLike[str], class_names: Collection[str], name: str | None = None
) -> dict[str, Label]:
    """Reads display names and descriptions.

    Args:
        path: the CSV file.
        class_names: all that there are; a class need not be in the file.
        name: what to call the file in errors; by default its path.

    Returns:
        Class name to label, for the classes in the file.

    Raises:
        DataError: it cannot be read, has no column ``label`` or none of names, or names a class that
            is not there, or one twice. The message has the line.
    """
    table = read_table_file(path, name)
    ids, texts = _find_columns(table)
    found: dict[str, Label] = {}
    for row in table.rows:
        label = class_name(row.cells[ids].strip())
        if not label:
            raise DataError(f"{row.place} has no label. It must be one of: {shown(class_names)}.")
        if label in found:
            raise DataError(f"{row.place} describes {label!r} once more. Keep one line for each label.")
        if label not in class_names:
            raise DataError(
                f"{row.place} describes {label!r}, which is no class here. The classes: {shown(class_names)}."
            )
        found[label] = Label(label, _texts(row, texts["name"]), _texts(row, texts["description"]))
    return found


def is_label_file(path: str | os.PathLike[str]) -> bool:
    """Whether a ``labels.csv`` that lies in a source is one: a table of photos may have this name, too."""
    try:
        columns = {name.casefold() for name in read_table_file(path).columns}
    except DataError:
        return True  # reading it as one will say what is wrong with it
    return not columns & _MEANT_FOR_PHOTOS and any(name == "label" or _COLUMN.fullmatch(name) for name in columns)


def _find_columns(table: Table) -> tuple[int, Mapping[str, Mapping[str, int]]]:
    ids = [index for index, name in enumerate(table.columns) if name.casefold() == "label"]
    if not ids:
        raise DataError(
            f"{table.name} has no column 'label' with the classes' ids. Its columns: {shown(table.columns)}."
        )
    texts: dict[str, dict[str, int]] = {"name": {}, "description": {}}
    for index, column in enumerate(table.columns):
        match = _COLUMN.fullmatch(column)
        if match is None:
            if ":" in column:
                raise DataError(
                    f"{table.name} has the column {column!r}. A language stands behind name or description, as in "
                    "name:de or description:pt-BR."
                )
            continue
        kind, language = match[1].lower(), _language(match[2] or match[3])
        if language in texts[kind]:
            raise DataError(f"{table.name} has two columns with the {kind} in {language!r}. Keep one of them.")
        texts[kind][language] = index
    if not any(texts.values()):
        raise DataError(
            f"{table.name} has neither names nor descriptions. Its columns: {shown(table.columns)}. Add name, "
            "description, name:de, ..."
        )
    return ids[0], texts


def _language(tag: str | None) -> str:
    """The tag as it is usually written: ``pt-BR``, ``zh-Hant``."""
    if tag is None:
        return DEFAULT_LANGUAGE
    first, *more = re.split("[-_]", tag)
    spelled = [part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part for part in more]
    return "-".join([first.lower(), *spelled])


def _texts(row: Row, columns: Mapping[str, int]) -> dict[str, str]:
    found = {language: row.cells[index].strip() for language, index in columns.items()}
    return {language: text for language, text in found.items() if text}
