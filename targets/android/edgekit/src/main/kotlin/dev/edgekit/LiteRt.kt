package dev.edgekit

import dev.edgekit.core.TfliteModel
import java.nio.ByteBuffer

/**
 * LiteRT (TensorFlow Lite) as the runtime: on the processor with XNNPACK, on the graphics processor where the app has
 * the GPU delegate among its dependencies.
 */
public object LiteRt : RuntimeOpener {
    override fun open(model: ByteBuffer, file: TfliteModel, name: String, options: Options): Runtime {
        val onProcessor = { notes: List<String> ->
            LiteRtRuntime(model, file, name, options.threads, Accelerator.None, notes)
        }
        val onGpu = { LiteRtRuntime(model, file, name, options.threads, openGpu()) }
        return when (options.delegate) {
            Delegate.CPU -> onProcessor(emptyList())
            Delegate.GPU -> orElse(onProcessor, onGpu)
            Delegate.NNAPI -> orElse(onProcessor) { LiteRtRuntime(model, file, name, options.threads, openNnapi()) }
            Delegate.AUTO -> pickFastest(onProcessor(emptyList()), onGpu)
        }
    }

    private fun orElse(onProcessor: (List<String>) -> Runtime, open: () -> Runtime): Runtime = try {
        open()
    } catch (error: EdgeKitException) {
        onProcessor(listOf(error.message.orEmpty()))
    }
}
