package dev.edgekit.core

/** A weight of 1 is 2^22: 32 bits less 8 of a pixel and 2 to spare. */
internal const val PRECISION_BITS: Int = 22

/**
 * The weights of the triangle filter for one direction, as whole numbers: out[i] is the sum of
 * weights[i * taps + k] * in[first[i] + k]. Step 5 of the definition in edgekit/preprocess/__init__.py.
 *
 * Source: `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow's src/libImaging/Resample.c, whose order of
 * floating-point operations is kept, so that the numbers are the same.
 *
 * @param length pixels that there are, 1 or more.
 * @property size pixels that they become, 1 or more.
 */
internal class Triangle(private val length: Int, val size: Int) {
    private val scale = length.toDouble() / size
    private val support = maxOf(scale, 1.0)

    /** Pixels that one is made of, those with a weight of 0 included; all of them exist. */
    val taps: Int = (0 until size).maxOf { stop(it) - start(it) }.coerceAtLeast(1)
    val first: IntArray = IntArray(size) { minOf(start(it), length - taps) }

    /** In units of 2^-22. */
    val weights: IntArray = IntArray(size * taps)

    init {
        val shares = DoubleArray(taps)
        for (position in 0 until size) {
            var total = 0.0
            for (tap in 0 until taps) {
                val pixel = first[position] + tap
                val distance = Math.abs((pixel - center(position) + 0.5) * (1.0 / support))
                shares[tap] = if (pixel in start(position) until stop(position)) maxOf(1.0 - distance, 0.0) else 0.0
                total += shares[tap] // one after the other, as they are added there
            }
            for (tap in 0 until taps) {
                weights[position * taps + tap] = (0.5 + shares[tap] / total * (1 shl PRECISION_BITS)).toInt()
            }
        }
    }

    private fun center(position: Int): Double = (position + 0.5) * scale

    private fun start(position: Int): Int = maxOf((center(position) - support + 0.5).toInt(), 0)

    private fun stop(position: Int): Int = minOf((center(position) + support + 0.5).toInt(), length)
}
