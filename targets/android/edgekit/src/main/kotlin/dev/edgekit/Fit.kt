package dev.edgekit

import dev.edgekit.core.ImageFormat
import dev.edgekit.core.ModelSpec
import dev.edgekit.core.Task
import dev.edgekit.core.TensorInfo
import dev.edgekit.core.TfliteModel

/**
 * Compares a spec with the tensors of its model.
 *
 * @return how a photo becomes the input.
 * @throws EdgeKitException they do not fit, or the model takes no photos.
 */
internal fun checkFit(name: String, spec: ModelSpec, file: TfliteModel): ImageFormat {
    val image = spec.image
    if (image == null || spec.task == Task.TENSORS) {
        throw EdgeKitException("$name takes no photos, and this library classifies photos only. Take another model.")
    }
    val wanted = listOf(image.height, image.width, image.color.channels)
    val input = file.inputs.singleOrNull()
    if (input == null || !accepts(input.shape, wanted)) {
        val found = file.inputs.joinToString(transform = ::describe)
        throw EdgeKitException(
            "The spec of $name says that it takes images of ${image.width}x${image.height} pixels and " +
                "${image.color.channels} channels, but the model takes $found. Export it again.",
        )
    }
    val output = findOutput(spec, file)
    val answers = output.shape.takeIf { it.size == 2 }?.get(1) ?: 0
    val labels = if (spec.isBinary) 1 else spec.labels.size
    if (answers < 1 || (labels > 0 && answers != labels)) {
        val found = describe(output)
        throw EdgeKitException(
            "The spec of $name has ${spec.labels.size} labels, but the model answers $found. Export it again.",
        )
    }
    return image
}

/** The output of the spec's name; the only one, whatever its name. */
internal fun findOutput(spec: ModelSpec, file: TfliteModel): TensorInfo {
    val wanted = spec.outputs[0].name
    file.outputs.run { find { it.name == wanted } ?: singleOrNull() }?.let { return it }
    val found = file.outputs.joinToString(transform = ::describe)
    throw EdgeKitException("The spec speaks of an output $wanted, but the model answers $found. Export it again.")
}

/** The batch alone may have any size. */
private fun accepts(shape: List<Int>, wanted: List<Int>): Boolean =
    shape.firstOrNull().let { it == 1 || it == -1 } && shape.drop(1) == wanted

private fun describe(tensor: TensorInfo): String =
    "${tensor.name}: ${tensor.dtype} (${tensor.shape.joinToString { if (it < 0) "any" else "$it" }})"
