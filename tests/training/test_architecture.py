from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import UsageError
from edgekit.spec import ImageFormat
from edgekit.training.architecture import (
    SMALL_NETWORKS,
    check_model,
    default_image_format,
    default_image_size,
    find_network,
    known_models,
    resolve_weights,
)
from edgekit.training.config import TrainingConfig


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("simple_cnn", "simple_cnn"),
        ("Simple-CNN", "simple_cnn"),
        ("mobilenet_v2_0.35", "mobilenet_v2_0.35"),
        ("MobileNetV2-0.35", "mobilenet_v2_0.35"),
        ("mobilenet_v2", "mobilenet_v2_1.0"),
        ("mobilenet_v2_1", "mobilenet_v2_1.0"),
        ("mobilenet_v1_0.25", "mobilenet_v1_0.25"),
        ("mobilenet_0.25", "mobilenet_v1_0.25"),
        ("MobileNet", "mobilenet_v1_1.0"),
        ("mobilenet_v3_small_0.75", "mobilenet_v3_small_0.75"),
        ("MobileNetV3Large", "mobilenet_v3_large_1.0"),
        ("mobilenet_v3_small_minimalistic", "mobilenet_v3_small_minimalistic_1.0"),
        ("EfficientNetB0", "efficientnet_b0"),
        ("efficientnet-v2-b0", "efficientnet_v2_b0"),
        ("EfficientNetV2S", "efficientnet_v2_s"),
        ("resnet50", "resnet50"),
        ("ResNet50V2", "resnet50_v2"),
        ("resnet_50_v2", "resnet50_v2"),
        ("densenet121", "densenet121"),
        ("NASNetMobile", "nasnet_mobile"),
        ("convnext_tiny", "convnext_tiny"),
        (" VGG16 ", "vgg16"),
        ("xception", "xception"),
        ("Inception_V3", "inception_v3"),
        ("InceptionResNetV2", "inception_resnet_v2"),
    ],
)
def test_a_model_is_found_however_it_is_written(written: str, meant: str) -> None:
    assert find_network(written).name == meant


def test_every_listed_name_finds_itself() -> None:
    assert [find_network(name).name for name in known_models()] == list(known_models())


@pytest.mark.parametrize(
    ("written", "suggestion"),
    [("mobilnet_v2_0.35", "mobilenet_v2_0.35"), ("resnet51", "resnet50"), ("effnet_b0", "efficientnet_b0")],
)
def test_an_unknown_model_gets_suggestions(written: str, suggestion: str) -> None:
    with pytest.raises(UsageError, match=f"There is no model '{written}'.*{suggestion}"):
        find_network(written)


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(UsageError, match=r"Known: simple_cnn, tiny_cnn, resnet8, ds_cnn, mobilenet_v1_0\.25"):
        find_network("zzz")


def test_a_width_where_there_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"resnet50 comes in one width. Got: 'resnet50_0\.5'"):
        find_network("resnet50_0.5")


def test_sizes_are_those_of_the_original_training() -> None:
    names = ("simple_cnn", "mobilenet_v2_0.35", "inception_v3", "efficientnet_b3", "nasnet_large")
    assert [default_image_size(name) for name in names] == [96, 224, 299, 300, 331]


def test_an_impossible_width_lists_the_possible_ones() -> None:
    with pytest.raises(UsageError, match=r"0\.35, 0\.5, 0\.75, 1\.0, 1\.3, 1\.4\. Got: 0\.3"):
        check_model(TrainingConfig(model="mobilenet_v2_0.3"), ImageFormat(96, 96))
    check_model(TrainingConfig(model="mobilenet_v2_0.3", weights="none"), ImageFormat(96, 96))


@pytest.mark.parametrize(
    ("model", "size", "least"), [("simple_cnn", 7, 8), ("mobilenet_v2_0.35", 31, 32), ("xception", 70, 71)]
)
def test_an_image_that_is_too_small_is_refused(model: str, size: int, least: int) -> None:
    with pytest.raises(UsageError, match=f"at least {least}x{least} pixels. Got: 512x{size}"):
        check_model(TrainingConfig(model=model), ImageFormat(size, 512))
    check_model(TrainingConfig(model=model), ImageFormat(least, 512))


def test_weights_default_to_what_there_is(tmp_path: Path) -> None:
    simple, mobile = find_network("simple_cnn"), find_network("mobilenet_v2")
    assert resolve_weights(simple, None) == "none"
    assert resolve_weights(mobile, None) == "imagenet"
    assert resolve_weights(mobile, "None") == "none"
    file = tmp_path / "w.h5"
    with pytest.raises(UsageError, match="There is no file of weights"):
        resolve_weights(mobile, file)
    file.touch()
    assert resolve_weights(mobile, file) == str(file)


def test_small_networks_have_no_imagenet_weights() -> None:
    for network in SMALL_NETWORKS:
        with pytest.raises(UsageError, match=f"{network.name} is trained from scratch"):
            check_model(TrainingConfig(model=network.name, weights="imagenet"), ImageFormat(96, 96))


def test_named_models_are_found_and_checked_without_keras() -> None:
    code = (
        "import sys; from edgekit.training.architecture import *; from edgekit.training.config import TrainingConfig;"
        "from edgekit.spec import ImageFormat; check_model(TrainingConfig(), ImageFormat(96, 96));"
        "default_image_format('resnet8', None); sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_tensors_are_no_photos_for_a_named_model() -> None:
    with pytest.raises(UsageError, match=r"resnet50 takes photos, \(height, width, 1 or 3\)\. Got .* \(49, 10\)"):
        find_network("resnet50").check((49, 10), "none")
    find_network("ds_cnn").check((49, 10, 7), "none")


@pytest.mark.parametrize("cut_at", ["conv_32", "block_3_expand"])
def test_an_unknown_cut_is_refused_before_the_photos_are_read(cut_at: str) -> None:
    model = "simple_cnn" if cut_at.startswith("conv") else "mobilenet_v2_0.35"
    config = TrainingConfig(model=model, weights="none", cut_at=cut_at)
    check_model(config, ImageFormat(32, 32))
    wrong = dataclasses.replace(config, cut_at=f"{cut_at}x")
    with pytest.raises(UsageError, match=rf"{model} has no layer '{cut_at}x'\. Did you mean {cut_at}"):
        check_model(wrong, ImageFormat(32, 32))


def test_photos_become_what_the_model_takes() -> None:
    assert default_image_format("resnet8", None) == ImageFormat(32, 32)
    assert default_image_format("resnet8", (40, 50), "grayscale", "stretch") == ImageFormat(
        50, 40, "grayscale", "stretch"
    )


@pytest.mark.parametrize("size", [7, 5000, (96, 4), (96, 96, 3), "96", 96.5, True])
def test_an_impossible_size_is_refused(size: Any) -> None:
    with pytest.raises(UsageError, match="An image size is 8 to 4096 pixels"):
        default_image_format("resnet8", size)


@pytest.mark.parametrize("model", [5, None, object(), int])
def test_what_is_no_model_is_refused(model: Any) -> None:
    with pytest.raises(UsageError, match=r"A model is a name, a \.keras file, FILE\.py:FUNCTION"):
        find_network(model)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("none.keras", r"There is no file none\.keras"),
        ("none.py:build", r"There is no file none\.py"),
        ("my_model.py", r"Name the function that returns the model, as in: my_model\.py:build"),
    ],
)
def test_a_file_that_is_not_there_is_named(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        find_network(text)
