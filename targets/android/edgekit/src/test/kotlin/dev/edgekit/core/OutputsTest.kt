package dev.edgekit.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertThrows
import org.junit.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder

class OutputsTest {
    private fun real(dtype: String, scale: Float?, zeroPoint: Int, vararg stored: Byte): FloatArray {
        val count = if (dtype == "uint8" ||
            dtype == "int8"
        ) {
            stored.size
        } else {
            stored.size / if (dtype == "int16") 2 else 4
        }
        val data = ByteBuffer.allocateDirect(stored.size).apply { put(stored) }
        return FloatArray(count).also {
            dequantize(data, TensorInfo("scores", listOf(1, count), dtype, scale, zeroPoint), it)
        }
    }

    @Test
    fun storedValuesBecomeReal() {
        assertArrayEquals(floatArrayOf(-32f, 31.75f, -0.25f), real("int8", 0.25f, 0, -128, 127, -1), 0f)
        assertArrayEquals(floatArrayOf(0f, 63.75f, 31.75f), real("int8", 0.25f, -128, -128, 127, -1), 0f)
        assertArrayEquals(floatArrayOf(-4f, 123.5f), real("uint8", 0.5f, 8, 0, -1), 0f)
        assertArrayEquals(floatArrayOf(255f), real("uint8", null, 0, -1), 0f)
        val float = ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putFloat(1.5f).array()
        assertArrayEquals(floatArrayOf(1.5f), real("float32", null, 0, *float), 0f)
        val short = ByteBuffer.allocate(2).order(ByteOrder.nativeOrder()).putShort(-300).array()
        assertArrayEquals(floatArrayOf(-150f), real("int16", 0.5f, 0, *short), 0f)
    }

    @Test
    fun topIsAtLeastOne() {
        val spec =
            ModelSpec(
                "x",
                Task.TENSORS,
                listOf(TensorSpec("a", listOf(null, 2), "float32")),
                listOf(TensorSpec("b", listOf(null, 2), "float32")),
            )
        assertThrows(IllegalArgumentException::class.java) { topPredictions(floatArrayOf(0.5f, 0.5f), spec, 0) }
    }
}
