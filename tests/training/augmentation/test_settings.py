"""Augmentation as it is written: what is read, and what is refused with which words."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import pytest

from edgekit.errors import UsageError
from edgekit.training.augmentation import PRESETS, Augmentation, resolve_augmentation, to_text
from edgekit.training.augmentation.describe import describe
from edgekit.training.augmentation.settings import FIELDS


def test_presets_go_from_nothing_to_much() -> None:
    assert list(PRESETS) == ["none", "light", "standard", "strong"]
    assert PRESETS["none"].is_none
    assert not any(PRESETS[name].is_none for name in ("light", "standard", "strong"))
    assert [PRESETS[name].mixes for name in PRESETS] == [False, False, False, True]


def test_light_is_as_it_was() -> None:
    light = PRESETS["light"]
    assert light == Augmentation(horizontal_flip=True, shift_x=0.1, shift_y=0.1, zoom=(0.85, 1.05), fill_mode="reflect")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", Augmentation()),
        ("LIGHT", PRESETS["light"]),
        ("rotation=30", Augmentation(rotation=30.0)),
        ("horizontal-flip", Augmentation(horizontal_flip=True)),
        (
            "standard,rotation=30,mixup=0.2,vertical_flip",
            dataclasses.replace(PRESETS["standard"], rotation=30.0, mixup=0.2, vertical_flip=True),
        ),
        (" light , horizontal_flip = off ", dataclasses.replace(PRESETS["light"], horizontal_flip=False)),
        ("zoom=0.2", Augmentation(zoom=(0.8, 1.2))),
        ("zoom=0.5..2", Augmentation(zoom=(0.5, 2.0))),
        ("shift=0.2", Augmentation(shift_x=0.2, shift_y=0.2)),
        ("shift=0.2,shift_x=0.1", Augmentation(shift_x=0.1, shift_y=0.2)),
        ("rand_augment=2,magnitude=9", Augmentation(rand_augment=2, magnitude=9.0)),
        ("rotation=5,fill_mode=CONSTANT", Augmentation(rotation=5.0, fill_mode="constant")),
    ],
)  # fmt: skip
def test_text_is_read(text: str, expected: Augmentation) -> None:
    assert resolve_augmentation(text) == expected


def test_mappings_and_settings_are_read() -> None:
    assert resolve_augmentation({"rotation": 30, "shift": 0.1}) == Augmentation(rotation=30, shift_x=0.1, shift_y=0.1)
    assert resolve_augmentation({"preset": "light", "zoom": [0.5, 1]}) == resolve_augmentation("light,zoom=0.5..1")
    settings = Augmentation(hue=10)
    assert resolve_augmentation(settings) is settings
    assert pickle.loads(pickle.dumps(settings)) == settings


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("standrad", ("no augmentation preset 'standrad'", "none, light, standard, strong", "did you mean standard?")),
        ("", ("no augmentation preset ''",)),
        ("standard,rotaton=3", ("no augmentation setting 'rotaton'", "did you mean rotation?", "horizontal_flip")),
        ("light,standard", ("second preset, standard",)),
        ("rotation=3,rotation=4", ("gives rotation twice",)),
        ("light,", ("no augmentation setting ''",)),
        ("rotation", ("rotation needs a value", "rotation=30")),
        ("rotation=", ("rotation is a number", "Got: ''")),
        ("rotation=abc", ("rotation is a number", "Got: 'abc'")),
        ("rotation=181", ("rotation is degrees, 0 to 180", "Got: 181")),
        ("rotation=-5", ("0 to 180", "Got: -5")),
        ("rotation=nan", ("0 to 180", "Got: nan")),
        ("shift_x=1.5", ("shift_x is a share of the width, 0 to 1",)),
        ("vertical_flip=maybe", ("vertical_flip is on or off", "Got: 'maybe'")),
        ("zoom=2..1", ("zoom is a low and a high factor", "0.8..1.2")),
        ("zoom=0..1", ("zoom is a low and a high factor",)),
        ("zoom=1.5", ("zoom is a low and a high factor",)),
        ("zoom=a..b", ("zoom is a number", "zoom=0.8..1.2")),
        ("fill_mode=mirror", ("fill_mode is one of reflect, constant, nearest, wrap", "Got: 'mirror'")),
        ("fill_value=256", ("0 to 255",)),
        ("rand_augment=2.5", ("rand_augment is a number", "rand_augment=2")),
        ("rand_augment=9", ("rand_augment is a whole number from 0 to 8",)),
        ("mixup=-1", ("mixup is the alpha of a Beta distribution, 0 to 10",)),
        ("rotation_range=30", ("'rotation_range' is called rotation",)),
        ("width_shift_range=0.1", ("called shift_x",)),
        ({"rotation": "30"}, ("rotation is degrees", "Got: '30'")),
        ({"rotation": True}, ("Got: True",)),
        ({"horizontal_flip": 1}, ("horizontal_flip is True or False",)),
        ({"preset": 3}, ("no augmentation preset 3",)),
        ({"zoom": (0.5, 0.6, 0.7)}, ("zoom is a low and a high factor",)),
        ({"zoom": None}, ("zoom is a low and a high factor", "Got: None")),
        ({"fill_mode": None}, ("fill_mode is one of", "Got: None")),
        ({3: 4}, ("no augmentation setting '3'",)),
        (None, ("augmentation is a preset", "Got: None")),
        (0.5, ("Got: 0.5",)),
        (["light"], ("Got: ['light']",)),
    ],
)
def test_mistakes_are_explained(value: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_augmentation(value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["none", "light", "standard", "strong", "rotation=30", "strong,mixup=0,cutmix=0", "light,horizontal_flip=off",
     "zoom=0.8..1.2,fill_mode=constant,fill_value=12.5", "standard,rotation=12.345678901234567", "cutmix=1"],
)  # fmt: skip
def test_settings_can_be_written_and_read_again(text: str) -> None:
    settings = resolve_augmentation(text)
    assert resolve_augmentation(to_text(settings)) == settings
    assert len(to_text(settings)) <= len(text)


def test_settings_that_only_prepare_change_nothing() -> None:
    assert resolve_augmentation("fill_mode=constant,fill_value=3,magnitude=9").is_none
    assert resolve_augmentation("mixup=0.2").mixes
    assert not resolve_augmentation("mixup=0.2").is_none


@pytest.mark.parametrize("field", [field for field in FIELDS if field not in ("fill_value", "magnitude", "fill_mode")])
def test_every_change_is_told_in_words(field: str) -> None:
    value = True if field.endswith("_flip") else {"rand_augment": 1}.get(field, 0.5)
    settings = Augmentation(**{field: value})
    assert not settings.is_none
    assert describe(settings) != describe(Augmentation())


def test_words() -> None:
    assert describe(Augmentation()) == "photos stay as they are"
    assert (
        describe(PRESETS["light"])
        == "flipped left–right; shifted ±10 %; sections of 85 to 105 % of the side; mirrored edges"
    )
