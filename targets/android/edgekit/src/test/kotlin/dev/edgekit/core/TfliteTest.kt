package dev.edgekit.core

import dev.edgekit.EdgeKitException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder

class TfliteTest {
    private fun refused(bytes: ByteArray): String =
        assertThrows(EdgeKitException::class.java) { readTflite(ByteBuffer.wrap(bytes), "x.tflite") }.message.orEmpty()

    @Test
    fun whatIsNoModel() {
        assertTrue(refused(ByteArray(0)).contains("it is empty"))
        assertTrue(refused("PK\u0003\u0004 and more".toByteArray()).contains("zip archive"))
        assertTrue(refused("  <html>".toByteArray()).contains("page in HTML"))
        assertTrue(refused("version https://git-lfs.github.com".toByteArray()).contains("Git LFS pointer"))
        assertTrue(refused(ByteArray(40)).contains("lacks the mark TFL3"))
    }

    /** One list of sizes, read for each of many inputs: more work than a file of that size is worth. */
    @Test
    fun listsThatOverlap() {
        val data = ByteBuffer.allocate(500_000).order(ByteOrder.LITTLE_ENDIAN)
        data.put(4, 'T'.code.toByte()).put(5, 'F'.code.toByte()).put(6, 'L'.code.toByte()).put(7, '3'.code.toByte())
        val fields = 7
        fun point(place: Int, target: Int) = data.putInt(place, target - place)

        /** All fields are offsets, 4 bytes each; 0 in the list of fields is one that is not there. */
        fun table(position: Int, vararg targets: Pair<Int, Int>) {
            val list = position - 4 - 2 * fields
            data.putShort(list, (4 + 2 * fields).toShort()).putInt(position, position - list)
            for ((field, target) in targets) {
                data.putShort(list + 4 + 2 * field, (4 + 4 * field).toShort())
                point(position + 4 + 4 * field, target)
            }
        }
        point(0, 100)
        table(100, 2 to 200)
        data.putInt(200, 1).also { point(204, 300) } // one graph
        table(300, 0 to 400, 1 to 5000, 2 to 4000)
        data.putInt(400, 1).also { point(404, 500) } // of one tensor
        table(500, 0 to 600)
        data.putInt(600, 1000) // whose shape has a thousand sizes
        data.putInt(4000, 1) // and which is the output
        data.putInt(5000, 100_000) // and each of the inputs
        assertTrue(refused(data.array()).contains("its lists overlap"))
        data.putInt(5000, 100)
        assertEquals(100, readTflite(data, "x.tflite").inputs.size)
        data.putInt(4000, 0)
        assertTrue(refused(data.array()).contains("answers nothing"))
    }

    @Test
    fun offsetsThatLeadNowhere() {
        val start = byteArrayOf(8, 0, 0, 0) + "TFL3".toByteArray()
        assertTrue(refused(start).contains("lies outside"))
        assertTrue(refused(start + ByteArray(64)).contains("it holds no graph"))
        assertTrue(refused(start + ByteArray(64) { -1 }).contains("x.tflite is not a sound TFLite model"))
    }
}
