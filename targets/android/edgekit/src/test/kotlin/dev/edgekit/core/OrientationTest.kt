package dev.edgekit.core

import dev.edgekit.EdgeKitException
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test
import java.nio.ByteBuffer

class OrientationTest {
    /** Rows as texts, one letter a pixel. */
    private fun turned(orientation: Orientation, vararg rows: String): List<String> {
        val letters = rows.flatMap { row -> row.map(Char::code) }.toIntArray()
        val picture = turn(ArgbPicture(rows[0].length, rows.size, letters), orientation)
        val out = IntArray(letters.size)
        picture.read(0, 0, picture.width, picture.height, out)
        return out.map { it.toChar() }.chunked(picture.width) { it.joinToString("") }
    }

    @Test
    fun theEightCases() {
        // CIPA DC-008: where the stored rows' beginning belongs, on the drawn letter F.
        val stored = arrayOf("ab", "cd", "ef")
        assertEquals(listOf("ab", "cd", "ef"), turned(Orientation.ofExif(1), *stored))
        assertEquals(listOf("ba", "dc", "fe"), turned(Orientation.ofExif(2), *stored))
        assertEquals(listOf("fe", "dc", "ba"), turned(Orientation.ofExif(3), *stored))
        assertEquals(listOf("ef", "cd", "ab"), turned(Orientation.ofExif(4), *stored))
        assertEquals(listOf("ace", "bdf"), turned(Orientation.ofExif(5), *stored))
        assertEquals(listOf("eca", "fdb"), turned(Orientation.ofExif(6), *stored))
        assertEquals(listOf("fdb", "eca"), turned(Orientation.ofExif(7), *stored))
        assertEquals(listOf("bdf", "ace"), turned(Orientation.ofExif(8), *stored))
    }

    @Test
    fun partsOfTallPicturesAreTheWholesOwn() {
        // Taller than the strip that is made at once.
        val stored = ArgbPicture(300, 400, IntArray(300 * 400) { it })
        for (orientation in Orientation.entries) {
            val whole = turn(stored, orientation)
            val all = IntArray(300 * 400)
            whole.read(0, 0, whole.width, whole.height, all)
            val part = IntArray(50 * 260)
            turn(stored, orientation).read(20, 15, 50, 260, part)
            val wanted = (0 until 260).flatMap { y -> (0 until 50).map { x -> all[(15 + y) * whole.width + 20 + x] } }
            assertEquals("$orientation", wanted, part.toList())
        }
    }

    @Test
    fun memoryIsThatOfPicturesOfAnySize() {
        val turning = Turning()
        for ((width, height) in listOf(300 to 400, 7 to 5, 200 to 150, 1 to 500, 300 to 400)) {
            val stored = ArgbPicture(width, height, IntArray(width * height) { it * 3 + width })
            for (orientation in Orientation.entries) {
                val (found, wanted) = listOf(turning.turn(stored, orientation), turn(stored, orientation)).map {
                    IntArray(width * height).also { out -> it.read(0, 0, it.width, it.height, out) }
                }
                assertArrayEquals("$width $height $orientation", wanted, found)
            }
        }
    }

    @Test
    fun rotations() {
        assertEquals(Orientation.TURNED_90, Orientation.ofRotation(90))
        assertEquals(Orientation.TURNED_270, Orientation.ofRotation(-90))
        assertEquals(Orientation.UPRIGHT, Orientation.ofRotation(720))
        assertThrows(EdgeKitException::class.java) { Orientation.ofRotation(45) }
    }

    @Test
    fun damagedFilesStandUpright() {
        val jpeg =
            byteArrayOf(-1, -40, -1, -31, 0, 40) + "Exif\u0000\u0000II*\u0000".toByteArray(Charsets.ISO_8859_1) +
                byteArrayOf(-1, -1, -1, 127)
        for (length in 0..jpeg.size) {
            assertEquals(Orientation.UPRIGHT, readOrientation(ByteBuffer.wrap(jpeg, 0, length)))
        }
        assertEquals(Orientation.UPRIGHT, Orientation.ofExif(0))
        assertEquals(Orientation.UPRIGHT, Orientation.ofExif(9))
    }
}
