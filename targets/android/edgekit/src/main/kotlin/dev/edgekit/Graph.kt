package dev.edgekit

import dev.edgekit.core.LatencyProtocol
import dev.edgekit.core.TfliteModel
import dev.edgekit.core.dequantize
import dev.edgekit.core.readTflite
import java.io.Closeable
import java.nio.ByteBuffer

/**
 * A loaded model as it is, without a meaning for its tensors: what a benchmark needs. Takes every `.tflite`, with
 * EdgeKit's spec or without one. To classify photos, take [EdgeKitClassifier].
 *
 * The same rules on threads hold here: one at a time, with the GPU delegate the one that opened it.
 *
 * @property file what the model says of itself.
 */
public class Graph private constructor(
    private val name: String,
    public val file: TfliteModel,
    private val runtime: Runtime,
) : Closeable {
    /** What runs the model. */
    public val info: RuntimeInfo get() = runtime.info

    private val turns = Turns(name)
    private val inputs = sampleInputs(runtime.inputs)
    private val outputs = Array(runtime.outputs.size) { allocate(runtime.outputs[it]) }
    private val output = file.spec?.let { file.outputs.indexOf(findOutput(it, file)) } ?: 0
    private val encoder by lazy { Encoder(runtime.inputs[0], elements(runtime.inputs[0])) }

    /** Runs it once, on noise. */
    public fun run(): Unit = turns.take { runtime.run(inputs, outputs) }

    /**
     * Measures it on noise.
     *
     * @param onStart called between warm-up and measurement.
     * @param onRun called before each run; what it throws ends the measurement.
     * @return the nanoseconds of each measured run, in order.
     */
    public fun measure(
        protocol: LatencyProtocol = LatencyProtocol(),
        onStart: () -> Unit = {},
        onRun: () -> Unit = {},
    ): LongArray = turns.take {
        protocol.measure(
            {
                onRun()
                runtime.run(inputs, outputs)
            },
            onStart,
        )
    }

    /**
     * What it answers to the pixels of one photo.
     *
     * @param pixels as many bytes as the first input has values.
     * @return all real values of the output that the spec names, or of the first one.
     * @throws EdgeKitException it takes other pixels, or none.
     */
    public fun answer(pixels: ByteArray): FloatArray = turns.take {
        val size = elements(runtime.inputs[0])
        if (runtime.inputs.size != 1 || pixels.size != size) {
            throw EdgeKitException(
                "$name takes $size values of pixels. Got: ${pixels.size}. Prepare the photos for it.",
            )
        }
        encoder.encode(pixels, inputs[0])
        runtime.run(inputs, outputs)
        FloatArray(elements(runtime.outputs[output])).also { dequantize(outputs[output], runtime.outputs[output], it) }
    }

    /** Frees the model's memory. A second call does nothing. */
    override fun close(): Unit = turns.close(runtime::close)

    public companion object {
        /**
         * @param model the bytes of a `.tflite` file; mapped or direct memory is used as it is.
         * @param name what to call the model in an error.
         * @throws EdgeKitException no sound model, or none that runs here.
         */
        @JvmStatic
        @JvmOverloads
        public fun open(model: ByteBuffer, options: Options = Options(), name: String = "the model"): Graph {
            val direct = asDirect(model)
            val file = readTflite(direct, name)
            return options.opener.open(direct, file, name, options).orClose { Graph(name, file, it) }
        }
    }
}
