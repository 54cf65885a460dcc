package dev.edgekit.core

import dev.edgekit.testing.Case
import dev.edgekit.testing.readCase
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.File
import java.nio.ByteBuffer

/** tests/golden/vectors.json: every one, bit for bit. */
class GoldenVectorsTest {
    private val cases: List<Case> = readCase(File(System.getProperty("edgekit.golden"))).also {
        assertEquals(1, it.int("format"))
    }.cases("cases")

    private fun formatOf(case: Case): ImageFormat = ImageFormat(
        case.case("target").int("width"),
        case.case("target").int("height"),
        Color.entries.first { it.id == case.text("color") },
        ResizeMode.entries.first { it.id == case.text("mode") },
        case.int("fill"),
    )

    private fun pictureOf(source: Case): BytePicture = BytePicture(
        source.int("width"),
        source.int("height"),
        source.int("channels"),
        ByteBuffer.wrap(source.bytes("pixels")),
    )

    @Test
    fun everyPlan() {
        for (case in cases) {
            val source = case.case("source")
            val plan = planResize(source.int("width"), source.int("height"), formatOf(case))
            val wanted = case.case("plan")
            val name = case.text("name")
            val box = listOf(plan.left, plan.top, plan.left + plan.boxWidth, plan.top + plan.boxHeight)
            assertEquals(name, wanted.numbers("box").map(Number::toInt), box)
            assertEquals(name, wanted.numbers("factors").map(Number::toInt), listOf(plan.factorX, plan.factorY))
            assertEquals(name, wanted.numbers("size").map(Number::toInt), listOf(plan.width, plan.height))
            assertEquals(name, wanted.numbers("offset").map(Number::toInt), listOf(plan.offsetX, plan.offsetY))
        }
    }

    @Test
    fun everyVectorTwice() {
        assertTrue("${cases.size} vectors", cases.size >= 30)
        for (case in cases) {
            val preparation = Preparation(formatOf(case))
            val picture = pictureOf(case.case("source"))
            // The second time in memory that has been used.
            repeat(2) {
                val out = ByteArray(formatOf(case).size) { 99 }
                preparation.prepare(picture, out)
                assertArrayEquals(case.text("name"), case.bytes("expected"), out)
            }
        }
        println("golden vectors: ${cases.size} of ${cases.size} bit for bit")
    }

    /** A stored picture that is turned upright again is the same picture. */
    @Test
    fun everyVectorThroughEveryOrientation() {
        for (case in cases) {
            val upright = pictureOf(case.case("source"))
            for (orientation in Orientation.entries) {
                // What turns the upright one into the stored one: turns by a quarter are each other's way back.
                val back = when (orientation) {
                    Orientation.TURNED_90 -> Orientation.TURNED_270
                    Orientation.TURNED_270 -> Orientation.TURNED_90
                    else -> orientation
                }
                val stored = materialize(turn(upright, back))
                val out = ByteArray(formatOf(case).size)
                Preparation(formatOf(case)).prepare(turn(stored, orientation), out)
                assertArrayEquals("${case.text("name")}, $orientation", case.bytes("expected"), out)
            }
        }
    }

    private fun materialize(picture: Picture): ArgbPicture {
        val pixels = IntArray(picture.width * picture.height)
        picture.read(0, 0, picture.width, picture.height, pixels)
        return ArgbPicture(picture.width, picture.height, pixels)
    }
}
