package dev.edgekit

import dev.edgekit.core.TensorInfo
import dev.edgekit.core.moveTo
import java.nio.ByteBuffer
import kotlin.math.floor

/**
 * Writes a model's pixels into its input tensor. A pixel has 256 values, so that quantization is a table; that of
 * EdgeKit's own `int8` models has scale 1 and zero point 0, and changes nothing.
 *
 * @throws EdgeKitException a tensor that takes no pixels.
 */
internal class Encoder(tensor: TensorInfo, private val size: Int) {
    private val stored: ByteArray? = if (tensor.dtype == "float32") null else makeTable(tensor)
    private val bytes: ByteArray? = stored?.let { ByteArray(size) }
    private val floats: FloatArray? = if (tensor.dtype == "float32") FloatArray(size) else null

    fun encode(pixels: ByteArray, into: ByteBuffer) {
        into.moveTo(0)
        if (floats != null) {
            for (place in 0 until size) floats[place] = (pixels[place].toInt() and 255).toFloat()
            into.asFloatBuffer().put(floats)
        } else if (stored != null && bytes != null) {
            for (place in 0 until size) bytes[place] = stored[pixels[place].toInt() and 255]
            into.put(bytes)
        } else {
            into.put(pixels)
        }
    }

    /** `null` where it would change nothing. */
    private fun makeTable(tensor: TensorInfo): ByteArray? {
        val limits = when (tensor.dtype) {
            "uint8" -> 0..255

            "int8" -> -128..127

            else -> throw EdgeKitException(
                "The input ${tensor.name} is ${tensor.dtype}, which takes no pixels. Export the model again.",
            )
        }
        val scale = tensor.scale?.toDouble()
        val table = ByteArray(256) { value ->
            // floor(x + 0.5), as TFLite's own QUANTIZE rounds.
            val exact = if (scale == null) value.toDouble() else floor(value / scale + 0.5) + tensor.zeroPoint
            exact.coerceIn(limits.first.toDouble(), limits.last.toDouble()).toInt().toByte()
        }
        return table.takeUnless { it.indices.all { value -> it[value] == value.toByte() } }
    }
}
