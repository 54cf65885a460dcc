package dev.edgekit.testing

import dev.edgekit.EdgeKitException
import dev.edgekit.Options
import dev.edgekit.Runtime
import dev.edgekit.RuntimeInfo
import dev.edgekit.RuntimeOpener
import dev.edgekit.core.TensorInfo
import dev.edgekit.core.TfliteModel
import org.bytedeco.javacpp.BytePointer
import org.bytedeco.javacpp.Loader
import org.bytedeco.tensorflowlite.BuiltinOpResolverWithXNNPACK
import org.bytedeco.tensorflowlite.FlatBufferModel
import org.bytedeco.tensorflowlite.Interpreter
import org.bytedeco.tensorflowlite.InterpreterBuilder
import org.bytedeco.tensorflowlite.TfLiteTensor
import java.nio.ByteBuffer

/** TensorFlow Lite's own C++ interpreter on this machine, by JavaCPP: real kernels behind the library's interface. */
object JavaCpp : RuntimeOpener {
    override fun open(model: ByteBuffer, file: TfliteModel, name: String, options: Options): Runtime =
        JavaCppRuntime(model, file, options.threads)
}

private const val OK = 0

private class JavaCppRuntime(model: ByteBuffer, file: TfliteModel, threads: Int) : Runtime {
    override val inputs: List<TensorInfo> = file.inputs
    override val outputs: List<TensorInfo> = file.outputs

    // The interpreter reads from the model as long as it lives.
    private val bytes = BytePointer(model)
    private val model = FlatBufferModel.VerifyAndBuildFromBuffer(bytes, model.remaining().toLong())
        ?: throw EdgeKitException("TensorFlow Lite does not take the model. Export it again.")
    private val resolver = BuiltinOpResolverWithXNNPACK()
    private val interpreter = Interpreter(null as org.bytedeco.javacpp.Pointer?)

    init {
        val builder = InterpreterBuilder(this.model, resolver)
        check("build", builder.apply(interpreter, threads))
        check("AllocateTensors", interpreter.AllocateTensors())
    }

    override val info: RuntimeInfo =
        RuntimeInfo("TensorFlow Lite of JavaCPP", version(), describeKernels(), threads)

    override fun run(inputs: Array<ByteBuffer>, outputs: Array<ByteBuffer>) {
        inputs.forEachIndexed { index, buffer ->
            memory(interpreter.input_tensor(index.toLong())).put(buffer.duplicate().apply { rewind() })
        }
        check("Invoke", interpreter.Invoke())
        outputs.forEachIndexed { index, buffer ->
            buffer.duplicate().apply { rewind() }.put(memory(interpreter.output_tensor(index.toLong())))
        }
    }

    override fun close() {
        interpreter.close()
        model.close()
        bytes.close()
    }

    private fun memory(tensor: TfLiteTensor): ByteBuffer {
        val size = tensor.bytes()
        return tensor.data().raw().capacity(size).asByteBuffer()
    }

    /** From the interpreter's plan, in the words of edgekit/runtime/engines/litert_kernels.py. */
    private fun describeKernels(): String {
        val plan = interpreter.execution_plan()
        val nodes = (0 until plan.limit()).map { interpreter.node_and_registration(plan.get(it)).second() }
        val delegates = nodes.count { it.custom_name()?.string.orEmpty().contains("XNNPack", ignoreCase = true) }
        // What a delegate took over stays in the list of nodes, but not in the plan.
        val operators = interpreter.nodes_size().toInt() - delegates
        val delegated = operators - (nodes.size - delegates)
        return when (delegated) {
            0 -> "builtin"
            operators -> "XNNPACK"
            else -> "XNNPACK ($delegated of $operators operators), builtin"
        }
    }

    private fun check(step: String, status: Int) {
        if (status != OK) throw EdgeKitException("TensorFlow Lite fails at $step (status $status).")
    }

    private fun version(): String = Loader.getVersion("org.bytedeco", "tensorflow-lite").orEmpty().ifEmpty { "unknown" }
}
