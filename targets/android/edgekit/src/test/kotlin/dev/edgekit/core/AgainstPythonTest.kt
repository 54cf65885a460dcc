package dev.edgekit.core

import dev.edgekit.EdgeKitException
import dev.edgekit.testing.AgainstPython
import dev.edgekit.testing.Case
import dev.edgekit.testing.PythonCases
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.experimental.categories.Category

/** What Python answers to the same questions: tests/android/library_cases.py asks and writes them down. */
@Category(AgainstPython::class)
class AgainstPythonTest {
    @Test
    fun specsAreReadAndRefusedAlike() {
        val cases = PythonCases.read("specs.json").cases("cases")
        assertTrue(cases.count { it["error"] != null } > 20 && cases.count { it["error"] == null } > 3)
        for (case in cases) {
            val wanted = case["error"]
            val found = try {
                checkRead(case, readSpec(case.text("text"), "x.tflite"))
                null
            } catch (error: EdgeKitException) {
                error.message
            }
            assertEquals(case.text("text"), wanted == null, found == null)
            // Python's sentences speak of Python's version and quote by its own rules.
            if (case["same_sentence"] == true) assertEquals(wanted, found)
        }
    }

    private fun checkRead(case: Case, spec: ModelSpec) {
        assertEquals(case["classifier"], spec.isClassifier)
        assertEquals(case["binary"], spec.isBinary)
        assertEquals(case["multi_label"], spec.isMultiLabel)
        assertEquals((case["classes"] as Number?)?.toInt(), spec.classes)
        assertEquals(case.texts("labels"), spec.labels.map(Label::id))
    }

    @Test
    fun outputsMeanTheSame() {
        for (case in PythonCases.read("outputs.json").cases("cases")) {
            val spec = readSpec(case.text("spec"), "x")
            for (sample in case.cases("samples")) {
                val scores = sample.floats("scores")
                val probabilities = classProbabilities(scores, spec)
                assertArrayEquals(sample.floats("probabilities"), probabilities, 3e-7f)
                // The choice is of Python's own probabilities, so that their last bits do not matter.
                for (choice in sample.cases("choices")) {
                    val found =
                        topPredictions(
                            sample.floats("probabilities"),
                            spec,
                            choice.int("top"),
                            choice["language"] as String?,
                        )
                    val wanted = choice.cases("predictions").map {
                        Prediction(
                            it.text("label"),
                            it.text("name"),
                            it.text("description"),
                            it.double("probability").toFloat(),
                            it.int("index"),
                        )
                    }
                    assertEquals(wanted, found)
                }
            }
        }
    }

    @Test
    fun statisticsAreTheSame() {
        val cases = PythonCases.read("statistics.json")
        cases.numbers("ranks").forEachIndexed { place, rank ->
            assertEquals(rank.toInt() to place + 2 - rank.toInt(), medianRanks(place + 1))
        }
        for (case in cases.cases("cases")) {
            val found = summarize(case.numbers("durations").map(Number::toLong).toLongArray())
            val wanted = case.case("stats")
            val pairs = listOf(
                "seconds" to found.seconds, "mean" to found.mean, "std" to found.std, "min" to found.min,
                "max" to found.max,
                "p50" to found.p50, "p90" to found.p90, "p99" to found.p99, "p50_low" to found.p50Low,
                "p50_high" to found.p50High, "first_third_p50" to found.firstThirdP50,
                "last_third_p50" to found.lastThirdP50,
            )
            assertEquals(wanted.int("runs"), found.runs)
            for ((name, value) in pairs) {
                assertEquals(
                    name,
                    wanted.double(name),
                    value,
                    1e-12 * maxOf(1.0, wanted.double(name)),
                )
            }
        }
    }

    @Test
    fun theProtocolRunsAsOften() {
        for (case in PythonCases.read("statistics.json").cases("protocols")) {
            // A clock that is told what each look at it costs, as in Python.
            val steps = case.numbers("clock").map(Number::toLong)
            var now = 0L
            var looks = 0
            val clock = { (now + steps[looks++ % steps.size]).also { now = it } }
            val protocol = case.case("protocol").let {
                LatencyProtocol(
                    it.int("warmup_runs"),
                    it.double("warmup_seconds"),
                    it.int("min_runs"),
                    it.double("min_seconds"),
                    it.double("max_seconds"),
                )
            }
            var calls = 0
            var before = -1
            val durations = protocol.measure({ calls++ }, { before = calls }, clock)
            assertEquals(case.numbers("durations").map(Number::toLong), durations.toList())
            assertEquals(case.int("warmup"), before)
        }
    }

    @Test
    fun filesSayHowTheyAreTurned() {
        val cases = PythonCases.read("exif.json").cases("files")
        assertTrue(cases.size >= 24)
        for (case in cases) {
            val file = PythonCases.bytes(case.text("file"))
            assertEquals(case.text("file"), case.int("orientation"), readOrientation(file).exif)
        }
    }

    /** What libjpeg made of the same brightness and colour values. */
    @Test
    fun framesHaveTheColorsOfJpegs() {
        val case = PythonCases.read("yuv.json")
        val (width, height) = case.int("width") to case.int("height")
        val yuv = case.bytes("yuv")
        val wanted = case.bytes("rgb")
        var differing = 0
        for (place in 0 until width * height) {
            // One pixel is a frame of 2 x 2 of the same.
            fun plane(channel: Int, count: Int) =
                YuvPlane(java.nio.ByteBuffer.wrap(ByteArray(count) { yuv[place * 3 + channel] }), 2, 1)
            val out = IntArray(1)
            YuvPicture(2, 2, plane(0, 4), plane(1, 1), plane(2, 1)).read(1, 1, 1, 1, out)
            val rgb = byteArrayOf((out[0] shr 16).toByte(), (out[0] shr 8).toByte(), out[0].toByte())
            if (!rgb.contentEquals(wanted.copyOfRange(place * 3, place * 3 + 3))) differing++
        }
        assertEquals("of ${width * height} pixels", 0, differing)
    }
}
