"""Runs a module's tests with the compiled resize and without it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgekit import preprocess
from edgekit.preprocess import compiled


@pytest.fixture(params=["compiled", "by Pillow"], scope="module", autouse=True)
def both_ways(request: pytest.FixtureRequest) -> Iterator[None]:
    """For a module that imports it."""
    if request.param == "compiled":
        if compiled.library() is None:
            pytest.skip("there is no compiled resize for this machine")
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preprocess, "compiled_resize", lambda plan: None)
        yield
