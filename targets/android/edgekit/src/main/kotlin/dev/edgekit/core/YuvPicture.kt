package dev.edgekit.core

import java.nio.ByteBuffer

/**
 * One plane of a frame.
 *
 * @property data from its position on.
 * @property rowStride bytes from one row to the next.
 * @property pixelStride bytes from one value to the next; 2 where the two colour planes lie in one another.
 */
public class YuvPlane(data: ByteBuffer, public val rowStride: Int, public val pixelStride: Int) {
    internal val data: ByteBuffer = data.slice()

    /** Copies the bytes that hold `count` values of a row; whatever is between them comes along. */
    internal fun read(first: Int, row: Int, count: Int, into: ByteArray) {
        data.moveTo(row * rowStride + first * pixelStride)
        // The last value of a frame has no padding behind it.
        data.get(into, 0, (count - 1) * pixelStride + 1)
    }
}

/**
 * A camera's frame in `YUV_420_888`: brightness of each pixel, two colour values for each 2 x 2 of them.
 *
 * The formula is that of JFIF 1.02 (ITU-R BT.601, all values 0..255), the data space of Android's cameras, in the
 * integers of libjpeg's jdcolor.c, so that a pixel becomes what it would be in a decoded JPEG:
 *
 * ```
 * R = Y + ((91881 V' + 32768) >> 16)                U' = U - 128, V' = V - 128
 * G = Y + ((-22554 U' - 46802 V' + 32768) >> 16)
 * B = Y + ((116130 U' + 32768) >> 16)               each cut to 0..255
 * ```
 *
 * The four pixels that share colour values get the same ones: the resize that follows averages them anyway.
 *
 * @param left of the part of the frame that is the picture, pixels; and so on.
 */
public class YuvPicture(
    override val width: Int,
    override val height: Int,
    private val y: YuvPlane,
    private val u: YuvPlane,
    private val v: YuvPlane,
    private val left: Int = 0,
    private val top: Int = 0,
) : Picture {
    private var ys = ByteArray(0)
    private var us = ByteArray(0)
    private var vs = ByteArray(0)

    init {
        checkSize(width, height)
    }

    override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) {
        val first = this.left + left
        val firstColor = first shr 1
        val colors = ((first + width - 1) shr 1) - firstColor + 1
        if (ys.size < width * y.pixelStride) ys = ByteArray(width * y.pixelStride)
        if (us.size < colors * u.pixelStride) us = ByteArray(colors * u.pixelStride)
        if (vs.size < colors * v.pixelStride) vs = ByteArray(colors * v.pixelStride)
        var colorRow = -1
        for (line in 0 until height) {
            val row = this.top + top + line
            y.read(first, row, width, ys)
            if (row shr 1 != colorRow) {
                colorRow = row shr 1
                u.read(firstColor, colorRow, colors, us)
                v.read(firstColor, colorRow, colors, vs)
            }
            convert(first and 1, width, into, line * width)
        }
    }

    /** @param shift 1 where the row begins with the right one of two pixels that share their colour. */
    private fun convert(shift: Int, width: Int, into: IntArray, place: Int) {
        val ys = ys
        val us = us
        val vs = vs
        val cut = CUT
        val yStep = y.pixelStride
        val uStep = u.pixelStride
        val vStep = v.pixelStride
        var x = -shift
        var color = 0
        while (x < width) {
            val blue = (us[color * uStep].toInt() and 255) - 128
            val red = (vs[color * vStep].toInt() and 255) - 128
            val r = BELOW + (91881 * red + 32768 shr 16)
            val g = BELOW + (-22554 * blue - 46802 * red + 32768 shr 16)
            val b = BELOW + (116130 * blue + 32768 shr 16)
            for (pixel in maxOf(x, 0) until minOf(x + 2, width)) {
                val brightness = ys[pixel * yStep].toInt() and 255
                into[place + pixel] = OPAQUE or
                    (cut[brightness + r].toInt() and 255 shl 16) or
                    (cut[brightness + g].toInt() and 255 shl 8) or
                    (cut[brightness + b].toInt() and 255)
            }
            color++
            x += 2
        }
    }
}

/** What is added to a colour so that none is negative; the formula gives -227 to 481. */
private const val BELOW = 256

/** Values beyond 0..255 cut to it: a table, since branches cost more than all the arithmetic. */
private val CUT = ByteArray(1024) { (it - BELOW).coerceIn(0, 255).toByte() }
