"""The labels of a model that does not have them inside: a file, or a list."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgekit.arguments import as_path
from edgekit.data.label_file import read_label_file
from edgekit.data.table_file import read_table_file
from edgekit.errors import DataError, UsageError
from edgekit.modelfile import check_regular
from edgekit.spec import Label

_MAX_BYTES = 16 << 20
"""ImageNet's 21,841 labels have 0.6 MB."""

_NUMBERED = re.compile(r"\s*(\d+)\s*[:,;\t ]\s*(.+)")
"""``0 Cat``, as Teachable Machine writes, or ``0: cat``."""


def read_labels(given: Any) -> tuple[Label, ...]:
    """The labels in the order of the outputs.

    Args:
        given: a list of labels, or a file: one label a line (``0 Cat`` is read, too), JSON (a list, index
            to name, or name to index) or a CSV file with a column ``label``.

    Raises:
        DataError: the file cannot be read as labels.
        UsageError: neither a file nor a list of texts.
    """
    if isinstance(given, str | os.PathLike):
        path = as_path(given, "labels")
        return _unique(_read(path), str(path))
    if not isinstance(given, Sequence) or not all(isinstance(item, str | Label) for item in given):
        raise UsageError(f"labels is a file, or a list of texts. Got: a {type(given).__name__}.")
    return _unique([item if isinstance(item, Label) else Label(item) for item in given], "labels")


def _read(path: Path) -> list[Label]:
    try:
        check_regular(path)
    except Exception as error:
        raise DataError(str(error).replace("model file", "file of labels")) from error
    if path.suffix.lower() in (".csv", ".tsv"):
        return _from_table(path)
    if path.stat().st_size > _MAX_BYTES:
        raise DataError(f"{path} is no list of labels (it has {path.stat().st_size:,} bytes). Write one label a line.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no list of labels ({error}). Write one label a line, in UTF-8.") from error
    if path.suffix.lower() == ".json":
        return [Label(name) for name in _from_json(text, path)]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    for start in (0, 1):
        if lines and all(match and int(match[1]) == place for place, match in enumerate(numbered, start)):
            lines = [match[2] for match in numbered if match]
            break
    return [Label(line) for line in lines]


def _from_json(text: str, path: Path) -> list[str]:
    wanted = f'{path} is no list of labels. Write ["cat", "dog"], {{"0": "cat", "1": "dog"}} or {{"cat": 0, "dog": 1}}'
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{wanted} ({error}).") from error
    if isinstance(document, dict):
        count = len(document)
        if all(type(value) is int for value in document.values()):  # class_indices of a Keras generator
            document = {str(place): name for name, place in document.items()}
        places = [str(place) for place in range(count)]
        if sorted(document) != sorted(places):
            raise DataError(f"{wanted}; each number from 0 to {len(places) - 1} once.")
        document = [document[place] for place in places]
    if not isinstance(document, list):
        raise DataError(f"{wanted}.")
    # imagenet_class_index.json has [id, name] for each.
    names = [item[-1] if isinstance(item, list) and item else item for item in document]
    if not all(isinstance(name, str) and name for name in names):
        raise DataError(f"{wanted}.")
    return names


def _from_table(path: Path) -> list[Label]:
    table = read_table_file(path)
    columns = [name.casefold() for name in table.columns]
    if "label" not in columns:
        raise DataError(f"{path} has no column 'label'. Its columns: {', '.join(table.columns)}.")
    ids = [row.cells[columns.index("label")].strip() for row in table.rows]
    if len(columns) == 1:
        return [Label(name) for name in ids]
    found = read_label_file(path, ids)
    return [found[name] for name in ids]


def _unique(labels: list[Label], source: str) -> tuple[Label, ...]:
    """No id twice: ImageNet has two classes called "crane", which become "crane (1)" and "crane (2)"."""
    if not labels or not all(label.id.strip() for label in labels):
        raise DataError(f"{source} has {'an empty label' if labels else 'no labels'}. Write one label a line.")
    times = Counter(label.id for label in labels)
    seen: Counter[str] = Counter()
    unique = []
    for label in labels:
        seen[label.id] += 1
        if times[label.id] > 1:
            label = Label(f"{label.id} ({seen[label.id]})", label.names or {"en": label.id}, label.descriptions)
        unique.append(label)
    return tuple(unique)
