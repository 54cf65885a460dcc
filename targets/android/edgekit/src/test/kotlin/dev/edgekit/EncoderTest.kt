package dev.edgekit

import dev.edgekit.core.TensorInfo
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder

class EncoderTest {
    private val pixels = ByteArray(256) { it.toByte() }

    private fun stored(dtype: String, scale: Float?, zeroPoint: Int): List<Int> {
        val out = ByteBuffer.allocateDirect(256)
        Encoder(TensorInfo("image", listOf(1, 256), dtype, scale, zeroPoint), 256).encode(pixels, out)
        return List(256) { if (dtype == "uint8") out.get(it).toInt() and 255 else out.get(it).toInt() }
    }

    @Test
    fun bytes() {
        assertEquals((0..255).toList(), stored("uint8", 1f, 0))
        assertEquals((-128..127).toList(), stored("int8", 1f, -128))
        assertEquals((0..255).toList(), stored("uint8", null, 0))
        // Halves are rounded up, and what is beyond the range is cut.
        assertEquals((0..255).map { (it + 1) / 2 }, stored("uint8", 2f, 0))
        assertEquals((0..255).map { minOf(2 * it, 255) }, stored("uint8", 0.5f, 0))
    }

    @Test
    fun floats() {
        val out = ByteBuffer.allocateDirect(1024).order(ByteOrder.nativeOrder())
        repeat(2) { Encoder(TensorInfo("image", listOf(1, 256), "float32"), 256).encode(pixels, out) }
        assertEquals((0..255).map(Int::toFloat), List(256) { out.getFloat(it * 4) })
    }

    @Test
    fun others() {
        assertThrows(EdgeKitException::class.java) { Encoder(TensorInfo("image", listOf(1, 256), "int64"), 256) }
    }
}
