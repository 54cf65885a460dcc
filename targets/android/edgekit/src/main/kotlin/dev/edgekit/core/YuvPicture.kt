package dev.edgekit.core

import dev.edgekit.EdgeKitException
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

    /** @throws EdgeKitException it does not hold so many rows of so many values. */
    internal fun checkHolds(columns: Int, rows: Int) {
        // The last value of a frame has no padding behind it.
        val needed = (rows - 1).toLong() * rowStride + (columns - 1).toLong() * pixelStride + 1
        if (needed <= data.limit()) return
        throw EdgeKitException("A plane of the frame has ${data.limit()} bytes, and its pixels need $needed.")
    }

    /** Copies the bytes that hold `count` values of a row; whatever is between them comes along. */
    internal fun read(first: Int, row: Int, count: Int, into: ByteArray) {
        data.moveTo(row * rowStride + first * pixelStride)
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
 * Of one frame: a row of colours that was read is kept. Make another picture of the next one.
 *
 * @param left of the part of the frame that is the picture, pixels; and so on.
 * @throws EdgeKitException no pixels, or planes that do not hold them.
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

    // What is added to the brightness: of the last row of colours that was read.
    private var reds = IntArray(0)
    private var greens = IntArray(0)
    private var blues = IntArray(0)
    private var colorRow = -1
    private var firstColor = -1

    init {
        checkSize(width, height)
        y.checkHolds(left + width, top + height)
        for (plane in listOf(u, v)) plane.checkHolds((left + width + 1) shr 1, (top + height + 1) shr 1)
    }

    override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) {
        val first = this.left + left
        if (ys.size < width * y.pixelStride) ys = ByteArray(width * y.pixelStride)
        for (line in 0 until height) {
            val row = this.top + top + line
            y.read(first, row, width, ys)
            readColors(first shr 1, (first + width - 1) shr 1, row shr 1)
            convert(first and 1, width, into, line * width)
        }
    }

    private fun readColors(first: Int, last: Int, row: Int) {
        val count = last - first + 1
        if (row == colorRow && first == firstColor && count == reds.size) return
        if (count != reds.size) {
            us = ByteArray(count * u.pixelStride)
            vs = ByteArray(count * v.pixelStride)
            reds = IntArray(count)
            greens = IntArray(count)
            blues = IntArray(count)
        }
        u.read(first, row, count, us)
        v.read(first, row, count, vs)
        for (color in 0 until count) {
            val blue = (us[color * u.pixelStride].toInt() and 255) - 128
            val red = (vs[color * v.pixelStride].toInt() and 255) - 128
            reds[color] = BELOW + (91881 * red + 32768 shr 16)
            greens[color] = BELOW + (-22554 * blue - 46802 * red + 32768 shr 16)
            blues[color] = BELOW + (116130 * blue + 32768 shr 16)
        }
        colorRow = row
        firstColor = first
    }

    /** @param shift 1 where the row begins with the right one of two pixels that share their colour. */
    private fun convert(shift: Int, width: Int, into: IntArray, place: Int) {
        val ys = ys
        val reds = reds
        val greens = greens
        val blues = blues
        val cut = CUT
        val step = y.pixelStride
        for (x in 0 until width) {
            val color = (x + shift) shr 1
            val brightness = ys[x * step].toInt() and 255
            into[place + x] = OPAQUE or
                (cut[brightness + reds[color]].toInt() and 255 shl 16) or
                (cut[brightness + greens[color]].toInt() and 255 shl 8) or
                (cut[brightness + blues[color]].toInt() and 255)
        }
    }
}

/** What is added to a colour so that none is negative; the formula gives -227 to 481. */
private const val BELOW = 256

/** Values beyond 0..255 cut to it: a table, since branches cost more than all the arithmetic. */
private val CUT = ByteArray(1024) { (it - BELOW).coerceIn(0, 255).toByte() }
