"""Every row of the table has a test, and every test a row."""

from __future__ import annotations

from collections import Counter

from tests.parity_keras.rows import PAGE, documented_rows, row, rows_with_tests


def test_every_row_has_a_test_and_every_test_a_row() -> None:
    documented, tested = set(documented_rows()), set(rows_with_tests())
    assert not documented - tested, "rows without a test"
    assert not tested - documented, "tests without a row"


def test_no_row_stands_twice() -> None:
    assert not [found for found, times in Counter(documented_rows()).items() if times > 1]


def test_there_are_rows_of_every_utility() -> None:
    sections = Counter(section for section, _ in documented_rows())
    assert set(sections) == {
        "image_dataset_from_directory",
        "ImageDataGenerator",
        "flow",
        "flow_from_directory",
        "flow_from_dataframe",
        "model.fit and around it",
    }
    assert min(sections.values()) >= 8


def test_every_argument_of_keras_has_a_row() -> None:
    """So that an argument of a newer Keras does not go unnoticed."""
    import inspect

    import keras
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    text = PAGE.read_text(encoding="utf-8")
    spellings = " ".join(spelling for _, spelling in documented_rows())
    # Said once for all: where pictures are saved, and the second half of a pair.
    together = {"save_prefix", "save_format", "zca_epsilon"}
    for function in (
        keras.utils.image_dataset_from_directory,
        ImageDataGenerator.__init__,
        ImageDataGenerator.flow,
        ImageDataGenerator.flow_from_directory,
        ImageDataGenerator.flow_from_dataframe,
    ):
        names = set(inspect.signature(function).parameters) - {"self", "kwargs"} - together
        assert not [name for name in names if name not in spellings], function
    assert "not offered" in text


assert row  # imported for its documentation; tests of this module have no rows
