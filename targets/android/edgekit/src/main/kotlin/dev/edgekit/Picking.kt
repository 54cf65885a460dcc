package dev.edgekit

import dev.edgekit.core.TensorInfo
import dev.edgekit.core.dequantize
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs

/** Runs before those that count: the first ones compile shaders. */
private const val UNMEASURED_RUNS = 2
private const val MEASURED_RUNS = 5

/**
 * How far an answer may lie from the processor's, as a share of the largest absolute value there. Graphics processors
 * of phones compute in 16 bits, which costs about 0.01; what is broken is far beyond.
 */
private const val TOLERANCE = 0.05f

/**
 * The faster one of two runtimes, both tried on the same input; a delegate that does not work or answers something else
 * is closed again, and the notes say so.
 *
 * @param processor is closed where another runtime is the answer.
 * @param openOther opens what is tried beside it.
 * @param withNotes opens the processor's runtime again, with notes.
 */
internal fun pickFastest(processor: Runtime, openOther: () -> Runtime, withNotes: (List<String>) -> Runtime): Runtime {
    val known = try {
        tryOut(processor)
    } catch (error: EdgeKitException) {
        processor.close()
        throw error
    }
    var other: Runtime? = null
    val reason = try {
        other = openOther()
        val found = tryOut(other)
        findWrongAnswer(found.answer, known.answer)?.let { "${other.info.kernels}: $it." }
            ?: if (found.nanoseconds <
                known.nanoseconds
            ) {
                null
            } else {
                "${other.info.kernels} is slower here than ${processor.info.kernels}."
            }
    } catch (error: EdgeKitException) {
        error.message.orEmpty()
    }
    if (reason == null && other != null) {
        processor.close()
        return other
    }
    other?.close()
    processor.close()
    return withNotes(listOf(reason.orEmpty()))
}

private class Trial(val nanoseconds: Long, val answer: FloatArray)

private fun tryOut(runtime: Runtime): Trial {
    val inputs = sampleInputs(runtime.inputs)
    val outputs = Array(runtime.outputs.size) { allocate(runtime.outputs[it]) }
    repeat(UNMEASURED_RUNS) { runtime.run(inputs, outputs) }
    val times = LongArray(MEASURED_RUNS) {
        val begin = System.nanoTime()
        runtime.run(inputs, outputs)
        System.nanoTime() - begin
    }
    val answer = FloatArray(elements(runtime.outputs[0]))
    dequantize(outputs[0], runtime.outputs[0], answer)
    return Trial(times.sortedArray()[MEASURED_RUNS / 2], answer)
}

/** Why an answer cannot be right, as the end of a sentence, or `null`. */
internal fun findWrongAnswer(answer: FloatArray, reference: FloatArray): String? {
    if (!answer.all(Float::isFinite)) return "it answers values that are no numbers"
    if (answer.size != reference.size) return "its answer has another size"
    val furthest = answer.indices.maxOf { abs(answer[it] - reference[it]) }
    return if (furthest <= TOLERANCE * reference.maxOf(::abs)) null else "its answer differs by $furthest"
}

/** Memory of one tensor, the batch being 1. */
internal fun allocate(tensor: TensorInfo): ByteBuffer =
    ByteBuffer.allocateDirect(elements(tensor) * bytesOf(tensor)).order(ByteOrder.nativeOrder())

/** How many values a tensor has, any size being taken as 1. */
internal fun elements(tensor: TensorInfo): Int = tensor.shape.fold(1) { product, size -> product * maxOf(size, 1) }

/** Noise of pixels' values, always the same. */
internal fun sampleInputs(tensors: List<TensorInfo>): Array<ByteBuffer> = Array(tensors.size) { index ->
    val tensor = tensors[index]
    val buffer = allocate(tensor)
    var state = 1
    repeat(elements(tensor)) { place ->
        state = state * 1664525 + 1013904223
        val value = state ushr 24
        when (bytesOf(tensor)) {
            1 -> buffer.put(place, value.toByte())
            else -> if (tensor.dtype == "float32") buffer.putFloat(place * 4, value.toFloat()) else buffer.put(place, 0)
        }
    }
    buffer
}

private fun bytesOf(tensor: TensorInfo): Int = when (tensor.dtype) {
    "uint8", "int8", "bool" -> 1
    "float16", "int16", "uint16" -> 2
    "float32", "int32", "uint32" -> 4
    else -> 8
}
