package dev.edgekit.app.bench

import android.content.Context
import android.content.Intent
import android.os.BatteryManager
import android.os.PowerManager
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

@RunWith(RobolectricTestRunner::class)
class PhoneTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private val context: Context = RuntimeEnvironment.getApplication()

    @Test
    fun heatAndBatteryAreDoubted() {
        val power = shadowOf(context.getSystemService(PowerManager::class.java))
        power.setCurrentThermalStatus(PowerManager.THERMAL_STATUS_MODERATE)
        power.setIsPowerSaveMode(true)
        val battery = Intent(Intent.ACTION_BATTERY_CHANGED)
            .putExtra(BatteryManager.EXTRA_LEVEL, 9)
            .putExtra(BatteryManager.EXTRA_SCALE, 100)
            .putExtra(BatteryManager.EXTRA_PLUGGED, 0)
        @Suppress("DEPRECATION")
        context.sendStickyBroadcast(battery)
        val state = readPhoneState(context)
        assertEquals(PhoneState(2, 0.09, false, true), state)
        val doubts = findDoubts(state.copy(thermalStatus = 0), state)
        assertEquals(3, doubts.size)
        assertTrue("thermal status 2, moderate" in doubts[0])
        assertTrue("The battery is at 9 %" in doubts[2])
        assertEquals(
            emptyList<String>(),
            findDoubts(PhoneState(0, 0.8, false, false), PhoneState(0, 0.8, false, false)),
        )
        assertEquals(
            emptyList<String>(),
            findDoubts(PhoneState(null, null, null, null), PhoneState(0, 0.1, true, false)),
        )
    }

    @Test
    fun emulatorsAreKnown() {
        assertTrue("ranchu" in findEmulation("ranchu", "google/x")!!)
        assertTrue("fingerprint" in findEmulation("unknown", "google/sdk_gphone64/emu64a")!!)
        assertNull(findEmulation("tensor", "google/husky/husky:14"))
        assertEquals("Google Pixel 8", fullModel("Google", "Pixel 8"))
        assertEquals("OnePlus 12", fullModel("OnePlus", "OnePlus 12"))
    }

    @Test
    fun clockAndMemoryAreRead() {
        for ((core, clock) in listOf(0 to 1_800_000, 7 to 2_400_000)) {
            temporary.newFolder("cpu$core", "cpufreq").resolve("scaling_cur_freq").writeText("$clock\n")
        }
        assertEquals(2400.0, readFrequency(temporary.root)!!, 0.0)
        assertNull(readFrequency(temporary.newFolder("none")))
        val memory = ProcessMemory()
        assertTrue(memory.peak()!! >= memory.resident()!! / 2)
        assertNull(ProcessMemory(temporary.root).peak())
    }
}
