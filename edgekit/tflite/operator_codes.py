"""A model's list of operator codes, while operators are replaced: which of them are in use, and new ones."""

from __future__ import annotations

from collections.abc import Iterable

from edgekit.tflite.flatbuffer import Table
from edgekit.tflite.flatbuffer_writer import Scalar, String, Value
from edgekit.tflite.flatbuffer_writer import Table as NewTable
from edgekit.tflite.ops import BUILTIN_NAMES
from edgekit.tflite.schema import OperatorCodeField

_LARGEST_OLD_CODE = 127
"""Of the older field for an operator's code; a larger one has this there (``schema_conversion_utils.cc``)."""

Code = tuple[int, str, int]
"""A built-in operator's number, a custom one's name, its version."""


class OperatorCodes:
    """A model's list of operator codes: what is used keeps its place, what is new comes behind.

    An interpreter looks for all codes in the list, used or not, and gives up where it does not know one.
    """

    def __init__(self, tables: Iterable[Table]) -> None:
        self._codes = [_read_code(table) for table in tables]
        self._used: set[int] = set()
        self._new: list[Code] = []

    def use(self, index: int) -> None:
        """Keeps an old code, which an operator has."""
        self._used.add(index)

    def add(self, name: str, version: int) -> int:
        """The place of a new operator's code, behind all old ones."""
        code = (BUILTIN_NAMES.index(name), "", version)
        if code not in self._new:
            self._new.append(code)
        return len(self._codes) + self._new.index(code)

    def tables(self) -> list[NewTable]:
        """All codes; in place of an unused one stands a copy of one that is used."""
        codes = [*self._codes, *self._new]
        spare = codes[min(self._used)] if self._used else self._new[0]
        used = self._used | set(range(len(self._codes), len(codes)))
        return [_code_table(code if index in used else spare) for index, code in enumerate(codes)]


def _read_code(table: Table) -> Code:
    number = max(
        table.int8(OperatorCodeField.DEPRECATED_BUILTIN_CODE),
        table.int32(OperatorCodeField.BUILTIN_CODE),
    )
    return number, table.string(OperatorCodeField.CUSTOM_CODE), table.int32(OperatorCodeField.VERSION, 1)


def _code_table(code: Code) -> NewTable:
    number, custom, version = code
    fields: dict[int, Value] = {
        OperatorCodeField.DEPRECATED_BUILTIN_CODE: Scalar("b", min(number, _LARGEST_OLD_CODE)),
        OperatorCodeField.VERSION: Scalar("i", version),
        OperatorCodeField.BUILTIN_CODE: Scalar("i", number),
    }
    if custom:
        fields[OperatorCodeField.CUSTOM_CODE] = String(custom)
    return NewTable(fields)
