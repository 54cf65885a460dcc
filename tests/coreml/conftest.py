"""A small Core ML package, written by coremltools."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.spec import ImageFormat, ModelSpec, image_classifier

SPEC = image_classifier("blümchen", ("daisy", "rose"), ImageFormat(8, 8))


def build(folder: Path, spec: ModelSpec | None = SPEC, **options: Any) -> Path:
    """A convolution, a mean and a softmax in float16, in ``folder/model.mlpackage``."""
    tools = pytest.importorskip("coremltools", reason="Core ML needs the extra 'coreml'")
    builder = tools.converters.mil.Builder
    random = np.random.default_rng(0)
    kernel = random.normal(size=(128, 3, 3, 3)).astype(np.float32)
    last = random.normal(size=(2, 128)).astype(np.float32)

    @builder.program(
        input_specs=[tools.converters.mil.mil.program.Placeholder((1, 3, 8, 8))], opset_version=tools.target.iOS15
    )
    def program(image: Any) -> Any:
        found = builder.reduce_mean(x=builder.conv(x=image, weight=kernel), axes=[2, 3])
        return builder.softmax(x=builder.linear(x=found, weight=last), name="probabilities")

    model = tools.convert(
        program, convert_to="mlprogram", minimum_deployment_target=tools.target.iOS15, skip_model_load=True, **options
    )
    if spec is not None:
        model.user_defined_metadata["edgekit.spec"] = spec.to_json()
    path = folder / "model.mlpackage"
    model.save(str(path))
    return path


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole package; not to be changed."""
    return build(tmp_path_factory.mktemp("package"))


@pytest.fixture
def package(written: Path, tmp_path: Path) -> Path:
    """A copy to be broken."""
    return Path(shutil.copytree(written, tmp_path / "model.mlpackage"))
