package dev.edgekit.app.main

import android.graphics.Insets
import android.view.View
import android.view.WindowInsets
import dev.edgekit.app.MainActivity
import dev.edgekit.app.R
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

/** The main screen in windows of many forms. */
@RunWith(RobolectricTestRunner::class)
class WindowTest {
    private val activity by lazy { Robolectric.buildActivity(MainActivity::class.java).setup().get() }

    /** What the system's bars add to a view's padding: left, top, right, bottom. */
    private fun added(id: Int): List<Int> {
        val view = activity.findViewById<View>(id)
        val padding = { listOf(view.paddingLeft, view.paddingTop, view.paddingRight, view.paddingBottom) }
        val before = padding()
        val bars = WindowInsets.Builder().setInsets(WindowInsets.Type.systemBars(), Insets.of(1, 2, 3, 4)).build()
        view.dispatchApplyWindowInsets(bars)
        return padding().zip(before) { now, then -> now - then }
    }

    @Test
    @Config(qualifiers = "w411dp-h891dp-port")
    fun belowTheCamera() {
        assertEquals(listOf(1, 0, 3, 4), added(R.id.panel))
        assertEquals(listOf(1, 2, 3, 0), added(R.id.notice))
    }

    @Test
    @Config(qualifiers = "w891dp-h411dp-land")
    fun besideTheCamera() {
        assertEquals(listOf(0, 2, 3, 4), added(R.id.panel))
    }

    @Test
    @Config(qualifiers = "ar-ldrtl-w891dp-h411dp-land")
    fun fromRightToLeftItIsOnTheLeft() {
        assertEquals(listOf(1, 2, 0, 4), added(R.id.panel))
    }

    /** Half of a phone's screen. */
    @Test
    @Config(qualifiers = "w411dp-h420dp-port")
    fun theCameraKeepsAPlace() {
        val preview = activity.findViewById<View>(R.id.preview)
        assertTrue("${preview.height}", preview.height >= preview.rootView.height / 3)
    }
}
