"""Answers of a ``.keras`` file for uint8 photos in a ``.npy`` file, written to another one."""

import sys

import numpy as np

from edgekit.kerasfile import load_model

model, _ = load_model(sys.argv[1])
np.save(sys.argv[3], model.predict(np.load(sys.argv[2]).astype(np.float32), verbose=0))
