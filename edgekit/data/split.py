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
    held_out = _hold_out(list(members.values()), scores, share)
    _give_each_class_both_sides(members, held_out, scores, class_names)
    return [digest in held_out for digest in digests]


def split_multi_label(
    digests: Sequence[bytes],
    labels: Sequence[Sequence[int]],
    class_names: Sequence[str],
    share: float,
    seed: int,
) -> list[bool]:
    """Chooses the validation photos where each has any number of labels.

    As :func:`split_by_content`, label by label, the rarest first, as iterative stratification does
    (Sechidis and others, 2011): what they share with the more frequent ones counts for these. Photos
    without a label come last. A label of one photo stays in training; every other one is on both
    sides, as far as the photos allow.

    Args:
        digests: the content digest of each photo.
        labels: the class indices of each photo.
        class_names: for the error's sentence.
        share: of each label's distinct photos, above 0 and below 1.
        seed: another seed is another split.

    Returns:
        For each photo whether it is for validation.

    Raises:
        DataError: fewer than two distinct photos, or a label without any.
    """
    scores = {digest: _score(digest, seed) for digest in dict.fromkeys(digests)}
    if len(scores) < 2:
        raise DataError("There are fewer than two different photos. Training and validation need one each: add photos.")
    members: dict[int, dict[bytes, None]] = {index: {} for index in range(len(class_names))}
    unlabelled: dict[bytes, None] = {}
    for digest, own in zip(digests, labels, strict=True):
        for label in own:
            members[label][digest] = None
        if not own:
            unlabelled[digest] = None
    missing = [class_names[index] for index, own in members.items() if not own]
    if missing:
        raise DataError(f"No photo has the label {', '.join(missing)}. Add some, or leave the label out.")
    groups = sorted(members.values(), key=len)
    held_out = _hold_out([*groups, unlabelled], scores, share)
    _mend_sides(groups, held_out, scores)
    return [digest in held_out for digest in digests]


def _hold_out(groups: Sequence[Mapping[bytes, None]], scores: Mapping[bytes, bytes], share: float) -> set[bytes]:
    """The lowest scores of each group in turn; what an earlier group has decided stays."""
    held_out: set[bytes] = set()
    decided: set[bytes] = set()
    for own in groups:
        # A photo that lies in two groups is decided by the first of them, once.
        undecided = sorted((digest for digest in own if digest not in decided), key=scores.__getitem__)
        quota = (_quota(len(own), share) if len(own) > 1 else 0) - sum(digest in held_out for digest in own)
        held_out.update(undecided[: max(quota, 0)])
        decided.update(undecided)
    return held_out


def _mend_sides(groups: Sequence[Mapping[bytes, None]], held_out: set[bytes], scores: Mapping[bytes, bytes]) -> None:
    """Moves a photo where a label is on one side only, unless that would take another label off a side.

    A label must be in training, whatever that costs others; in validation it should be.
    """
    of_photo: dict[bytes, list[int]] = {}
    held = [0] * len(groups)
    for index, own in enumerate(groups):
        for digest in own:
            of_photo.setdefault(digest, []).append(index)
            held[index] += digest in held_out

    def move(digest: bytes) -> None:
        step = -1 if digest in held_out else 1
        held_out.symmetric_difference_update({digest})
        for index in of_photo[digest]:
            held[index] += step

    for index, own in enumerate(groups):
        for digest in sorted(own, key=scores.__getitem__):
            if 0 < held[index] < len(own) or (len(own) == 1 and not held[index]):
                break
            to_training = digest in held_out
            others = [other for other in of_photo[digest] if other != index]
            safe = all(held[other] > 1 if to_training else held[other] < len(groups[other]) - 1 for other in others)
            if safe:
                move(digest)
        if held[index] == len(own):
            move(min(own, key=scores.__getitem__))


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
