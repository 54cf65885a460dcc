package dev.edgekit.app.main

import android.annotation.TargetApi
import android.app.Activity
import android.os.Build
import android.view.View
import android.view.WindowInsets

/**
 * Draws behind the system's bars, as Android 15 does in any case, and keeps what is read clear of them. Before Android
 * 11 the system does that itself.
 *
 * @param keepClear views with the sides at which they touch the screen's edge.
 */
@TargetApi(Build.VERSION_CODES.R)
internal fun Activity.drawEdgeToEdge(vararg keepClear: Pair<View, Sides>) {
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) return
    @Suppress("DEPRECATION") // From Android 15 on it is so in any case.
    window.setDecorFitsSystemWindows(false)
    for ((view, sides) in keepClear) {
        val padding = listOf(view.paddingLeft, view.paddingTop, view.paddingRight, view.paddingBottom)
        view.setOnApplyWindowInsetsListener { _, insets ->
            view.pad(padding, sides, insets)
            insets
        }
    }
}

@TargetApi(Build.VERSION_CODES.R)
private fun View.pad(padding: List<Int>, sides: Sides, insets: WindowInsets) {
    val bars = insets.getInsets(WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout())
    setPadding(
        padding[0] + if (sides.left) bars.left else 0,
        padding[1] + if (sides.top) bars.top else 0,
        padding[2] + if (sides.right) bars.right else 0,
        padding[3] + if (sides.bottom) bars.bottom else 0,
    )
}

/** Sides at which a view touches the screen's edge. */
internal class Sides(
    val left: Boolean = true,
    val top: Boolean = true,
    val right: Boolean = true,
    val bottom: Boolean = true,
)
