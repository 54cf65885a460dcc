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
 * The share of the processor's time that another runtime may take. A delegate that took no operator leaves them all to
 * the processor, and is as fast as that.
 */
private const val CLEARLY_FASTER = 0.9

/**
 * The faster one of two runtimes, both tried on the same input; a delegate that does not work, answers something else
 * or gains nothing is closed again, and the notes say so.
 *
 * @param processor is closed where another runtime is the answer, and where it fails.
 * @param openOther opens what is tried beside it.
 */
internal fun pickFastest(processor: Runtime, openOther: () -> Runtime): Runtime = processor.orClose {
    val known = tryOut(processor)
    val reason = try {
        val other = openOther()
        val reason = other.orClose { compare(other, tryOut(other), processor, known) }
        if (reason == null) {
            processor.close()
            return other
        }
        other.close()
        reason
    } catch (error: EdgeKitException) {
        error.message.orEmpty()
    }
    NotedRuntime(processor, reason)
}

/** Why the other one is not taken, or `null`. */
private fun compare(other: Runtime, found: Trial, processor: Runtime, known: Trial): String? {
    findWrongAnswer(found.answer, known.answer)?.let { return "${other.info.kernels}: $it." }
    if (isClearlyFaster(found.nanoseconds, known.nanoseconds)) return null
    return "${other.info.kernels} is not clearly faster here than ${processor.info.kernels}."
}

internal fun isClearlyFaster(nanoseconds: Long, than: Long): Boolean = nanoseconds < CLEARLY_FASTER * than

private class NotedRuntime(runtime: Runtime, note: String) : Runtime by runtime {
    override val info: RuntimeInfo = runtime.info.copy(notes = runtime.info.notes + note)
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

/**
 * How many values a tensor has, any size being taken as 1.
 *
 * @throws EdgeKitException more than one buffer holds.
 */
internal fun elements(tensor: TensorInfo): Int {
    val count = tensor.shape.fold(1L) { product, size -> minOf(product * maxOf(size, 1), Int.MAX_VALUE.toLong()) }
    if (count > Int.MAX_VALUE / bytesOf(tensor)) {
        throw EdgeKitException("The tensor ${tensor.name} has more than 2 GB. Take a smaller model.")
    }
    return count.toInt()
}

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
