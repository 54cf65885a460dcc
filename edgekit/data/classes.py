"""Which classes of a listing are used, and in which order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from edgekit.data.records import Listing, PartName, class_name, shown
from edgekit.errors import DataError, UsageError


def choose_classes(listing: Listing, wanted: Sequence[str] | None) -> Listing:
    """The listing with these classes only, in this order; with all of them where nothing is wanted.

    A photo with one label belongs to its class, and goes with it. A photo that can have several stays,
    as one that has none of the wanted.

    Raises:
        DataError: fewer than two classes (for photos with several labels: none), or a part has a class
            that training lacks.
        UsageError: an unknown class is wanted, or one twice, or too few.
    """
    least = 1 if listing.multi_label else 2
    if wanted is None:
        _refuse_unknown(listing)
        if len(listing.class_names) < least:
            raise DataError(
                f"{listing.place('train')} has {_only(listing.class_names)}. A classifier needs at least two: give "
                "the photos of each class a folder, or a label, of their own."
            )
        return listing
    names = tuple(class_name(name) for name in wanted)
    unknown = [name for name in names if name not in listing.class_names]
    if unknown:
        raise UsageError(
            f"{listing.place('train')} has no class {shown(unknown)}. Its classes: {shown(listing.class_names, 50)}."
        )
    if len(set(names)) < len(names):
        raise UsageError(f"A class is named twice. Got: {shown(names, 50)}.")
    if len(names) < least:
        raise UsageError(f"A classifier needs at least two classes. Got: {shown(names)}.")
    if set(names) == set(listing.class_names):
        return dataclasses.replace(listing, class_names=names)
    chosen = frozenset(names)
    if listing.multi_label:
        records = tuple(
            record
            if chosen.issuperset(record.labels)
            else dataclasses.replace(record, labels=tuple(label for label in record.labels if label in chosen))
            for record in listing.records
        )
    else:
        records = tuple(record for record in listing.records if record.labels[0] in chosen)
    return dataclasses.replace(listing, class_names=names, records=records)


def match_labels(listing: Listing, labels: Sequence[str]) -> Listing:
    """The listing with a model's labels as its classes; they need not all occur.

    Raises:
        DataError: a class is no label of the model.
    """
    by_class = {class_name(label): label for label in labels}
    unknown = [name for name in listing.class_names if name not in by_class]
    if unknown:
        place = next(iter(listing.places.values()), listing.source)
        raise DataError(
            f"{place} has {_classes(unknown)}, but the model has no such label. Its labels: {shown(labels)}. Rename or "
            "remove them, or take a model trained on them."
        )
    if all(name == label for name, label in by_class.items()):
        return dataclasses.replace(listing, class_names=tuple(labels))
    records = tuple(
        dataclasses.replace(record, labels=tuple(by_class[label] for label in record.labels))
        for record in listing.records
    )
    return dataclasses.replace(listing, class_names=tuple(labels), records=records)


def _refuse_unknown(listing: Listing) -> None:
    """Refuses a class of the validation or the test part that no training photo has."""
    by_part: dict[PartName | None, set[str]] = {}
    for record in listing.records:
        by_part.setdefault(record.part, set()).update(record.labels)
    trained = by_part.get("train", set()) | by_part.get(None, set())
    for part in ("validation", "test"):
        unknown = sorted(by_part.get(part, set()) - trained)
        if unknown:
            known = [name for name in listing.class_names if name in trained]
            here, there = listing.place(part), listing.place("train")
            if here == there:
                here, there = f"The {part} part of {here}", "training"
            raise DataError(
                f"{here} has {_classes(unknown)}, but {there} has no such class. Its classes: {shown(known)}. Rename "
                "or remove them, or name the classes to use."
            )


def _classes(names: Sequence[str]) -> str:
    return f"the {'class' if len(names) == 1 else 'classes'} {shown(names)}"


def _only(names: Sequence[str]) -> str:
    return f"one class only ({names[0]})" if names else "no classes"
