"""The split: stratified, reproducible, and by content."""

from __future__ import annotations

import hashlib
import random as random_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.data.split import split_by_content, split_multi_label
from edgekit.errors import DataError


def contents(number: int, start: int = 0) -> list[bytes]:
    return [hashlib.sha256(str(index).encode()).digest() for index in range(start, start + number)]


def test_each_class_gives_its_share() -> None:
    digests = contents(150)
    labels = [0] * 100 + [1] * 40 + [2] * 10
    held_out = split_by_content(digests, labels, "abc", 0.2, seed=0)
    assert [sum(h for h, label in zip(held_out, labels, strict=True) if label == k) for k in range(3)] == [20, 8, 2]


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_two_photos_are_enough_for_any_share(share: float) -> None:
    assert sorted(split_by_content(contents(2), [0, 0], "a", share, seed=0)) == [False, True]


def test_order_does_not_matter_and_the_seed_does() -> None:
    pairs = [(digest, index % 2) for index, digest in enumerate(contents(60))]

    def chosen(items: list[tuple[bytes, int]], seed: int) -> set[bytes]:
        held_out = split_by_content([d for d, _ in items], [k for _, k in items], "ab", 0.25, seed)
        return {digest for (digest, _), held in zip(items, held_out, strict=True) if held}

    shuffled = random_module.Random(1).sample(pairs, len(pairs))
    assert chosen(pairs, 0) == chosen(shuffled, 0)
    assert chosen(pairs, 0) != chosen(pairs, 1)


def test_adding_photos_moves_only_those_at_the_edge_of_the_quota() -> None:
    before, more = contents(100), contents(10, start=100)
    first = split_by_content(before, [0] * 100, "a", 0.2, seed=0)
    second = split_by_content(before + more, [0] * 110, "a", 0.2, seed=0)[:100]
    moved = sum(a != b for a, b in zip(first, second, strict=True))
    assert moved <= 2  # the quota grew by 2, and the 10 new ones take some of it


def test_copies_are_on_one_side_even_under_two_classes() -> None:
    own, shared = contents(20), contents(5, start=20)
    digests = own[:10] + shared + own[10:] + shared + shared
    labels = [0] * 10 + [0] * 5 + [1] * 10 + [1] * 5 + [0] * 5
    held_out = split_by_content(digests, labels, "ab", 0.3, seed=3)
    sides: dict[bytes, set[bool]] = {}
    for digest, held in zip(digests, held_out, strict=True):
        sides.setdefault(digest, set()).add(held)
    assert all(len(side) == 1 for side in sides.values())


def test_a_class_inside_another_still_has_both_sides() -> None:
    big = contents(40)
    for seed in range(20):
        held_out = split_by_content([*big, *big[:2]], [0] * 40 + [1] * 2, "ab", 0.1, seed)
        assert sorted(held_out[40:]) == [False, True]


@pytest.mark.parametrize(
    ("digests", "labels", "message"),
    [
        (contents(3), [0, 0, 1], "'b' has one photo only"),
        (contents(2) + [contents(1)[0]] * 2, [0, 0, 1, 1], "'b' has 2 files, but all are copies of one photo"),
        (contents(2), [0, 0], "'b' has no readable photo"),
    ],
)
def test_a_class_that_cannot_be_split_is_named(digests: list[bytes], labels: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_by_content(digests, labels, "ab", 0.2, seed=0)


def test_classes_that_share_everything_are_refused_or_split() -> None:
    a, b, c = contents(3)
    # Three classes, each two of three photos: any side for the three leaves one class undivided.
    with pytest.raises(DataError, match="shares so many photos"):
        split_by_content([a, b, b, c, c, a], [0, 0, 1, 1, 2, 2], "abc", 0.5, seed=0)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=80), st.floats(0.01, 0.99), st.integers(0, 9)
)
def test_every_split_is_sound(photos: list[tuple[int, int]], share: float, seed: int) -> None:
    digests = [hashlib.sha256(bytes([content])).digest() for content, _ in photos]
    labels = [label for _, label in photos]
    try:
        held_out = split_by_content(digests, labels, "abcd", share, seed)
    except DataError:
        return
    for label in range(4):
        assert {held for held, own in zip(held_out, labels, strict=True) if own == label} == {False, True}
    assert len({(d, h) for d, h in zip(digests, held_out, strict=True)}) == len(set(digests))


def split_labels(photos: list[tuple[bytes, list[int]]], classes: int, share: float, seed: int = 0) -> list[bool]:
    names = [str(index) for index in range(classes)]
    return split_multi_label([d for d, _ in photos], [labels for _, labels in photos], names, share, seed)


def test_several_labels_keep_their_shares() -> None:
    random = random_module.Random(0)
    rates = (0.5, 0.3, 0.1, 0.05)
    photos = [(d, [k for k, rate in enumerate(rates) if random.random() < rate]) for d in contents(2000)]
    held_out = split_labels(photos, 4, 0.2)
    for label in range(4):
        own = [held for held, (_, labels) in zip(held_out, photos, strict=True) if label in labels]
        assert 0.18 <= sum(own) / len(own) <= 0.25
    none = [held for held, (_, labels) in zip(held_out, photos, strict=True) if not labels]
    assert 0.18 <= sum(none) / len(none) <= 0.22


def test_a_label_of_one_photo_stays_in_training() -> None:
    photos = [(d, [0]) for d in contents(9)] + [(d, [0, 1]) for d in contents(1, start=9)]
    for seed in range(20):
        held_out = split_labels(photos, 2, 0.5, seed)
        assert not held_out[9]
        assert 0 < sum(held_out) < 10


def test_several_labels_cannot_be_split_without_photos() -> None:
    with pytest.raises(DataError, match="fewer than two different photos"):
        split_labels([(contents(1)[0], [0])] * 3, 1, 0.5)
    with pytest.raises(DataError, match="No photo has the label 1"):
        split_labels([(d, [0]) for d in contents(3)], 2, 0.5)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sets(st.integers(0, 3))), max_size=60),
    st.floats(0.01, 0.99),
    st.integers(0, 9),
)
def test_every_split_of_several_labels_is_sound(photos: list[tuple[int, set[int]]], share: float, seed: int) -> None:
    made = [(hashlib.sha256(bytes([content])).digest(), sorted(labels)) for content, labels in photos]
    try:
        held_out = split_labels(made, 4, share, seed)
    except DataError:
        return
    assert len({(d, h) for (d, _), h in zip(made, held_out, strict=True)}) == len({d for d, _ in made})
    for label in range(4):
        own = {d: held for held, (d, labels) in zip(held_out, made, strict=True) if label in labels}
        assert not all(own.values()), "every label is in training"
