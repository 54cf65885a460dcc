package dev.edgekit

import dev.edgekit.core.TensorInfo
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer

/** Which runtime is taken, with runtimes whose speed and answers are given. */
class PickingTest {
    private inner class Given(
        kernels: String,
        private val milliseconds: Long,
        private val answer: Float,
        private val dtype: String = "float32",
    ) : Runtime {
        override val inputs = listOf(TensorInfo("image", listOf(-1, 2, 2, 3), "float32"))
        override val outputs = listOf(TensorInfo("scores", listOf(1, 2), dtype))
        override val info = RuntimeInfo("given", "1", kernels, 1)
        var closed = 0

        override fun run(inputs: Array<ByteBuffer>, outputs: Array<ByteBuffer>) {
            Thread.sleep(milliseconds)
            outputs[0].putFloat(0, answer).putFloat(4, 1 - answer)
        }

        override fun close() {
            closed++
        }
    }

    private val processor = Given("XNNPACK", 12, 0.25f)

    private fun pick(other: () -> Runtime): Runtime = pickFastest(processor, other)

    @Test
    fun theFasterOne() {
        val other = Given("GPU delegate", 0, 0.251f)
        assertSame(other, pick { other })
        assertEquals(1, processor.closed)
        assertEquals(0, other.closed)
    }

    @Test
    fun theProcessorWithAReason() {
        val reasons = mapOf<() -> Runtime, String>(
            { Given("GPU delegate", 40, 0.25f) } to "GPU delegate is not clearly faster here than XNNPACK.",
            { Given("GPU delegate", 0, 0.5f) } to "GPU delegate: its answer differs by 0.25.",
            { Given("GPU delegate", 0, Float.NaN) } to "GPU delegate: it answers values that are no numbers.",
            { throw EdgeKitException("No graphics here.") } to "No graphics here.",
        )
        for ((open, reason) in reasons) {
            val found = pick(open)
            assertEquals("XNNPACK", found.info.kernels)
            assertEquals(listOf(reason), found.info.notes)
            assertEquals(0, processor.closed)
            found.close()
            assertEquals(1, processor.closed)
            processor.closed = 0
        }
    }

    /** As one that takes no operator of the model. */
    @Test
    fun asFastIsNotFaster() {
        assertTrue(isClearlyFaster(89, 100))
        assertFalse(isClearlyFaster(91, 100))
    }

    @Test
    fun whatFailsStaysNowhere() {
        val strange = Given("XNNPACK", 0, 0.25f, "string")
        val error = assertThrows(EdgeKitException::class.java) { pickFastest(strange) { error("not to be opened") } }
        assertTrue(error.message!!.contains("scores is string"))
        assertEquals(1, strange.closed)
        val other = Given("GPU delegate", 0, 0.25f, "string")
        assertEquals("XNNPACK", pick { other }.info.kernels)
        assertEquals(1, other.closed)
    }

    @Test
    fun sizesBeyondMemory() {
        val large = TensorInfo("scores", listOf(1, 65_536, 65_536), "float32")
        assertTrue(assertThrows(EdgeKitException::class.java) { elements(large) }.message!!.contains("more than 2 GB"))
        assertEquals(12, elements(processor.inputs[0]))
    }

    @Test
    fun whatIsNotTakenIsClosed() {
        val slow = Given("GPU delegate", 40, 0.25f)
        pick { slow }
        assertEquals(1, slow.closed)
    }

    @Test
    fun answers() {
        assertNull(findWrongAnswer(floatArrayOf(1f, 0.04f), floatArrayOf(1f, 0f)))
        assertTrue(findWrongAnswer(floatArrayOf(1f), floatArrayOf(1f, 0f))!!.contains("size"))
        assertTrue(findWrongAnswer(floatArrayOf(1f, 0.06f), floatArrayOf(1f, 0f))!!.contains("differs"))
    }

    @Test
    fun samplesAreAlwaysTheSame() {
        val (first, second) = List(2) { sampleInputs(processor.inputs)[0] }
        val values = FloatArray(12).also { first.asFloatBuffer().get(it) }
        assertArrayEquals(values, FloatArray(12).also { second.asFloatBuffer().get(it) }, 0f)
        assertTrue(values.all { it in 0f..255f } && values.distinct().size > 6)
    }
}
