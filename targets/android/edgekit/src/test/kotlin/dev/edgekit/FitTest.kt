package dev.edgekit

import dev.edgekit.core.Activation
import dev.edgekit.core.ImageFormat
import dev.edgekit.core.Label
import dev.edgekit.core.ModelSpec
import dev.edgekit.core.Task
import dev.edgekit.core.TensorInfo
import dev.edgekit.core.TensorSpec
import dev.edgekit.core.TfliteModel
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer

/** Files whose tensors are not what their spec says. */
class FitTest {
    private val image = ImageFormat(4, 2)
    private val spec = ModelSpec(
        "flowers",
        Task.IMAGE_CLASSIFICATION,
        listOf(TensorSpec("image", listOf(null, 2, 4, 3), "float32", image = image)),
        listOf(TensorSpec("scores", listOf(null, 2), "float32")),
        listOf(Label("rose"), Label("daisy")),
        Activation.SOFTMAX,
    )

    private fun file(input: List<Int>, output: List<Int> = listOf(1, 2)) = TfliteModel(
        spec,
        listOf(TensorInfo("image", input, "float32")),
        listOf(TensorInfo("scores", output, "float32")),
    )

    private fun refused(file: TfliteModel): String =
        assertThrows(EdgeKitException::class.java) { checkFit("x.tflite", spec, file) }.message.orEmpty()

    @Test
    fun sound() {
        for (batch in listOf(1, -1)) assertEquals(image, checkFit("x", spec, file(listOf(batch, 2, 4, 3))))
    }

    @Test
    fun otherSizes() {
        for (shape in listOf(listOf(1, 4, 2, 3), listOf(2, 2, 4, 3), listOf(1, -1, -1, 3), listOf(1, 2, 4), listOf())) {
            assertTrue(refused(file(shape)).contains("takes images of 4x2 pixels and 3 channels"))
        }
        for (shape in listOf(listOf(1, 3), listOf(1, -1), listOf(2))) {
            assertTrue(refused(file(listOf(1, 2, 4, 3), shape)).contains("has 2 labels, but the model answers scores"))
        }
    }

    /** Whatever goes wrong after the runtime is open. */
    @Test
    fun runtimesDoNotStayBehind() {
        for (problem in listOf(EdgeKitException("a"), IllegalStateException("b"), OutOfMemoryError("c"))) {
            var closed = 0
            val broken = object : Runtime {
                override val inputs: List<TensorInfo> get() = throw problem
                override val outputs: List<TensorInfo> get() = throw problem
                override val info: RuntimeInfo get() = throw problem
                override fun run(inputs: Array<ByteBuffer>, outputs: Array<ByteBuffer>) = throw problem
                override fun close() {
                    closed++
                }
            }
            val found = assertThrows(Throwable::class.java) { broken.orClose { Encoder(it.inputs[0], 1) } }
            assertEquals(problem, found)
            assertEquals(1, closed)
        }
    }
}
