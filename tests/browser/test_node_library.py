"""The library in Node: its own tests, on models that Python exported and photos that Python answered."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np

from tests.browser.node_models import built_for_node, make_models, some_photos, write_expected
from tests.runtime.tfjs_models import node as operation
from tests.runtime.tfjs_models import placeholder, write_model

PHOTOS = 14


def test_it_passes_its_own_tests(repository: Path, node: Path, shared_data: Path, tmp_path: Path) -> None:
    built_for_node()
    photos = some_photos(shared_data, PHOTOS)
    write_expected(make_models(), photos, tmp_path)
    kernel = np.random.default_rng(0).normal(0, 0.02, (12, 4)).astype(np.float32)
    write_model(
        tmp_path / "einsum.tfjs",
        [
            placeholder("pixels", "float32", -1, 12),
            operation("product", "Einsum", "pixels", "kernel", equation={"s": "YWIsYmMtPmFj"}, N={"i": "2"}),
        ],
        {"answer": ("product:0", "float32", (-1, 4))},
        {"kernel": kernel},
    )
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", "tests/node/library.test.ts"],
        cwd=repository / "targets" / "browser",
        env={**os.environ, "EDGEKIT_NODE_TEST": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    passed = re.search(r"^# pass (\d+)", done.stdout, re.MULTILINE)
    assert passed, done.stdout
    assert int(passed[1]) >= 18, "tests have gone missing"
