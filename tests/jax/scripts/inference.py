"""run_network on JAX: what predict answers, from uint8 and float32, also for a batch that is not full."""

import keras
import numpy as np

from edgekit.training.depthwise import fast_depthwise
from edgekit.training.features import compile_inference

samples = np.random.default_rng(0).integers(0, 256, (21, 33, 32, 3)).astype(np.uint8)
layers = keras.layers
keras.utils.set_random_seed(0)
inputs = keras.Input((33, 32, 3))
x = layers.Rescaling(1 / 255)(inputs)
x = layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu")(x)
x = layers.DepthwiseConv2D((5, 4), padding="same", use_bias=False)(x)
x = layers.DepthwiseConv2D(3, strides=2)(layers.ZeroPadding2D(((1, 0), (0, 1)))(x))
x = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same")(x)
x = layers.BatchNormalization(momentum=0.5)(layers.Conv2D(8, 1)(x))
model = keras.Model(inputs, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))
plain = model.predict(samples.astype(np.float32), verbose=0)
assert np.ptp(plain) > 0.01

infer = compile_inference(model, 16)
np.testing.assert_allclose(infer(samples), plain, atol=1e-5)
np.testing.assert_allclose(infer(samples[:3].astype(np.float32)), plain[:3], atol=1e-5)

# The same gradients, too: what a step of training leaves is what it leaves without.
weights, targets = model.get_weights(), np.eye(5, dtype=np.float32)[np.arange(21) % 5]
left = []
for fast in (False, True):
    model.set_weights(weights)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    if fast:
        with fast_depthwise(model):
            model.train_on_batch(samples.astype(np.float32), targets)
    else:
        model.train_on_batch(samples.astype(np.float32), targets)
    left.append(model.get_weights())
for one, other in zip(*left, strict=True):
    np.testing.assert_allclose(one, other, atol=1e-5)
assert any(np.abs(one - before).max() > 1e-3 for one, before in zip(left[0], weights, strict=True))

# Training has moved the weights and given the memory of the former ones away: the function has its own.
np.testing.assert_allclose(infer(samples), plain, atol=1e-5)
assert not any("call" in vars(layer) for layer in model.layers)
