package dev.edgekit.app.main

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.util.AttributeSet
import android.view.View
import dev.edgekit.app.R

/** What is less than this is 0 % in words, and no bar. */
private const val LEAST = 0.005f

/** A share of a whole, as a bar. What it shows stands beside it in words. */
class BarView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    private val track = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = context.getColor(R.color.track) }
    private val fill = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = context.getColor(R.color.accent) }

    /** 0..1. */
    var share: Float = 0f
        set(value) {
            field = value.coerceIn(0f, 1f)
            invalidate()
        }

    init {
        importantForAccessibility = IMPORTANT_FOR_ACCESSIBILITY_NO
    }

    override fun onDraw(canvas: Canvas) {
        super.onDraw(canvas)
        val (wide, high) = width.toFloat() to height.toFloat()
        val round = high / 2
        canvas.drawRoundRect(0f, 0f, wide, high, round, round, track)
        val length = wide * share
        if (share < LEAST) return
        // A short bar is round, too.
        val filled = maxOf(length, high)
        if (layoutDirection == LAYOUT_DIRECTION_RTL) {
            canvas.drawRoundRect(wide - filled, 0f, wide, high, round, round, fill)
        } else {
            canvas.drawRoundRect(0f, 0f, filled, high, round, round, fill)
        }
    }
}
