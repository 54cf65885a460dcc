package dev.edgekit

import dev.edgekit.core.TensorInfo
import dev.edgekit.core.TfliteModel
import java.io.Closeable
import java.nio.ByteBuffer

/** Where a model is run. */
public enum class Delegate {
    /** The graphics processor where it is clearly faster and answers the same, else the processor. */
    AUTO,

    /** The processor, with XNNPACK. */
    CPU,

    /** The graphics processor; the processor where that does not work, and [RuntimeInfo.notes] says why. */
    GPU,

    /** Android's Neural Networks API, deprecated since Android 15: only where it is asked for. */
    NNAPI,
}

/**
 * What runs a model; stands beside every measured time.
 *
 * @property name of the runtime, as in `LiteRT`.
 * @property version of the runtime.
 * @property kernels what takes the model: of [LiteRt] `XNNPACK`, `GPU delegate` or `NNAPI delegate`. Operators that it
 *   cannot take run by kernels of the processor; LiteRT's Java API does not tell how many these are.
 * @property threads of the processor that it may use.
 * @property notes sentences on what was asked for and did not work.
 */
public data class RuntimeInfo(
    public val name: String,
    public val version: String,
    public val kernels: String,
    public val threads: Int,
    public val notes: List<String> = emptyList(),
)

/** A loaded model: tensors in, tensors out. One thread at a time, with the GPU delegate the one that opened it. */
public interface Runtime : Closeable {
    public val inputs: List<TensorInfo>
    public val outputs: List<TensorInfo>
    public val info: RuntimeInfo

    /**
     * Runs the model once.
     *
     * @param inputs a direct buffer in the machine's byte order for each of [inputs], filled with stored values.
     * @param outputs likewise for each of [outputs]; they get the stored values. Positions do not matter.
     * @throws EdgeKitException the runtime fails.
     */
    public fun run(inputs: Array<ByteBuffer>, outputs: Array<ByteBuffer>)
}

/** The work's result; where it fails in any way, what it was to be done with is closed. */
internal inline fun <R : Closeable, T> R.orClose(work: (R) -> T): T = try {
    work(this)
} catch (error: Throwable) {
    close()
    throw error
}

/** Opens models with one kind of runtime. */
public fun interface RuntimeOpener {
    /**
     * @param model the file's bytes in direct or mapped memory.
     * @param file what the file says of itself.
     * @param name what to call the model in an error.
     * @throws EdgeKitException the runtime does not take the model.
     */
    public fun open(model: ByteBuffer, file: TfliteModel, name: String, options: Options): Runtime
}

/**
 * How a model is run.
 *
 * @property threads of the processor; by default its cores, 4 at most: what is more are the slow ones of a phone.
 * @property delegate where it is run.
 * @property language of names and descriptions, as in `de`; English without one.
 * @property keepSeen whether [Classification.seen] is filled in.
 * @property opener the runtime.
 */
public data class Options @JvmOverloads constructor(
    public val threads: Int = minOf(java.lang.Runtime.getRuntime().availableProcessors(), 4),
    public val delegate: Delegate = Delegate.AUTO,
    public val language: String? = null,
    public val keepSeen: Boolean = false,
    public val opener: RuntimeOpener = LiteRt,
) {
    init {
        require(threads >= 1) { "threads is a whole number from 1 on. Got: $threads." }
    }
}
