package dev.edgekit.core

import dev.edgekit.EdgeKitException
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer

class PreparationTest {
    @Test
    fun picturesThatAreNone() {
        val short = assertThrows(EdgeKitException::class.java) { BytePicture(4, 3, 3, ByteBuffer.allocate(35)) }
        assertTrue(short.message!!.contains("has 36 bytes. Got: 35."))
        assertThrows(EdgeKitException::class.java) { BytePicture(0, 3, 3, ByteBuffer.allocate(0)) }
        assertThrows(EdgeKitException::class.java) { BytePicture(1, 1, 2, ByteBuffer.allocate(2)) }
        val large = object : Picture {
            override val width = 20_000
            override val height = 20_000
            override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) = error("not to be read")
        }
        val error =
            assertThrows(EdgeKitException::class.java) { Preparation(ImageFormat(2, 2)).prepare(large, ByteArray(12)) }
        assertTrue(error.message!!.contains("above the limit"))
    }

    @Test
    fun memoryOfAnyKindGivesTheSame() {
        val bytes = ByteArray(3 + 50 * 40 * 3) { (it * 7 % 251).toByte() }
        val direct = ByteBuffer.allocateDirect(bytes.size).apply {
            put(bytes)
            position(3)
        }
        val heap = ByteBuffer.wrap(bytes).apply { position(3) }
        val readOnly = heap.asReadOnlyBuffer()
        val answers = listOf(direct, heap, readOnly).map { data ->
            ByteArray(12 * 10 * 3).also { Preparation(ImageFormat(12, 10)).prepare(BytePicture(50, 40, 3, data), it) }
        }
        assertArrayEquals(answers[0], answers[1])
        assertArrayEquals(answers[0], answers[2])
        assertEquals(3, heap.position())
    }

    @Test
    fun onePreparationForPicturesOfManySizes() {
        val preparation = Preparation(ImageFormat(8, 8, resize = ResizeMode.LETTERBOX, fill = 7))
        for ((width, height) in listOf(40 to 30, 30 to 40, 9 to 9, 40 to 30, 1 to 500)) {
            val bytes = ByteArray(width * height * 4) { (it * 31 % 256).toByte() }
            val used = ByteArray(8 * 8 * 3)
            val fresh = ByteArray(8 * 8 * 3)
            preparation.prepare(BytePicture(width, height, 4, ByteBuffer.wrap(bytes)), used)
            Preparation(ImageFormat(8, 8, resize = ResizeMode.LETTERBOX, fill = 7))
                .prepare(BytePicture(width, height, 4, ByteBuffer.wrap(bytes)), fresh)
            assertArrayEquals("$width $height", fresh, used)
        }
    }
}
