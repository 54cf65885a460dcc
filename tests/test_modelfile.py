"""Files that no machine could read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgekit.errors import ModelFileError
from edgekit.host import available_memory
from edgekit.modelfile import read_model_file


@pytest.mark.skipif(available_memory() is None, reason="the system does not say how much memory is free")
def test_a_file_larger_than_the_free_memory_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3")
    try:
        os.truncate(path, 2 * (available_memory() or 0))  # a sparse file, which takes no room on the disk
    except OSError as error:
        pytest.skip(f"no sparse files here: {error}")
    with pytest.raises(ModelFileError, match="larger than the free memory"):
        read_model_file(path)
