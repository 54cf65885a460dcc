package dev.edgekit.app.camera

import android.util.Size
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

@RunWith(RobolectricTestRunner::class)
class GeometryTest {
    @Test
    fun framesAreLargeEnoughAndNoLarger() {
        val sizes = listOf(Size(4000, 3000), Size(640, 480), Size(1280, 720), Size(1920, 1080))
        assertEquals(Size(1280, 720), chooseSize(sizes))
        assertEquals(Size(1920, 1080), chooseSize(listOf(Size(4000, 3000), Size(1920, 1080))))
        assertNull(chooseSize(emptyList()))
    }

    /** The formula of Android's documentation of CameraCharacteristics.SENSOR_ORIENTATION. */
    @Test
    fun framesStandUpright() {
        assertEquals(90, frameRotation(90, 0, false))
        assertEquals(0, frameRotation(90, 90, false))
        assertEquals(180, frameRotation(90, 270, false))
        assertEquals(270, frameRotation(270, 0, true))
        assertEquals(0, frameRotation(270, 90, true))
    }

    /** Corners of the frame's middle, in each way to hold a phone: square stays square, and the view is filled. */
    @Test
    fun previewKeepsItsShape() {
        for (display in listOf(0, 90, 180, 270)) {
            val view = if (display % 180 == 0) Size(1080, 1500) else Size(1500, 1080)
            val matrix = fillView(view, Size(1280, 720), 90, display)
            // The view stretches 720 x 1280 upright pixels over itself.
            val (x, y) = view.width / 720f to view.height / 1280f
            val square = floatArrayOf(0f, 0f, 100 * x, 0f, 0f, 100 * y)
            matrix.mapVectors(square)
            val across = Math.hypot(square[2].toDouble(), square[3].toDouble())
            val down = Math.hypot(square[4].toDouble(), square[5].toDouble())
            assertEquals(across, down, 1e-3)
            val corners = floatArrayOf(0f, 0f, view.width.toFloat(), view.height.toFloat())
            matrix.mapPoints(corners)
            assertEquals(true, minOf(corners[0], corners[2]) <= 1e-3 && minOf(corners[1], corners[3]) <= 1e-3)
            assertEquals(true, maxOf(corners[0], corners[2]) >= view.width - 1e-2)
            assertEquals(true, maxOf(corners[1], corners[3]) >= view.height - 1e-2)
        }
    }
}
