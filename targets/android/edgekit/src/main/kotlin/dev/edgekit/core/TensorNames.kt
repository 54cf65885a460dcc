package dev.edgekit.core

/** What converters call an output of which they know nothing, and the empty name. */
private val MEANINGLESS = Regex("((Stateful)?PartitionedCall(_\\d+)?|Identity(_\\d+)?|)")

private val PORT = Regex(":\\d+$")

/**
 * One unique name for each of a TFLite model's inputs or outputs, as in edgekit/runtime/engines/litert_names.py.
 *
 * @param kind for tensors without a name of their own: `input` or `output`.
 * @param indices of the tensors.
 * @param rawNames of the tensors, as in `serving_default_image:0`.
 * @param signature tensor index to name, if the model has one for these tensors.
 */
internal fun nameTensors(
    kind: String,
    indices: List<Int>,
    rawNames: List<String>,
    signature: Map<Int, String>?,
): List<String> {
    if (signature != null) return indices.map { signature[it].orEmpty() }
    val names = LinkedHashSet<String>()
    rawNames.forEachIndexed { place, raw ->
        var name = readable(raw).ifEmpty { if (rawNames.size == 1) kind else "${kind}_$place" }
        while (name in names) name = "${name}_$place"
        names += name
    }
    return names.toList()
}

/** `serving_default_image:0` to `image`; empty for a name that says nothing. */
private fun readable(raw: String): String {
    val name = raw.replace(PORT, "").removePrefix("serving_default_")
    return if (MEANINGLESS.matches(name)) "" else name
}
