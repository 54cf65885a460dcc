package dev.edgekit.app.bench

import android.app.ActivityManager
import android.content.Context
import android.os.Build
import org.json.JSONObject
import java.io.File
import java.io.IOException

/** `ro.hardware` of Android Studio's emulator, old and new, of Cuttlefish and of Genymotion; and of Robolectric. */
private val EMULATORS = setOf("goldfish", "ranchu", "cutf_cvm", "cutf", "vbox86", "robolectric")

/** What the phone is, with the names of the benchmark's JSON. */
fun describePhone(context: Context): JSONObject {
    val emulation = findEmulation(Build.HARDWARE, Build.FINGERPRINT)
    return JSONObject()
        .put("name", Build.MODEL)
        .put("model", fullModel(Build.MANUFACTURER, Build.MODEL))
        .put("os", "Android ${Build.VERSION.RELEASE} (API ${Build.VERSION.SDK_INT})")
        .put("architecture", System.getProperty("os.arch") ?: Build.SUPPORTED_ABIS.first())
        .put("cores", maxOf(Runtime.getRuntime().availableProcessors(), 1))
        .put("memory_bytes", totalMemory(context))
        .put("emulated", emulation != null)
        .put("emulation", emulation ?: JSONObject.NULL)
}

/** How it shows that the device is an emulator, or `null`. */
internal fun findEmulation(hardware: String, fingerprint: String): String? = when {
    hardware.lowercase() in EMULATORS -> "an Android emulator, hardware $hardware"
    fingerprint.startsWith("generic") || "/sdk_" in fingerprint -> "an Android emulator, fingerprint $fingerprint"
    fingerprint == "robolectric" -> "Robolectric on a JVM"
    else -> null
}

internal fun fullModel(maker: String, model: String): String =
    if (model.startsWith(maker, ignoreCase = true)) model else "$maker $model".trim()

private fun totalMemory(context: Context): Long {
    val memory = ActivityManager.MemoryInfo()
    context.getSystemService(ActivityManager::class.java).getMemoryInfo(memory)
    return memory.totalMem
}

/** The highest current frequency of the processors, MHz; `null` where the system does not tell. */
fun readFrequency(root: File = File("/sys/devices/system/cpu")): Double? = root.listFiles().orEmpty()
    .filter { it.name.matches(Regex("cpu\\d+")) }
    .mapNotNull { readFirstLine(it.resolve("cpufreq/scaling_cur_freq"))?.toDoubleOrNull() }
    .maxOrNull()
    ?.div(1000)

private fun readFirstLine(file: File): String? = try {
    file.bufferedReader().use { it.readLine()?.trim() }
} catch (_: IOException) {
    null
}
