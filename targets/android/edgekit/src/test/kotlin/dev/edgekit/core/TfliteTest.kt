package dev.edgekit.core

import dev.edgekit.EdgeKitException
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer

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

    @Test
    fun offsetsThatLeadNowhere() {
        val start = byteArrayOf(8, 0, 0, 0) + "TFL3".toByteArray()
        assertTrue(refused(start).contains("lies outside"))
        assertTrue(refused(start + ByteArray(64)).contains("it holds no graph"))
        assertTrue(refused(start + ByteArray(64) { -1 }).contains("x.tflite is not a sound TFLite model"))
    }
}
