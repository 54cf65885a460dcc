package dev.edgekit

import android.content.Context
import android.graphics.Bitmap
import android.media.Image
import dev.edgekit.core.BytePicture
import dev.edgekit.core.ImageFormat
import dev.edgekit.core.LatencyProtocol
import dev.edgekit.core.ModelSpec
import dev.edgekit.core.Orientation
import dev.edgekit.core.Picture
import dev.edgekit.core.Preparation
import dev.edgekit.core.Turning
import dev.edgekit.core.classProbabilities
import dev.edgekit.core.dequantize
import dev.edgekit.core.readTflite
import dev.edgekit.core.topPredictions
import java.io.Closeable
import java.io.File
import java.nio.ByteBuffer

/**
 * A classifier of photos that EdgeKit exported: it knows from the file what its pixels must be and what its answers
 * mean.
 *
 * ```kotlin
 * EdgeKitClassifier.fromAsset(context, "flowers.int8.tflite").use { classifier ->
 *     val best = classifier.classify(bitmap).predictions.first()
 *     println("${best.name}: ${best.probability}")
 * }
 * ```
 *
 * Make it and call it in one background thread: a second thread that calls it meanwhile gets an
 * [IllegalStateException], and a GPU delegate works in the thread alone that opened it. The tensors' memory is made
 * once, here; that of the resize at the first picture of a size.
 */
public class EdgeKitClassifier private constructor(
    private val name: String,
    public val spec: ModelSpec,
    private val format: ImageFormat,
    private val output: Int,
    private val runtime: Runtime,
    private val options: Options,
) : Closeable {
    /** What runs the model. */
    public val info: RuntimeInfo get() = runtime.info

    private val turns = Turns(name)
    private val preparation = Preparation(format)
    private val pixels = ByteArray(format.size)
    private val encoder = Encoder(runtime.inputs[0], format.size)
    private val inputs = arrayOf(allocate(runtime.inputs[0]))
    private val outputs = Array(runtime.outputs.size) { allocate(runtime.outputs[it]) }
    private val scores = FloatArray(elements(runtime.outputs[output]))
    private val turning = Turning()

    /**
     * @param bitmap of any configuration. One with transparency should not have been premultiplied, see [Photo.decode].
     * @param rotationDegrees clockwise, what makes it stand upright: a multiple of 90.
     * @param top how many predictions at most, from 1 on.
     * @throws EdgeKitException the picture cannot be read, or the runtime fails.
     * @throws IllegalStateException another thread is using the classifier, or it is closed.
     */
    @JvmOverloads
    public fun classify(bitmap: Bitmap, rotationDegrees: Int = 0, top: Int = 3): Classification =
        classify(pictureOf(bitmap), Orientation.ofRotation(rotationDegrees), top)

    /** A decoded photo, turned as its file says. */
    @JvmOverloads
    public fun classify(photo: Photo, top: Int = 3): Classification =
        classify(pictureOf(photo.bitmap), photo.orientation, top)

    /** A camera's frame in `YUV_420_888`; close it afterwards. */
    @JvmOverloads
    public fun classify(image: Image, rotationDegrees: Int = 0, top: Int = 3): Classification =
        classify(pictureOf(image), Orientation.ofRotation(rotationDegrees), top)

    /**
     * Pixels in memory.
     *
     * @param data height * width * channels bytes from its position on, row by row.
     * @param channels 1 (grey), 3 (RGB) or 4 (RGB and alpha, not premultiplied).
     */
    @JvmOverloads
    public fun classify(
        data: ByteBuffer,
        width: Int,
        height: Int,
        channels: Int,
        rotationDegrees: Int = 0,
        top: Int = 3,
    ): Classification =
        classify(BytePicture(width, height, channels, data), Orientation.ofRotation(rotationDegrees), top)

    /** Pixels from anywhere. */
    @JvmOverloads
    public fun classify(
        picture: Picture,
        orientation: Orientation = Orientation.UPRIGHT,
        top: Int = 3,
    ): Classification = turns.take {
        val begin = System.nanoTime()
        preparation.prepare(turning.turn(picture, orientation), pixels)
        encoder.encode(pixels, inputs[0])
        val prepared = System.nanoTime()
        runtime.run(inputs, outputs)
        val ran = System.nanoTime()
        val probabilities = readProbabilities()
        val predictions = topPredictions(probabilities, spec, top, options.language)
        val times = Times(prepared - begin, ran - prepared, System.nanoTime() - ran)
        Classification(predictions, probabilities, times, if (options.keepSeen) pixels.copyOf() else null)
    }

    /**
     * Probabilities for pixels that are the model's already.
     *
     * @param pixels height * width * channels bytes, as [spec]'s image format has them.
     * @return one for each label.
     * @throws IllegalArgumentException another number of bytes.
     */
    public fun predict(pixels: ByteArray): FloatArray = turns.take {
        require(pixels.size == format.size) { "$name takes ${format.size} bytes of pixels. Got: ${pixels.size}." }
        encoder.encode(pixels, inputs[0])
        runtime.run(inputs, outputs)
        readProbabilities()
    }

    /**
     * Measures the model alone, on a ready input tensor.
     *
     * @param onStart called between warm-up and measurement.
     * @return the nanoseconds of each measured run, in order.
     */
    @JvmOverloads
    public fun measure(protocol: LatencyProtocol = LatencyProtocol(), onStart: () -> Unit = {}): LongArray =
        turns.take {
            val sample = sampleInputs(runtime.inputs)
            protocol.measure({ runtime.run(sample, outputs) }, onStart)
        }

    /** Frees the model's memory. A second call does nothing. */
    override fun close(): Unit = turns.close(runtime::close)

    private fun readProbabilities(): FloatArray {
        dequantize(outputs[output], runtime.outputs[output], scores)
        return classProbabilities(scores.copyOf(), spec)
    }

    public companion object {
        /**
         * @param name below `src/main/assets`, as in `flowers.int8.tflite`.
         * @throws EdgeKitException no such asset, no model of EdgeKit, or none that runs here.
         */
        @JvmStatic
        @JvmOverloads
        public fun fromAsset(context: Context, name: String, options: Options = Options()): EdgeKitClassifier =
            fromBuffer(mapAsset(context, name), options, name)

        /** @throws EdgeKitException no such file, no model of EdgeKit, or none that runs here. */
        @JvmStatic
        @JvmOverloads
        public fun fromFile(file: File, options: Options = Options()): EdgeKitClassifier =
            fromBuffer(mapFile(file), options, file.name)

        /**
         * @param model the bytes of a `.tflite` file; mapped or direct memory is used as it is.
         * @param name what to call the model in an error.
         * @throws EdgeKitException no model of EdgeKit, or none that runs here.
         */
        @JvmStatic
        @JvmOverloads
        public fun fromBuffer(
            model: ByteBuffer,
            options: Options = Options(),
            name: String = "the model",
        ): EdgeKitClassifier {
            val direct = asDirect(model)
            val file = readTflite(direct, name)
            val spec = file.spec ?: throw EdgeKitException("$name has no spec of EdgeKit. Export it with EdgeKit.")
            val format = checkFit(name, spec, file)
            val output = file.outputs.indexOf(findOutput(spec, file))
            return options.opener.open(direct, file, name, options).orClose {
                EdgeKitClassifier(name, spec, format, output, it, options)
            }
        }
    }
}
