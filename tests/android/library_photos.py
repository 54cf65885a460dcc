"""A real classifier of flowers, photos as pixels, and what Python answers to them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

import edgekit
from edgekit.preprocess import prepare
from edgekit.spec import ImageFormat, image_classifier

WEIGHTS = "weights/mobilenet_v2_0.35_224_no_top.weights.h5"
SIZE = 160
TRAINING = 40
"""Photos of each label that the last layer is computed from."""


def export_classifier(shared_data: Path, folder: Path) -> dict[str, Path]:
    """MobileNetV2 with a last layer of least squares, as ``fp32`` and ``int8``."""
    import keras

    from edgekit.api.exporting import export
    from edgekit.api.model import Model

    image = ImageFormat(SIZE, SIZE)
    photos = shared_data / "flowers-224" / "train"
    labels = sorted(path.name for path in photos.iterdir() if path.is_dir())
    files = [path for label in labels for path in sorted((photos / label).glob("*.jpg"))[:TRAINING]]
    samples = np.stack([prepare(path, image) for path in files])
    keras.utils.set_random_seed(1)
    body = keras.applications.MobileNetV2(
        (SIZE, SIZE, 3), alpha=0.35, include_top=False, weights=str(shared_data / WEIGHTS), pooling="avg"
    )
    taken = keras.Input((SIZE, SIZE, 3))
    features = keras.Model(taken, body(keras.layers.Rescaling(1 / 127.5, -1)(taken)))
    known = np.asarray(features.predict(samples.astype(np.float32), verbose=0), np.float64)
    wanted = np.eye(len(labels))[[labels.index(path.parent.name) for path in files]]
    mean = known.mean(axis=0)
    centred = known - mean
    ridge = 0.03 * np.trace(centred.T @ centred) / centred.shape[1]
    kernel = 8 * np.linalg.solve(centred.T @ centred + ridge * np.eye(centred.shape[1]), centred.T @ (wanted - 0.2))
    last = keras.layers.Dense(len(labels))
    network = keras.Model(taken, keras.layers.Softmax()(last(features.output)))
    last.set_weights([kernel.astype(np.float32), (-mean @ kernel).astype(np.float32)])
    spec = image_classifier("flowers", labels, image)
    result = export(Model(network, spec), ["tflite:fp32", "tflite:int8"], folder, calibration=samples)
    return {path.name.split(".")[1]: path for path in result.paths}


def write_photos(models: dict[str, Path], photos: list[Path], folder: Path) -> None:
    """The models, the photos' pixels, and for each model what Python answers."""
    pixels = {path: np.asarray(Image.open(path).convert("RGB")) for path in photos}
    described = []
    best: list[str] = []
    for precision, model in models.items():
        (folder / model.name).write_bytes(model.read_bytes())
        with edgekit.load(model, threads=1) as predictor:
            assert predictor.spec is not None
            assert predictor.spec.image is not None
            image = predictor.spec.image
            seen = np.stack([prepare(pixels[path], image) for path in photos])
            answers = predictor.predict(seen)
            labels = predictor.spec.label_ids
            answers.astype("<f4").tofile(folder / f"{precision}.answers")
            best = best or [labels[place] for place in answers.argmax(axis=1)]
            described.append(
                {
                    "precision": precision,
                    "file": model.name,
                    "answers": f"{precision}.answers",
                    "kernels": predictor.engine.info.kernels,
                }
            )
    listed = []
    for number, path in enumerate(photos):
        height, width, _ = pixels[path].shape
        pixels[path].tofile(folder / f"{number}.pixels")
        seen[number].tofile(folder / f"{number}.seen")
        listed.append(
            {
                "pixels": f"{number}.pixels",
                "seen": f"{number}.seen",
                "width": width,
                "height": height,
                "best": best[number],
            }
        )
    document = {"labels": answers.shape[1], "models": described, "photos": listed}
    (folder / "photos.json").write_text(json.dumps(document), encoding="utf-8")
