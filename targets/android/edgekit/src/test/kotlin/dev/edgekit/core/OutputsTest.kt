package dev.edgekit.core

import dev.edgekit.EdgeKitException
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder

class OutputsTest {
    private fun real(dtype: String, scale: Float?, zeroPoint: Int, vararg stored: Byte): FloatArray {
        val sizes = mapOf("int16" to 2, "float16" to 2, "float32" to 4, "int32" to 4, "int64" to 8)
        val count = stored.size / (sizes[dtype] ?: 1)
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
        val int = ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(-70_000).array()
        assertArrayEquals(floatArrayOf(-70_000f), real("int32", null, 0, *int), 0f)
        val long = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder()).putLong(7).putLong(-1).array()
        assertArrayEquals(floatArrayOf(7f, -1f), real("int64", null, 0, *long), 0f)
        assertArrayEquals(floatArrayOf(1f, 0f), real("bool", null, 0, 1, 0), 0f)
        val error = assertThrows(EdgeKitException::class.java) { real("float16", null, 0, 0, 0) }
        assertTrue(error.message!!.contains("scores is float16"))
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
