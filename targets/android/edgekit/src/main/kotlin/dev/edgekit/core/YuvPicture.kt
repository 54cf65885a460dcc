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
    private var pixels = IntArray(0)

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
        // Whole pairs of pixels that share their colour; the first and the last may lie half outside.
        val shift = this.left + left and 1
        val first = this.left + left shr 1
        makeRoom(shift + width + 1 shr 1)
        for (line in 0 until height) {
            val row = this.top + top + line
            readBrightness(2 * first, row, shift + width)
            readColors(first, row shr 1)
            convert()
            pixels.copyInto(into, line * width, shift, shift + width)
        }
    }

    private fun makeRoom(colors: Int) {
        if (colors == reds.size) return
        ys = ByteArray(2 * colors * y.pixelStride)
        us = ByteArray(colors * u.pixelStride)
        vs = ByteArray(colors * v.pixelStride)
        pixels = IntArray(2 * colors)
        reds = IntArray(colors)
        greens = IntArray(colors)
        blues = IntArray(colors)
        colorRow = -1
    }

    private fun readBrightness(first: Int, row: Int, count: Int) {
        y.read(first, row, count, ys)
        // Of Android's cameras it is 1.
        if (y.pixelStride > 1) for (x in 0 until count) ys[x] = ys[x * y.pixelStride]
    }

    private fun readColors(first: Int, row: Int) {
        if (row == colorRow && first == firstColor) return
        u.read(first, row, reds.size, us)
        v.read(first, row, reds.size, vs)
        for (color in reds.indices) {
            val blue = (us[color * u.pixelStride].toInt() and 255) - 128
            val red = (vs[color * v.pixelStride].toInt() and 255) - 128
            reds[color] = BELOW + (91881 * red + 32768 shr 16)
            greens[color] = BELOW + (-22554 * blue - 46802 * red + 32768 shr 16)
            blues[color] = BELOW + (116130 * blue + 32768 shr 16)
        }
        colorRow = row
        firstColor = first
    }

    private fun convert() {
        val ys = ys
        val pixels = pixels
        val reds = reds
        val greens = greens
        val blues = blues
        val cutRed = CUT_RED
        val cutGreen = CUT_GREEN
        val cutBlue = CUT_BLUE
        for (color in reds.indices) {
            val red = reds[color]
            val green = greens[color]
            val blue = blues[color]
            val one = ys[2 * color].toInt() and 255
            val other = ys[2 * color + 1].toInt() and 255
            pixels[2 * color] = cutRed[one + red] or cutGreen[one + green] or cutBlue[one + blue]
            pixels[2 * color + 1] = cutRed[other + red] or cutGreen[other + green] or cutBlue[other + blue]
        }
    }
}

/** What is added to a colour so that none is negative; the formula gives -227 to 481. */
private const val BELOW = 256

// Values beyond 0..255 cut to it, at their place in a pixel: tables, since branches cost more than all the arithmetic.
private val CUT_BLUE = IntArray(1024) { (it - BELOW).coerceIn(0, 255) }
private val CUT_GREEN = IntArray(1024) { CUT_BLUE[it] shl 8 }
private val CUT_RED = IntArray(1024) { CUT_BLUE[it] shl 16 or OPAQUE }
