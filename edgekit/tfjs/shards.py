"""The files of a model's weights: where they may lie, and what they must hold."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, get_args
from urllib.parse import unquote

from edgekit.errors import ModelFileError
from edgekit.modelfile import check_regular, read_model_file
from edgekit.tfjs.fields import number, objects, refuse, sizes, take, texts
from edgekit.tfjs.weights import DTYPE_BYTES, STRING, Quantization, Stored, WeightEntry, spans


def read_groups(document: Any, name: str) -> list[tuple[tuple[str, ...], tuple[WeightEntry, ...]]]:
    """The ``weightsManifest``: for each group its files and its weights.

    Raises:
        ModelFileError: a field is wrong, or two weights or two files have the same name.
    """
    groups = [
        (
            tuple(texts(group, "paths", name)),
            tuple(_read_entry(entry, name) for entry in objects(group, "weights", name)),
        )
        for group in objects(document, "weightsManifest", name)
    ]
    seen: set[str] = set()
    files: set[PurePosixPath] = set()
    for paths, entries in groups:
        for path in paths:
            if PurePosixPath(path) in files:
                refuse(name, f"it names the file {path!r} twice")
            files.add(PurePosixPath(path))
        for entry in entries:
            if entry.name in seen:
                refuse(name, f"it has two weights of the name {entry.name!r}")
            seen.add(entry.name)
    return groups


def find_shards(folder: Path, paths: tuple[str, ...], name: str) -> tuple[Path, ...]:
    """The files of a group.

    Raises:
        ModelFileError: one lies, or would lie in a browser, outside of the model's folder, or is missing.
    """
    return tuple(_find_shard(folder, text, name) for text in paths)


def check_sizes(files: tuple[Path, ...], entries: tuple[WeightEntry, ...], name: str) -> None:
    """Sees to it that the files hold exactly these weights.

    Raises:
        ModelFileError: they hold more or less.
    """
    found = sum(file.stat().st_size for file in files)
    known = [entry.stored_bytes for entry in entries]
    expected = sum(size or 0 for size in known)
    if None in known and found >= expected:  # strings tell their lengths only in the file
        data = read_shards(files)
        try:
            expected = sum(len(part) for _, part in spans(entries, data))
        except ValueError:
            expected = found + 1
    if found != expected:
        what = "cut short or " if found < expected else ""
        refuse(
            name, f"its weights take {expected:,} bytes, but its files have {found:,} (they are {what}of another model)"
        )


def read_shards(files: tuple[Path, ...]) -> memoryview:
    """The bytes of a group, one file after the other."""
    return memoryview(b"".join(read_model_file(file) for file in files))


def _find_shard(folder: Path, text: str, name: str) -> Path:
    # A browser resolves a path as a part of an address, in which %2e%2e is "..".
    if any(_leads_out(way) for way in (text, unquote(text))):
        raise _outside(name, text)
    try:
        path = (folder / text).resolve()
        inside = path.is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a loop of links
        inside = False
    if not inside:
        raise _outside(name, text)
    try:
        check_regular(path)
    except ModelFileError as error:
        raise ModelFileError(f"{name} is incomplete: {error}") from error
    return path


def _leads_out(text: str) -> bool:
    """Whether a path is absolute, an address, or climbs out of its folder."""
    parts = PureWindowsPath(text).parts  # knows both kinds of slashes
    return (
        not text
        or any(ord(letter) < 32 for letter in text)
        or ":" in text
        or text.startswith(("/", "\\"))
        or ".." in parts
        or not parts
    )


def _outside(name: str, text: str) -> ModelFileError:
    return ModelFileError(f"{name} names the file {text!r}, which lies outside of its folder. Do not use it.")


def _read_entry(document: dict[str, Any], name: str) -> WeightEntry:
    label = take(document, "name", str, name)
    dtype = take(document, "dtype", str, name)
    if dtype not in (*DTYPE_BYTES, STRING):
        refuse(name, f"the weight {label!r} is of the dtype {dtype!r}, which TF.js does not know")
    quantization = None
    if document.get("quantization") is not None:
        quantization = _read_quantization(document["quantization"], dtype, f"{name} (weight {label!r})")
    return WeightEntry(label, sizes(document, "shape", name), dtype, quantization)


def _read_quantization(document: Any, dtype: str, name: str) -> Quantization:
    stored = take(document, "dtype", str, name)
    allowed = {"float32": get_args(Stored), "int32": ("uint8", "uint16")}.get(dtype, ())
    if stored not in allowed:
        refuse(name, f"{dtype} cannot be stored as {stored!r}")
    if stored == "float16":
        return Quantization("float16")
    return Quantization(
        "uint8" if stored == "uint8" else "uint16", number(document, "scale", name), number(document, "min", name)
    )
