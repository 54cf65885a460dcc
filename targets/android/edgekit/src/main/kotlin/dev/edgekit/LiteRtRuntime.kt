package dev.edgekit

import dev.edgekit.core.TensorInfo
import dev.edgekit.core.TfliteModel
import dev.edgekit.core.moveTo
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.TensorFlowLite
import java.nio.ByteBuffer
import java.util.HashMap

/**
 * A model in LiteRT's interpreter.
 *
 * @param accelerator is closed with the runtime, also where the model does not open.
 * @throws EdgeKitException the interpreter, or the delegate, does not take the model.
 */
internal class LiteRtRuntime(
    model: ByteBuffer,
    file: TfliteModel,
    private val name: String,
    threads: Int,
    private val accelerator: Accelerator,
    notes: List<String> = emptyList(),
) : Runtime {
    override val inputs: List<TensorInfo> = file.inputs
    override val outputs: List<TensorInfo> = file.outputs
    private val interpreter: Interpreter = openInterpreter(model, threads)
    override val info: RuntimeInfo =
        RuntimeInfo("LiteRT", TensorFlowLite.runtimeVersion(), accelerator.kernels, threads, notes)
    private val results = HashMap<Int, Any>()

    private fun openInterpreter(model: ByteBuffer, threads: Int): Interpreter = try {
        val options = Interpreter.Options().setNumThreads(threads).setUseXNNPACK(true)
        accelerator.delegate?.let(options::addDelegate)
        Interpreter(model, options)
    } catch (error: LinkageError) {
        accelerator.close()
        throw EdgeKitException(
            "LiteRT's library does not load here ($error). Check which processors the app is built for.",
            error,
        )
    } catch (error: RuntimeException) {
        accelerator.close()
        throw EdgeKitException("LiteRT does not take $name with ${accelerator.kernels} (${error.message}).", error)
    }

    override fun run(inputs: Array<ByteBuffer>, outputs: Array<ByteBuffer>) {
        inputs.forEach { it.moveTo(0) }
        outputs.forEachIndexed { index, buffer ->
            buffer.moveTo(0)
            results[index] = buffer
        }
        try {
            interpreter.runForMultipleInputsOutputs(inputs, results)
        } catch (error: RuntimeException) {
            throw EdgeKitException(
                "LiteRT fails at running $name with ${accelerator.kernels} (${error.message}).",
                error,
            )
        }
    }

    override fun close() {
        try {
            interpreter.close()
        } finally {
            accelerator.close() // the interpreter needs it to the end
        }
    }
}
