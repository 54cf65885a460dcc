package dev.edgekit.testing

import android.graphics.ImageFormat
import android.graphics.Rect
import android.media.Image
import java.nio.ByteBuffer

/**
 * A frame as a camera hands it over: colour planes that lie in one another, rows with padding.
 *
 * @param yuv height * width pixels of brightness and two colour values, of which those of each first of 2 x 2 count.
 */
class Frame(
    private val width: Int,
    private val height: Int,
    yuv: ByteArray,
    private val format: Int = ImageFormat.YUV_420_888,
) : Image() {
    private val stride = width + 12
    private val brightness = ByteBuffer.allocateDirect(stride * height)
    private val colors = ByteBuffer.allocateDirect(stride * height / 2)

    init {
        for (y in 0 until height) for (x in 0 until width) brightness.put(y * stride + x, yuv[(y * width + x) * 3])
        for (y in 0 until height step 2) {
            for (x in 0 until width step 2) {
                for (channel in 0..1) colors.put(y / 2 * stride + x + channel, yuv[(y * width + x) * 3 + 1 + channel])
            }
        }
    }

    override fun getFormat(): Int = format
    override fun getWidth(): Int = width
    override fun getHeight(): Int = height
    override fun getTimestamp(): Long = 0
    override fun getTransform(): Int = 0
    override fun getScalingMode(): Int = 0
    override fun getCropRect(): Rect = Rect(0, 0, width, height)
    override fun close() = Unit
    override fun getPlanes(): Array<Plane> = arrayOf(
        FramePlane(brightness, stride, 1),
        FramePlane(colors, stride, 2),
        FramePlane(colors.duplicate().apply { position(1) }.slice(), stride, 2),
    )
}

private class FramePlane(private val data: ByteBuffer, private val row: Int, private val pixel: Int) : Image.Plane() {
    override fun getRowStride(): Int = row
    override fun getPixelStride(): Int = pixel
    override fun getBuffer(): ByteBuffer = data
}
