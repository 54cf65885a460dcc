package dev.edgekit.core

import dev.edgekit.EdgeKitException
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer
import java.util.Random

class YuvPictureTest {
    private val width = 22
    private val height = 14
    private val random = Random(3)
    private val ys = ByteArray(width * height).also(random::nextBytes)
    private val us = ByteArray(width * height / 4).also(random::nextBytes)
    private val vs = ByteArray(width * height / 4).also(random::nextBytes)

    /** A plane of its own, rows with padding, the last one without. */
    private fun plane(values: ByteArray, width: Int, rowStride: Int, pixelStride: Int): YuvPlane {
        val rows = values.size / width
        val data = ByteArray((rows - 1) * rowStride + (width - 1) * pixelStride + 1) { 77 }
        for (place in values.indices) data[place / width * rowStride + place % width * pixelStride] = values[place]
        return YuvPlane(ByteBuffer.wrap(data), rowStride, pixelStride)
    }

    private fun picture(padding: Int, pixelStride: Int, brightnessStride: Int = 1): YuvPicture = YuvPicture(
        width,
        height,
        plane(ys, width, width * brightnessStride + padding, brightnessStride),
        plane(us, width / 2, width / 2 * pixelStride + padding, pixelStride),
        plane(vs, width / 2, width / 2 * pixelStride + padding, pixelStride),
    )

    private fun read(picture: Picture, left: Int, top: Int, width: Int, height: Int): IntArray =
        IntArray(width * height).also { picture.read(left, top, width, height, it) }

    @Test
    fun stridesChangeNothing() {
        val plain = read(picture(0, 1), 0, 0, width, height)
        for (padding in listOf(0, 1, 10)) {
            for (pixelStride in 1..3) {
                for (brightnessStride in 1..2) {
                    assertArrayEquals(
                        "$padding $pixelStride $brightnessStride",
                        plain,
                        read(picture(padding, pixelStride, brightnessStride), 0, 0, width, height),
                    )
                }
            }
        }
    }

    @Test
    fun aPartIsTheWholesOwn() {
        val all = read(picture(6, 2), 0, 0, width, height)
        for ((left, top) in listOf(0 to 0, 1 to 0, 3 to 5, 4 to 7)) {
            for (columns in listOf(1, 2, 9, 16)) {
                val part = read(picture(6, 2), left, top, columns, 5)
                val wanted = IntArray(columns * 5) { all[(top + it / columns) * width + left + it % columns] }
                assertArrayEquals("$left $top $columns", wanted, part)
            }
        }
        // The camera's own crop.
        val cropped = picture(6, 2).let {
            YuvPicture(10, 6, plane(ys, width, width, 1), plane(us, 11, 11, 1), plane(vs, 11, 11, 1), 3, 5) to
                it
        }
        assertArrayEquals(read(cropped.second, 3, 5, 10, 6), read(cropped.first, 0, 0, 10, 6))
    }

    @Test
    fun anyOrderOfParts() {
        val all = read(picture(6, 2), 0, 0, width, height)
        val one = picture(6, 2)
        for ((left, top) in listOf(0 to 0, 0 to 1, 1 to 1, 2 to 1, 2 to 12, 3 to 12, 2 to 0)) {
            val wanted = IntArray(8) { all[top * width + left + it] }
            assertArrayEquals("$left $top", wanted, read(one, left, top, 8, 1))
        }
    }

    @Test
    fun planesTooSmall() {
        val sound = plane(ys, width, width, 1)
        val colors = plane(us, width / 2, width / 2, 1)
        val short = plane(us.copyOf(us.size - width / 2), width / 2, width / 2, 1)
        YuvPicture(width, height, sound, colors, colors)
        for ((y, u, v) in listOf(Triple(colors, colors, colors), Triple(sound, short, colors))) {
            val error = assertThrows(EdgeKitException::class.java) { YuvPicture(width, height, y, u, v) }
            assertTrue(error.message!!.contains("its pixels need"))
        }
        assertThrows(EdgeKitException::class.java) { YuvPicture(width, height, sound, colors, colors, 0, 1) }
    }

    @Test
    fun knownColors() {
        fun one(y: Int, u: Int, v: Int): String {
            fun plane(value: Int, count: Int) = YuvPlane(ByteBuffer.wrap(ByteArray(count) { value.toByte() }), 2, 1)
            return "%08x".format(read(YuvPicture(2, 2, plane(y, 4), plane(u, 4), plane(v, 4)), 0, 0, 1, 1)[0])
        }
        assertEquals("ffffffff", one(255, 128, 128))
        assertEquals("ff000000", one(0, 128, 128))
        assertEquals("fffe0000", one(76, 85, 255)) // JFIF's red
        assertEquals("ff00ff01", one(150, 44, 21))
        assertEquals("ff0000fe", one(29, 255, 107))
    }
}
