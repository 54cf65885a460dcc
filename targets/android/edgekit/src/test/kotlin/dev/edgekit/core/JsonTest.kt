package dev.edgekit.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test
import java.math.BigInteger

class JsonTest {
    @Test
    fun values() {
        val found =
            parseJson(""" {"a": [1, -2.5e1, true, null, "\u00e4\n\ud83c\udf3c"], "b": {}, "a2": [], "b": false} """)
        assertEquals(
            mapOf("a" to listOf(BigInteger.ONE, -25.0, true, null, "ä\n🌼"), "b" to false, "a2" to emptyList<Any>()),
            found,
        )
    }

    @Test
    fun whatIsNoJson() {
        val broken = listOf(
            "", " ", "{", "[1,]", "{a: 1}", "{'a': 1}", "[1] 2", "01", "1.", ".5", "+1", "NaN", "-Infinity", "tru",
            "\"a",
            "\"\\x\"", "\"\\u12g4\"", "\"\t\"", "// x\n1", "{\"a\" 1}", "[1 2]", "[".repeat(100_000), "\uFEFF1",
        )
        for (text in broken) assertThrows(text.take(20), JsonException::class.java) { parseJson(text) }
    }
}
