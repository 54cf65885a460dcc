from __future__ import annotations

import numpy as np

from edgekit.data import Dataset
from edgekit.kerasfile import import_keras
from edgekit.progress import SILENT
from edgekit.spec import ImageFormat
from edgekit.training.architecture import find_network
from edgekit.training.classifier import build_classifier
from edgekit.training.features import run_network
from edgekit.training.network import HeadSettings

keras = import_keras()


def test_the_fast_way_answers_what_predict_answers(textures: Dataset) -> None:
    network, image = find_network("mobilenet_v2_0.35"), ImageFormat(32, 32)
    head = HeadSettings(0, 0.0, 0.0, 0.0)
    extractor = build_classifier(keras, network, image, "none", head, 2, "light", 0, SILENT).extractor
    part = textures.train
    fast = run_network(extractor, part, SILENT, "features")
    plain = extractor.predict(part.images.take(np.arange(len(part))).astype(np.float32), verbose=0)
    assert fast.shape == (64, 1280)
    np.testing.assert_allclose(fast, plain, atol=1e-4 * max(np.abs(plain).max(), 1))
