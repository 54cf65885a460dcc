"""What a run needs to go on after it was killed, written after every epoch.

A folder beside the model, ``NAME.unfinished``, with ``state.json`` and two files of arrays: the
variables of the last epoch (with the optimizer's and those of random layers), and the weights of the best.
The state names the arrays that belong to it and is replaced last, so that at any moment the folder holds
one whole state.
"""

from __future__ import annotations

import contextlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import TrainingError
from edgekit.files import atomic_write, remove, write_text
from edgekit.training.result import EpochMetrics

_FORMAT = 1
_STATE = "state.json"
HISTORY = "history.csv"
"""The epochs so far as a table, for whoever looks while it runs."""

Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Progressed:
    """A run after some epoch.

    Attributes:
        fingerprint: all that must be the same for the run to go on: settings, data, format.
        history: its epochs.
        variables: of the network that the last epoch's stage trains, its random layers' included.
        optimizer: the optimizer's.
        best: the weights of the whole model in its best epoch.
    """

    fingerprint: Mapping[str, Any]
    history: tuple[EpochMetrics, ...]
    variables: tuple[NDArray[Any], ...]
    optimizer: tuple[NDArray[Any], ...]
    best: tuple[NDArray[Any], ...]


class Checkpoint:
    """The folder of one run.

    Args:
        folder: need not exist.
        fingerprint: JSON-ready, see :class:`Progressed`.
    """

    def __init__(self, folder: Path, fingerprint: Mapping[str, Any]) -> None:
        self.folder = folder
        self._fingerprint = json.loads(json.dumps(fingerprint))
        self._best_file: str | None = None

    def save(
        self, history: Sequence[EpochMetrics], best_epoch: int, variables: Arrays, optimizer: Arrays, best: Arrays
    ) -> None:
        """Writes the state after an epoch.

        Args:
            history: all epochs so far.
            best_epoch: the number of the best; its weights are written once.
            variables: see :class:`Progressed`.
            optimizer: likewise.
            best: likewise.

        Raises:
            OutputError: the disk is full, read-only or not permitted.
        """
        epoch = history[-1].epoch
        last = f"epoch-{epoch:05d}.npz"
        _write_arrays(self.folder / last, {"variable": variables, "optimizer": optimizer})
        best_file = f"best-{best_epoch:05d}.npz"
        if best_file != self._best_file:
            _write_arrays(self.folder / best_file, {"best": best})
            self._best_file = best_file
        state = {
            "format": _FORMAT,
            "fingerprint": self._fingerprint,
            "history": [metrics.to_dict() for metrics in history],
            "last": last,
            "best": self._best_file,
        }
        write_text(self.folder / _STATE, json.dumps(state, indent=2) + "\n")
        for file in self.folder.iterdir():
            if file.name not in (last, self._best_file, _STATE, HISTORY):
                remove(file)

    def load(self) -> Progressed | None:
        """The state that an earlier run left; ``None`` where there is none.

        Raises:
            TrainingError: it belongs to another training, or is damaged.
        """
        if not (self.folder / _STATE).exists():
            return None
        try:
            state = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
            if state["format"] != _FORMAT:
                raise ValueError(f"format {state['format']}")
            changed = list(_differences(state["fingerprint"], self._fingerprint))
            if changed:
                raise TrainingError(
                    f"{self.folder} holds an unfinished run with other settings: {'; '.join(changed[:5])}. Use the "
                    "same settings and data to go on, or start anew with --force and without --resume."
                )
            arrays = _read_arrays(self.folder / state["last"])
            best = _read_arrays(self.folder / state["best"])
            self._best_file = state["best"]
            return Progressed(
                state["fingerprint"],
                tuple(EpochMetrics.from_dict(epoch) for epoch in state["history"]),
                arrays["variable"],
                arrays["optimizer"],
                best["best"],
            )
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise TrainingError(
                f"{self.folder} cannot be used to go on ({error}). Remove it, and start anew without --resume."
            ) from error

    def discard(self) -> None:
        """Removes the folder."""
        remove(self.folder)


def unfinished_epochs(folder: Path) -> int | None:
    """How many epochs the run in a folder has done; ``None`` where there is none to go on with."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return len(json.loads((folder / _STATE).read_text(encoding="utf-8"))["history"])
    return None


def is_checkpoint_folder(folder: Path) -> bool:
    """Whether it holds nothing but what a :class:`Checkpoint` writes."""
    return folder.is_dir() and all(
        file.name in (_STATE, HISTORY) or file.suffix == ".npz" or ".tmp." in file.name for file in folder.iterdir()
    )


def _differences(older: Any, newer: Any, name: str = "") -> list[str]:
    """What differs between two JSON documents, as ``name was 1, is 2``."""
    if isinstance(older, dict) and isinstance(newer, dict):
        keys = list(dict.fromkeys([*older, *newer]))
        return [
            line
            for key in keys
            for line in _differences(older.get(key), newer.get(key), f"{name}.{key}" if name else key)
        ]
    return [] if older == newer else [f"{name.removeprefix('config.')} was {_short(older)}, is {_short(newer)}"]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."


def _write_arrays(path: Path, groups: Mapping[str, Arrays]) -> None:
    named = {f"{group}-{index:05d}": array for group, arrays in groups.items() for index, array in enumerate(arrays)}
    with atomic_write(path) as temporary, temporary.open("wb") as handle:
        np.savez(handle, **named)  # type: ignore[arg-type]  # its second parameter is no array


def _read_arrays(path: Path) -> dict[str, tuple[NDArray[Any], ...]]:
    groups: dict[str, list[NDArray[Any]]] = {"variable": [], "optimizer": [], "best": []}
    with np.load(path, allow_pickle=False) as archive:
        for key in sorted(archive.files):
            groups[key.partition("-")[0]].append(archive[key])
    return {group: tuple(arrays) for group, arrays in groups.items()}
