package dev.edgekit.core

import dev.edgekit.EdgeKitException
import java.math.BigInteger

private val WHOLE_NUMBERS = BigInteger.valueOf(Int.MIN_VALUE.toLong())..BigInteger.valueOf(Int.MAX_VALUE.toLong())

/**
 * One JSON object on its way to a spec: each value is checked, and an error names its place.
 *
 * All methods throw [EdgeKitException] for a value that is missing or of the wrong type.
 *
 * @param source the name of the file, for the error's sentence.
 * @param place of the object in the document; empty for the document itself.
 */
internal class SpecFields(document: Any?, private val source: String, private val place: String = "") {
    private val document: Map<*, *> =
        document as? Map<*, *>
            ?: fail(place.ifEmpty { "the document" }, "should be an object, not ${describe(document)}")

    /** A text that must be there. */
    fun text(key: String): String = check(nameOf(key), required(key), "a string", ::textOrNull)

    /** A whole number that must be there; one beyond 32 bits becomes the last of them. */
    fun int(key: String): Int = check(nameOf(key), required(key), "a whole number", ::intOrNull)

    /** A finite number that may be missing or null. */
    fun optionalNumber(key: String): Double? =
        document[key]?.let { check(nameOf(key), it, "a finite number", ::numberOrNull) }

    /** A text that is one of the choices. */
    fun <T> choice(key: String, choices: Iterable<T>, id: (T) -> String): T {
        val found = text(key)
        return choices.find { id(it) == found }
            ?: fail(nameOf(key), "is '$found', not one of ${choices.joinToString(transform = id)}")
    }

    /** The objects of an array. */
    fun items(key: String): List<SpecFields> =
        list(key).mapIndexed { index, item -> SpecFields(item, source, "${nameOf(key)}[$index]") }

    /** An object that may be missing or null. */
    fun child(key: String): SpecFields? = document[key]?.let { SpecFields(it, source, nameOf(key)) }

    /** Two finite numbers, or null; in any order. */
    fun bounds(key: String): ClosedFloatingPointRange<Double>? {
        if (document[key] == null) return null
        val numbers = list(key).map(::numberOrNull)
        val (low, high) = numbers.takeIf { it.size == 2 } ?: fail(nameOf(key), "should be two finite numbers, or null")
        if (low == null || high == null) fail(nameOf(key), "should be two finite numbers, or null")
        return low..high
    }

    /** Sizes, null where any is taken. */
    fun dimensions(key: String): List<Int?> = list(key).map { size ->
        if (size == null) return@map null
        intOrNull(size)?.takeIf { it >= 0 } ?: fail(nameOf(key), "should be a list of sizes, null for any")
    }

    /** An object whose values are texts. */
    fun texts(key: String): Map<String, String> {
        val found =
            required(key) as? Map<*, *> ?: fail(nameOf(key), "should be an object, not ${describe(required(key))}")
        return found.entries.associate { (name, text) ->
            check(nameOf(key), name, "a string", ::textOrNull) to
                check("${nameOf(key)}.$name", text, "a string", ::textOrNull)
        }
    }

    private fun list(key: String): List<*> = check(nameOf(key), required(key), "an array") { it as? List<*> }

    private fun required(key: String): Any? {
        if (key !in document) fail(nameOf(key), "is missing")
        return document[key]
    }

    private fun <T : Any> check(name: String, value: Any?, kind: String, read: (Any?) -> T?): T =
        read(value) ?: fail(name, "should be $kind, not ${describe(value)}")

    private fun nameOf(key: String): String = if (place.isEmpty()) key else "$place.$key"

    private fun fail(name: String, what: String): Nothing =
        throw EdgeKitException("The spec of $source is not complete: $name $what. Export the model again.")
}

/** Half of a surrogate pair, as from an undecodable file name, could not be shown. */
private fun textOrNull(value: Any?): String? = (value as? String)?.takeIf(::isWellFormed)

private fun intOrNull(value: Any?): Int? = (value as? BigInteger)?.coerceIn(WHOLE_NUMBERS)?.toInt()

private fun numberOrNull(value: Any?): Double? = (value as? Number)?.toDouble()?.takeIf(Double::isFinite)

private fun isWellFormed(text: String): Boolean {
    var place = 0
    while (place < text.length) {
        val code = text.codePointAt(place)
        if (code in 0xd800..0xdfff) return false
        place += Character.charCount(code)
    }
    return true
}

private fun describe(value: Any?): String = when (value) {
    null, is Boolean -> value.toString()
    is String -> if (isWellFormed(value)) "a string" else "one that is no valid Unicode"
    is Number -> if (value.toDouble().isFinite()) value.toString() else "a number beyond all limits"
    is List<*> -> "an array"
    else -> "an object"
}
