package dev.edgekit

import android.annotation.TargetApi
import android.graphics.Bitmap
import android.graphics.ImageFormat
import android.media.Image
import android.os.Build
import dev.edgekit.core.Picture
import dev.edgekit.core.YuvPicture
import dev.edgekit.core.YuvPlane

/** The pixels of a bitmap, read as they are needed. */
internal class BitmapPicture(private val bitmap: Bitmap) : Picture {
    override val width: Int = bitmap.width
    override val height: Int = bitmap.height

    override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) {
        bitmap.getPixels(into, 0, width, left, top, width, height)
    }
}

/** @throws EdgeKitException it has been recycled, or its pixels cannot be copied. */
internal fun pictureOf(bitmap: Bitmap): Picture {
    if (bitmap.isRecycled) throw EdgeKitException("The bitmap is recycled. Classify it first.")
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.O || !isHardware(bitmap)) return BitmapPicture(bitmap)
    val copy = bitmap.copy(Bitmap.Config.ARGB_8888, false)
        ?: throw EdgeKitException(
            "The bitmap's pixels cannot be copied out of the graphics processor. Decode it as ARGB_8888.",
        )
    return BitmapPicture(copy)
}

/** Whether its pixels lie in the graphics processor's memory. */
@TargetApi(Build.VERSION_CODES.O)
private fun isHardware(bitmap: Bitmap): Boolean = bitmap.config == Bitmap.Config.HARDWARE

/**
 * A camera's frame.
 *
 * @throws EdgeKitException it is not in `YUV_420_888`, or already closed.
 */
internal fun pictureOf(image: Image): Picture = try {
    if (image.format != ImageFormat.YUV_420_888) {
        throw EdgeKitException(
            "The frame has the format ${image.format}; only YUV_420_888 (${ImageFormat.YUV_420_888}) is read. " +
                "Set up the ImageReader with that.",
        )
    }
    val (y, u, v) = image.planes.map { YuvPlane(it.buffer, it.rowStride, it.pixelStride) }
    val crop = image.cropRect
    YuvPicture(crop.width(), crop.height(), y, u, v, crop.left, crop.top)
} catch (error: IllegalStateException) {
    throw EdgeKitException("The frame is closed. Classify it before Image.close().", error)
}
