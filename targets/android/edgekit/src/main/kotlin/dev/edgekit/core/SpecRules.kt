package dev.edgekit.core

/** The largest width or height of an input image: JPEG's own limit. */
private const val MAX_SIDE = 65_535

/** What is wrong with a spec, as the end of a sentence, or `null`: edgekit/specrules.py. */
internal fun findProblem(spec: ModelSpec): String? {
    if (spec.name in listOf("", ".", "..") || spec.name.any { it in "/\\\u0000" }) {
        return "its name cannot be the name of a file"
    }
    if (spec.inputs.isEmpty() || spec.outputs.isEmpty()) return "it needs at least one input and one output"
    (findTaskProblem(spec) ?: findLabelProblem(spec))?.let { return it }
    for (tensor in spec.inputs + spec.outputs) {
        tensor.image?.let(::findImageProblem)?.let { return it }
        val bounds = tensor.valueRange
        if (bounds != null && bounds.start > bounds.endInclusive) {
            return "the value range of ${tensor.name} is not two finite numbers, the smaller first"
        }
    }
    val threshold = spec.confidenceThreshold ?: return null
    return if (threshold in 0.0..1.0) null else "the confidence threshold $threshold is not in 0..1"
}

private fun findImageProblem(image: ImageFormat): String? = when {
    image.width !in 1..MAX_SIDE || image.height !in 1..MAX_SIDE ->
        "the image size ${image.width}x${image.height} is not in 1..$MAX_SIDE"

    image.fill !in 0..255 -> "the letterbox fill ${image.fill} is not in 0..255"

    else -> null
}

private fun findTaskProblem(spec: ModelSpec): String? = when {
    spec.task == Task.TENSORS -> null

    spec.image == null -> "an image classifier's first input needs an image format"

    spec.task == Task.MULTI_LABEL_CLASSIFICATION && spec.activation == Activation.SOFTMAX ->
        "of a multi-label classifier's outputs any can be 1, which a softmax does not allow"

    else -> null
}

private fun findLabelProblem(spec: ModelSpec): String? {
    if (!spec.isClassifier) return null
    val count = spec.labels.size
    if (spec.labels.distinctBy(Label::id).size != count) return "two labels have the same id"
    val classes = spec.classes
    val differs = count > 0 && !spec.isBinary && classes != null && classes != count
    return if (differs) "it has $count labels for $classes classes" else null
}
