"""The split into train and validation: by content, so that it survives renaming, copying and adding."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from edgekit.errors import DataError


def split_by_content(
    digests: Sequence[bytes], labels: Sequence[int], class_names: Sequence[str], share: float, seed: int
) -> list[bool]:
    """Chooses the validation photos.

    Every content gets a score from its digest and the seed; of each class the lowest scores are
    held out, as many as the share asks for. So byte-identical photos are always on one side, names
    and order do not matter, and adding photos moves only the few at the edge of the quota.

    Args:
        digests: the content digest of each photo.
        labels: the class index of each photo.
        class_names: for the error's sentence.
        share: of each class's distinct photos, above 0 and below 1; at least one photo of each
            class falls on either side.
        seed: another seed is another split.

    Returns:
        For each photo whether it is for validation.

    Raises:
        DataError: a class has fewer than two distinct photos, or shares too many of them with
            other classes to have one on either side.
    """
    members = _by_class(digests, labels, len(class_names))
    check_enough(digests, labels, class_names)
    scores = {digest: _score(digest, seed) for digest in dict.fromkeys(digests)}
    held_out: set[bytes] = set()
    decided: set[bytes] = set()
    for own in members.values():
        # A photo that lies under two classes is decided by the first of them, once.
        undecided = sorted((digest for digest in own if digest not in decided), key=scores.__getitem__)
        quota = _quota(len(own), share) - sum(digest in held_out for digest in own)
        held_out.update(undecided[: max(quota, 0)])
        decided.update(undecided)
    _give_each_class_both_sides(members, held_out, scores, class_names)
    return [digest in held_out for digest in digests]


def _by_class(digests: Sequence[bytes], labels: Sequence[int], classes: int) -> dict[int, dict[bytes, None]]:
    """The distinct photos of each class, in the order of their first appearance."""
    members: dict[int, dict[bytes, None]] = {index: {} for index in range(classes)}
    for digest, label in zip(digests, labels, strict=True):
        members[label][digest] = None
    return members


def _score(digest: bytes, seed: int) -> bytes:
    return hashlib.sha256(b"%d:" % seed + digest).digest()


def _quota(distinct: int, share: float) -> int:
    return min(max(round(distinct * share), 1), distinct - 1)


def check_enough(digests: Sequence[bytes], labels: Sequence[int], class_names: Sequence[str]) -> None:
    """Refuses a class that cannot be on both sides; arguments as for :func:`split_by_content`.

    Raises:
        DataError: a class has fewer than two distinct photos.
    """
    for index, own in _by_class(digests, labels, len(class_names)).items():
        if len(own) >= 2:
            continue
        files = sum(label == index for label in labels)
        number = "no readable photo"
        if files:
            number = "one photo only" if files == 1 else f"{files:,} files, but all are copies of one photo"
        raise DataError(
            f"The class {class_names[index]!r} has {number}. Training and validation need one each: "
            "add photos, or leave the class out."
        )


def _give_each_class_both_sides(
    members: Mapping[int, dict[bytes, None]],
    held_out: set[bytes],
    scores: Mapping[bytes, bytes],
    class_names: Sequence[str],
) -> None:
    """Moves a photo where a class that shares photos with another is left with one side only."""

    def lacks(index: int) -> bool:
        return not 0 < sum(digest in held_out for digest in members[index]) < len(members[index])

    for index in members:
        if not lacks(index):
            continue
        settled = [other for other in members if not lacks(other)]
        for digest in sorted(members[index], key=scores.__getitem__):
            held_out ^= {digest}
            if not lacks(index) and not any(lacks(other) for other in settled):
                break
            held_out ^= {digest}
        else:
            raise DataError(
                f"The class {class_names[index]!r} shares so many photos with other classes, byte for byte, "
                "that it cannot be split. Keep each photo under one class."
            )
