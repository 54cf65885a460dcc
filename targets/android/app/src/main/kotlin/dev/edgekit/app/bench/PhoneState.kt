package dev.edgekit.app.bench

import android.annotation.TargetApi
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.BatteryManager
import android.os.Build
import android.os.PowerManager
import kotlin.math.roundToInt

private val THERMAL_NAMES = listOf("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")

/** The first thermal status at which Android throttles. */
private const val HELD_BACK_FROM = 1

/** Below, Android warns and makers lower clocks; as in edgekit/measure/phone.py. */
private const val LOW_BATTERY = 0.15

/**
 * How the phone is; `null` for what it does not tell.
 *
 * @property thermalStatus 0..6 as of `PowerManager.THERMAL_STATUS_*`; Android 10 and later.
 * @property batteryLevel 0..1.
 */
data class PhoneState(
    val thermalStatus: Int?,
    val batteryLevel: Double?,
    val charging: Boolean?,
    val powerSave: Boolean?,
)

/** Asks the system. */
fun readPhoneState(context: Context): PhoneState {
    val power = context.getSystemService(PowerManager::class.java)
    val battery = context.registerReceiver(null, IntentFilter(Intent.ACTION_BATTERY_CHANGED))
    val level = battery?.getIntExtra(BatteryManager.EXTRA_LEVEL, -1) ?: -1
    val scale = battery?.getIntExtra(BatteryManager.EXTRA_SCALE, -1) ?: -1
    val plugged = battery?.getIntExtra(BatteryManager.EXTRA_PLUGGED, -1) ?: -1
    return PhoneState(
        thermalStatus = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) readThermalStatus(power) else null,
        batteryLevel = if (level >= 0 && scale > 0) level.toDouble() / scale else null,
        charging = if (plugged >= 0) plugged != 0 else null,
        powerSave = power.isPowerSaveMode,
    )
}

@TargetApi(Build.VERSION_CODES.Q)
private fun readThermalStatus(power: PowerManager): Int = power.currentThermalStatus

/** Why times between two looks at the phone are not what it can do, a sentence each: as edgekit/measure/phone.py. */
fun findDoubts(before: PhoneState, after: PhoneState): List<String> = buildList {
    val worst = maxOf(before.thermalStatus ?: 0, after.thermalStatus ?: 0)
    if (worst >= HELD_BACK_FROM) {
        val name = THERMAL_NAMES[minOf(worst, THERMAL_NAMES.size - 1)]
        add(
            "The phone throttled (thermal status $worst, $name). Let it cool down, without its case and out of the " +
                "sun.",
        )
    }
    if (before.powerSave == true || after.powerSave == true) {
        add("Battery saver is on, which lowers the clock. Switch it off.")
    }
    val level = listOfNotNull(before.batteryLevel, after.batteryLevel).minOrNull()
    if (level != null && level < LOW_BATTERY && after.charging != true) {
        add("The battery is at ${(100 * level).roundToInt()} %, and does not charge. Charge it.")
    }
}
