package dev.edgekit.testing

import dev.edgekit.core.parseJson
import java.io.File
import java.nio.ByteBuffer
import java.util.Base64

/** A JSON object of a test's own data. */
class Case(private val document: Map<*, *>) {
    operator fun get(key: String): Any? = document[key]
    fun text(key: String): String = document[key] as String
    fun int(key: String): Int = (document[key] as Number).toInt()
    fun double(key: String): Double = (document[key] as Number).toDouble()
    fun bytes(key: String): ByteArray = Base64.getDecoder().decode(text(key))
    fun case(key: String): Case = Case(document[key] as Map<*, *>)
    fun cases(key: String): List<Case> = (document[key] as List<*>).map { Case(it as Map<*, *>) }
    fun numbers(key: String): List<Number> = (document[key] as List<*>).map { it as Number }
    fun texts(key: String): List<String> = (document[key] as List<*>).map { it as String }
    fun floats(key: String): FloatArray = numbers(key).map(Number::toFloat).toFloatArray()
}

/** What Python made for this run; only tests of the category [AgainstPython] may ask for it. */
object PythonCases {
    val folder: File by lazy {
        val name = System.getProperty("edgekit.cases").orEmpty()
        check(name.isNotEmpty()) { "Name the folder of Python's answers: -Dedgekit.cases=FOLDER. pytest does." }
        File(name)
    }

    fun read(name: String): Case = readCase(File(folder, name))

    fun bytes(name: String): ByteBuffer = ByteBuffer.wrap(File(folder, name).readBytes())
}

fun readCase(file: File): Case = Case(parseJson(file.readText()) as Map<*, *>)
