package dev.edgekit.core

import dev.edgekit.EdgeKitException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.exp

/** From here on a label of a multi-label model is an answer, where the spec says nothing else. */
private const val DEFAULT_THRESHOLD = 0.5

/** What is answered where no class reaches the model's threshold. */
public const val NONE_OF_THESE: String = "none of these"

/**
 * One class with its probability.
 *
 * @property label the class's id, or [NONE_OF_THESE].
 * @property name what to show to a person, in the language that was asked for.
 * @property description of the class, for a person; empty where the model has none.
 * @property probability 0..1.
 * @property index the class's place among the labels; -1 for "none of these".
 */
public data class Prediction(
    public val label: String,
    public val name: String,
    public val description: String,
    public val probability: Float,
    public val index: Int,
) {
    /** Whether no class reached the model's confidence threshold. */
    public val isNone: Boolean get() = index < 0
}

/**
 * Real values of a tensor's stored ones; plain conversion for a tensor that is not quantized.
 *
 * @param stored the tensor's memory, in the machine's order; its position does not matter.
 * @param values gets as many as it has room for.
 * @throws EdgeKitException a dtype that no classifier answers in.
 */
internal fun dequantize(stored: ByteBuffer, info: TensorInfo, values: FloatArray) {
    val data = stored.duplicate().order(ByteOrder.nativeOrder())
    when (info.dtype) {
        "float32" -> for (index in values.indices) values[index] = data.getFloat(index * 4)

        "uint8", "bool" -> for (index in values.indices) values[index] = (data.get(index).toInt() and 255).toFloat()

        "int8" -> for (index in values.indices) values[index] = data.get(index).toFloat()

        "int16" -> for (index in values.indices) values[index] = data.getShort(index * 2).toFloat()

        "int32" -> for (index in values.indices) values[index] = data.getInt(index * 4).toFloat()

        "int64" -> for (index in values.indices) values[index] = data.getLong(index * 8).toFloat()

        else -> throw EdgeKitException(
            "The output ${info.name} is ${info.dtype}, which is not read here. Export the model again.",
        )
    }
    val scale = info.scale ?: return
    val zero = info.zeroPoint.toFloat()
    for (index in values.indices) values[index] = (values[index] - zero) * scale
}

/**
 * Probabilities of the labels: edgekit/outputs.py.
 *
 * @param scores of one sample: the first output's real values, as the graph answers.
 * @param spec of a classifier.
 * @return one for each label. Of a binary model the one output becomes two; raw scores go through softmax, or through a
 *   sigmoid where the model is binary or multi-label.
 */
public fun classProbabilities(scores: FloatArray, spec: ModelSpec): FloatArray {
    val raw = spec.activation == Activation.NONE
    if (spec.isBinary) {
        val second = if (raw) sigmoid(scores[0]) else scores[0]
        return floatArrayOf(1 - second, second)
    }
    return when {
        !raw -> scores
        spec.isMultiLabel -> FloatArray(scores.size) { sigmoid(scores[it]) }
        else -> softmax(scores)
    }
}

/**
 * The most probable classes, best first; of equal ones the first class comes first.
 *
 * @param probabilities from [classProbabilities].
 * @param top how many at most, from 1 on. Of a multi-label model only those that reach the threshold.
 * @param language of names and descriptions, as in `de`; English without one.
 * @return where no class reaches the model's threshold one prediction, "none of these", with the index -1 and the
 *   probability of the best class, the one that was not enough. So the first one is always what should be believed.
 */
public fun topPredictions(
    probabilities: FloatArray,
    spec: ModelSpec,
    top: Int,
    language: String? = null,
): List<Prediction> {
    require(top >= 1) { "top is a whole number from 1 on. Got: $top." }
    val threshold = spec.confidenceThreshold ?: if (spec.isMultiLabel) DEFAULT_THRESHOLD else null
    // The sort is stable; what is not a number comes last.
    val order = probabilities.indices
        .sortedByDescending { probabilities[it].takeUnless(Float::isNaN) ?: -Float.MAX_VALUE }
        .take(top)
    val best = probabilities[order[0]]
    if (threshold != null && !(best >= threshold)) {
        return listOf(Prediction(NONE_OF_THESE, NONE_OF_THESE, "", best, -1))
    }
    return order
        .filter { !spec.isMultiLabel || threshold == null || probabilities[it] >= threshold }
        .map { predict(it, probabilities[it], spec, language) }
}

private fun predict(index: Int, probability: Float, spec: ModelSpec, language: String?): Prediction {
    val label = spec.labels.getOrNull(index) ?: Label(index.toString())
    return Prediction(label.id, displayName(label, language), describeLabel(label, language), probability, index)
}

/** Probabilities of raw scores of which one is right. */
private fun softmax(scores: FloatArray): FloatArray {
    val highest = scores.max()
    val powers = DoubleArray(scores.size) { exp((scores[it] - highest).toDouble()) }
    val total = powers.sum()
    return FloatArray(scores.size) { (powers[it] / total).toFloat() }
}

/** The probability of a raw score on its own. */
private fun sigmoid(score: Float): Float = (1 / (1 + exp(-score.toDouble()))).toFloat()
