"""Byte-identical photos where they do harm."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.data.records import PARTS, PartName, Record
from edgekit.data.report import Copy, DuplicateGroup

SEPARATOR = ";"


def find_duplicates(
    records: Sequence[Record], digests: Sequence[bytes], parts: Sequence[PartName]
) -> tuple[tuple[DuplicateGroup, ...], int]:
    """Groups photos by content.

    Returns:
        The groups that lie across parts or classes, in the order of their first photo; and how
        many photos merely repeat one of the same class and part.
    """
    by_content: dict[bytes, list[int]] = {}
    for index, digest in enumerate(digests):
        by_content.setdefault(digest, []).append(index)
    groups = []
    repeated = 0
    for digest, indices in by_content.items():
        if len(indices) == 1:
            continue
        copies = [
            Copy(records[index].name, parts[index], SEPARATOR.join(sorted(records[index].labels))) for index in indices
        ]
        copies.sort(key=lambda copy: (PARTS.index(copy.part), copy.file))
        group = DuplicateGroup(digest.hex(), tuple(copies))
        repeated += len(copies) - len({(copy.part, copy.label) for copy in copies})
        if group.across_split or group.across_classes:
            groups.append(group)
    return tuple(groups), repeated
