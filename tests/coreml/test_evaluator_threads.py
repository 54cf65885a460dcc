"""The threads of matrix products while a program is evaluated."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.coreml.blas import _find, blas_threads, limits_threads


def test_the_number_is_set_and_put_back() -> None:
    if "openblas" not in np.show_config("dicts")["Build Dependencies"]["blas"]["name"]:
        pytest.skip("NumPy computes with another library here")
    assert limits_threads()
    found = _find()
    assert found is not None
    read, _ = found
    before = read()
    with blas_threads(1):
        assert read() == 1
        with blas_threads(2):
            assert read() == 2
        assert read() == 1
    assert read() == before
