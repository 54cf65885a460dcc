package dev.edgekit

import dev.edgekit.testing.AgainstPython
import dev.edgekit.testing.Case
import dev.edgekit.testing.JavaCpp
import dev.edgekit.testing.PythonCases
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.experimental.categories.Category
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs

/** A real model on real photos, by TensorFlow Lite's own kernels, beside what Python answered. */
@Category(AgainstPython::class)
class PhotosTest {
    private val cases = PythonCases.read("photos.json")
    private val labels = cases.int("labels")

    private class Answers(val identical: Int, val agreeing: Int, val furthest: Float, val kernels: String)

    private fun compare(model: Case): Answers {
        val photos = cases.cases("photos")
        val options = Options(threads = 1, delegate = Delegate.CPU, keepSeen = true, opener = JavaCpp)
        val wanted = PythonCases.bytes(model.text("answers")).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
        var identical = 0
        var agreeing = 0
        var furthest = 0f
        return EdgeKitClassifier.fromFile(File(PythonCases.folder, model.text("file")), options).use { classifier ->
            photos.forEachIndexed { index, photo ->
                val pixels = PythonCases.bytes(photo.text("pixels"))
                val found = classifier.classify(pixels, photo.int("width"), photo.int("height"), 3)
                assertArrayEquals(photo.text("pixels"), PythonCases.bytes(photo.text("seen")).array(), found.seen)
                val answer = FloatArray(labels) { wanted[index * labels + it] }
                if (answer.contentEquals(found.probabilities)) identical++
                if (answer.indices.maxBy { answer[it] } == found.predictions[0].index) agreeing++
                furthest = maxOf(furthest, answer.indices.maxOf { abs(answer[it] - found.probabilities[it]) })
            }
            Answers(identical, agreeing, furthest, classifier.info.kernels)
        }
    }

    @Test
    fun everyPhotoIsAnsweredAsInPython() {
        val count = cases.cases("photos").size
        assertEquals(100, count)
        val models = cases.cases("models")
        assertEquals(listOf("fp32", "int8"), models.map { it.text("precision") })
        for (model in models) {
            val found = compare(model)
            val summary =
                "${model.text(
                    "precision",
                )}: top-1 ${found.agreeing} of $count, identical ${found.identical}, largest " +
                    "difference ${found.furthest}; kernels ${found.kernels} here, ${model.text("kernels")} in Python"
            println(summary)
            if (model.text("precision") == "fp32") {
                assertEquals(summary, count, found.agreeing)
                assertTrue(summary, found.furthest <= 1e-4f)
            } else if (found.kernels == model.text("kernels")) {
                assertEquals(summary, count, found.identical)
            } else {
                assertTrue(summary, found.agreeing >= 0.96 * count)
            }
        }
        // The photos are not all of one kind.
        assertTrue(cases.cases("photos").map { it.text("best") }.distinct().size >= 4)
    }

    @Test
    fun damagedModelsAreRefused() {
        val bytes = File(PythonCases.folder, cases.cases("models")[0].text("file")).readBytes()
        for (length in listOf(9, 100, 5_000, bytes.size / 2)) {
            val part = ByteBuffer.wrap(bytes.copyOf(length))
            val error = org.junit.Assert.assertThrows(EdgeKitException::class.java) {
                EdgeKitClassifier.fromBuffer(part, Options(opener = JavaCpp), "cut.tflite").close()
            }
            assertTrue(error.message, error.message!!.isNotEmpty())
        }
    }
}
