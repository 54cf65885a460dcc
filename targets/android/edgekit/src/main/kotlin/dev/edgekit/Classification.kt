package dev.edgekit

import dev.edgekit.core.Prediction

/**
 * Where the time of one classification went, nanoseconds.
 *
 * @property prepare from the picture to the model's input: turning, crop and resize.
 * @property run the model itself.
 * @property answer from its output to predictions.
 */
public data class Times(public val prepare: Long, public val run: Long, public val answer: Long) {
    public val total: Long get() = prepare + run + answer
}

/**
 * What a model says about a picture.
 *
 * @property predictions best first; the first one is what should be believed.
 * @property probabilities of all labels, in the model's order.
 * @property seen the pixels that the model saw, height * width * channels bytes, where [Options.keepSeen] asks for
 *   them.
 */
public class Classification(
    public val predictions: List<Prediction>,
    public val probabilities: FloatArray,
    public val times: Times,
    public val seen: ByteArray?,
)
