"""What all tests share: where the real photos and models lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

# Set before TensorFlow is imported anywhere: its start-up lines would bury a failure's message.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

# The same examples at every run: a change is judged by what it changed, not by the draw of the day. Other examples,
# to look for what these do not show: `pytest --hypothesis-profile default`.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

REPOSITORY = Path(__file__).resolve().parents[1]


def require_all() -> bool:
    """Whether a missing part is a failure, as in CI, and not a skipped test."""
    return os.environ.get("EDGEKIT_REQUIRE_ALL") == "1"


def missing(reason: str) -> NoReturn:
    """Skips the test, or fails it where everything must be there."""
    if require_all():
        pytest.fail(f"{reason} (EDGEKIT_REQUIRE_ALL=1 makes this a failure)")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos, weights and models: ``EDGEKIT_TEST_DATA`` or ``../shared/data``."""
    folder = Path(os.environ.get("EDGEKIT_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        missing(f"no test data at {folder}; set EDGEKIT_TEST_DATA to the folder that holds flowers-224")
    return folder.resolve()


@pytest.fixture(autouse=True, scope="session")
def _private_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keeps the tests out of the user's own cache, and the other way round."""
    os.environ["EDGEKIT_CACHE"] = str(tmp_path_factory.mktemp("cache"))
