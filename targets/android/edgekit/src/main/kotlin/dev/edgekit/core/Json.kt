package dev.edgekit.core

import java.math.BigInteger

/** Deeper than any spec; a hostile one must not end in a stack overflow. */
private const val MAX_DEPTH = 64

private val NUMBER = Regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?")

/** A text is no JSON; the message is the end of a sentence. */
internal class JsonException(message: String) : Exception(message)

/**
 * Reads JSON as RFC 8259 has it, nothing more: `org.json` also takes comments and texts without quotes.
 *
 * @return `Map<String, Any?>` (in the file's order; of two equal names the last one counts), `List<Any?>`, `String`,
 *   `BigInteger` for a number without fraction and exponent, `Double` for any other, `Boolean` or `null`.
 * @throws JsonException it is none.
 */
internal fun parseJson(text: String): Any? = JsonReader(text).document()

private class JsonReader(private val text: String) {
    private var at = 0

    fun document(): Any? {
        val value = value(0)
        skipSpace()
        if (at < text.length) fail("something follows its end")
        return value
    }

    private fun value(depth: Int): Any? {
        if (depth > MAX_DEPTH) fail("it is nested too deeply")
        skipSpace()
        return when (peek()) {
            '{' -> readObject(depth)
            '[' -> readArray(depth)
            '"' -> readString()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> readNumber()
        }
    }

    private fun readObject(depth: Int): Map<String, Any?> {
        val found = LinkedHashMap<String, Any?>()
        at++
        skipSpace()
        if (accept('}')) return found
        do {
            skipSpace()
            if (peek() != '"') fail("a name is missing")
            val name = readString()
            skipSpace()
            if (!accept(':')) fail("a colon is missing")
            found[name] = value(depth + 1)
            skipSpace()
        } while (accept(','))
        if (!accept('}')) fail("an object does not end")
        return found
    }

    private fun readArray(depth: Int): List<Any?> {
        val found = ArrayList<Any?>()
        at++
        skipSpace()
        if (accept(']')) return found
        do {
            found += value(depth + 1)
            skipSpace()
        } while (accept(','))
        if (!accept(']')) fail("an array does not end")
        return found
    }

    private fun readString(): String {
        val out = StringBuilder()
        at++
        while (true) {
            when (val character = next()) {
                '"' -> return out.toString()
                '\\' -> out.append(readEscape())
                in '\u0000'..'\u001f' -> fail("a text holds a control character")
                else -> out.append(character)
            }
        }
    }

    private fun readEscape(): Char = when (val mark = next()) {
        '"', '\\', '/' -> mark
        'b' -> '\b'
        'f' -> '\u000c'
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'u' -> (1..4).fold(0) { code, _ -> code * 16 + hexDigit(next()) }.toChar()
        else -> fail("it has an unknown escape")
    }

    private fun hexDigit(character: Char): Int = when (character) {
        in '0'..'9' -> character - '0'
        in 'a'..'f' -> character - 'a' + 10
        in 'A'..'F' -> character - 'A' + 10
        else -> fail("it has an unknown escape")
    }

    private fun readNumber(): Any {
        val found = NUMBER.find(text, at)?.takeIf { it.range.first == at } ?: fail("a value is missing")
        at = found.range.last + 1
        val whole = found.groupValues[2].isEmpty() && found.groupValues[3].isEmpty()
        return if (whole) BigInteger(found.value) else found.value.toDouble()
    }

    private fun <T> word(word: String, value: T): T {
        if (!text.startsWith(word, at)) fail("a value is missing")
        at += word.length
        return value
    }

    private fun skipSpace() {
        while (at < text.length && text[at] in " \t\r\n") at++
    }

    private fun peek(): Char = if (at < text.length) text[at] else fail("it ends too early")

    private fun next(): Char = peek().also { at++ }

    private fun accept(character: Char): Boolean {
        if (at >= text.length || text[at] != character) return false
        at++
        return true
    }

    private fun fail(reason: String): Nothing = throw JsonException("$reason, at character $at")
}
