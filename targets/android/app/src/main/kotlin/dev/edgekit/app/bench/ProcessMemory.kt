package dev.edgekit.app.bench

import java.io.File
import java.io.IOException

private val RESIDENT = Regex("^VmRSS:\\s+(\\d+) kB", RegexOption.MULTILINE)
private val PEAK = Regex("^VmHWM:\\s+(\\d+) kB", RegexOption.MULTILINE)

/**
 * What Linux says of this process' memory, `proc(5)`.
 *
 * @param folder of the process.
 */
class ProcessMemory(private val folder: File = File("/proc/self")) {
    /** Bytes in memory now. */
    fun resident(): Long? = read(RESIDENT)

    /** The most bytes that were in memory, from the process' start or the last [forgetPeak] on. */
    fun peak(): Long? = read(PEAK)

    /** Lets the peak begin anew; some phones do not allow it. */
    fun forgetPeak(): Boolean = try {
        folder.resolve("clear_refs").writeText("5")
        true
    } catch (_: IOException) {
        false
    }

    private fun read(pattern: Regex): Long? = try {
        pattern.find(folder.resolve("status").readText())?.let { it.groupValues[1].toLong() * 1024 }
    } catch (_: IOException) {
        null
    }
}
