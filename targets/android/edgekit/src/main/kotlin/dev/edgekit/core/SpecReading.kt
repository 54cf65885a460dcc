package dev.edgekit.core

import dev.edgekit.EdgeKitException

/** The newest spec that this library reads. */
internal const val SCHEMA: Int = 1

/**
 * Reads the JSON that travels in an artifact, as edgekit/spec.py does; unknown fields are ignored.
 *
 * @param source the name of the model, for the error's sentence.
 * @throws EdgeKitException not JSON, not complete, not valid, or written by a newer EdgeKit.
 */
internal fun readSpec(text: String, source: String): ModelSpec {
    val document = try {
        parseJson(text)
    } catch (error: JsonException) {
        throw EdgeKitException(
            "$source holds a spec that is not JSON (${error.message}). Export the model again.",
            error,
        )
    }
    val fields = SpecFields(document, source)
    val schema = fields.int("schema")
    if (schema < 1) {
        throw EdgeKitException("$source has no spec of EdgeKit (its schema is $schema). Export the model again.")
    }
    if (schema > SCHEMA) {
        throw EdgeKitException(
            "$source was written by a newer EdgeKit (spec schema $schema, this library reads up to $SCHEMA). " +
                "Use the library of that version.",
        )
    }
    val spec = ModelSpec(
        name = fields.text("name"),
        task = fields.choice("task", Task.entries, Task::id),
        inputs = fields.items("inputs").map(::readTensor),
        outputs = fields.items("outputs").map(::readTensor),
        labels = fields.items("labels").map(::readLabel),
        activation = fields.choice("activation", Activation.entries, Activation::id),
        confidenceThreshold = fields.optionalNumber("confidence_threshold"),
    )
    val problem = findProblem(spec) ?: return spec
    throw EdgeKitException("The spec of '${spec.name}' is not valid: $problem.")
}

private fun readTensor(fields: SpecFields) = TensorSpec(
    name = fields.text("name"),
    shape = fields.dimensions("shape"),
    dtype = fields.text("dtype"),
    valueRange = fields.bounds("value_range"),
    image = fields.child("image")?.let(::readImage),
)

private fun readImage(fields: SpecFields) = ImageFormat(
    width = fields.int("width"),
    height = fields.int("height"),
    color = fields.choice("color", Color.entries, Color::id),
    resize = fields.choice("resize", ResizeMode.entries, ResizeMode::id),
    fill = fields.int("fill"),
)

private fun readLabel(fields: SpecFields) =
    Label(fields.text("id"), fields.texts("names"), fields.texts("descriptions"))
