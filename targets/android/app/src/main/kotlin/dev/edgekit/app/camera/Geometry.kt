package dev.edgekit.app.camera

import android.graphics.Matrix
import android.util.Size

/** Frames of more pixels cost time, and no model sees more than these. */
private const val MOST_PIXELS = 1280 * 960

/** The largest of a camera's sizes that is not wastefully large, or the smallest. */
internal fun chooseSize(sizes: List<Size>): Size? {
    val ordered = sizes.sortedBy { it.width.toLong() * it.height }
    return ordered.lastOrNull { it.width.toLong() * it.height <= MOST_PIXELS } ?: ordered.firstOrNull()
}

/**
 * What makes a frame stand upright, degrees clockwise.
 *
 * @param sensor how the camera's sensor is built in, degrees clockwise (`SENSOR_ORIENTATION`).
 * @param display how the screen is turned against its natural orientation, degrees counter-clockwise
 *   (`Display.getRotation` in degrees).
 * @param isFront whether it looks at the person.
 */
internal fun frameRotation(sensor: Int, display: Int, isFront: Boolean): Int =
    Math.floorMod(if (isFront) sensor + display else sensor - display, 360)

/**
 * How a `TextureView` shows a camera's picture upright, filling the view, cut at two sides.
 *
 * The view stretches the picture to itself as it stands in the screen's natural orientation; that is undone here.
 *
 * @param view the view's size, pixels.
 * @param frame the camera's, as the sensor has it.
 */
internal fun fillView(view: Size, frame: Size, sensor: Int, display: Int): Matrix {
    val standing = sensor % 180 != 0
    val width = (if (standing) frame.height else frame.width).toFloat()
    val height = (if (standing) frame.width else frame.height).toFloat()
    val turned = display % 180 != 0
    val scale = maxOf(view.width / if (turned) height else width, view.height / if (turned) width else height)
    val matrix = Matrix()
    val (x, y) = view.width / 2f to view.height / 2f
    matrix.setScale(width * scale / view.width, height * scale / view.height, x, y)
    matrix.postRotate(-display.toFloat(), x, y)
    return matrix
}
