package dev.edgekit.core

import dev.edgekit.EdgeKitException
import java.nio.ByteBuffer

/** As `MAX_PIXELS` of edgekit/preprocess/arrays.py: photos above are refused. */
internal const val MAX_PIXELS: Long = 178_956_970

/** Pixels on their way to a model, wherever they lie. Not safe for two threads at a time. */
public interface Picture {
    /** Pixels. */
    public val width: Int

    /** Pixels. */
    public val height: Int

    /**
     * Copies a part of the picture, which lies inside of it.
     *
     * @param into gets width * height pixels from its start on, row by row, each 0xAARRGGBB; alpha is not
     *   premultiplied.
     */
    public fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray)
}

/**
 * A picture of 8 bits a channel in memory, row by row, the channels of a pixel side by side.
 *
 * @param channels 1 (grey), 3 (RGB) or 4 (RGB and alpha, not premultiplied).
 * @param data from its position on; the position itself does not move.
 * @throws EdgeKitException the data are of another length.
 */
public class BytePicture(
    override val width: Int,
    override val height: Int,
    private val channels: Int,
    data: ByteBuffer,
) : Picture {
    private val data: ByteBuffer = data.slice()
    private var line = ByteArray(0)

    init {
        checkSize(width, height)
        if (channels != 1 && channels != 3 && channels != 4) {
            throw EdgeKitException("A picture has 1 (grey), 3 (RGB) or 4 (RGB and alpha) channels. Got: $channels.")
        }
        val size = width.toLong() * height * channels
        val found = this.data.limit()
        if (found.toLong() != size) {
            throw EdgeKitException(
                "A picture of ${width}x$height pixels with $channels channels has $size bytes. Got: $found.",
            )
        }
    }

    override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) {
        val count = width * channels
        if (line.size < count) line = ByteArray(count)
        for (y in 0 until height) {
            data.moveTo(((top + y) * this.width + left) * channels)
            data.get(line, 0, count)
            unpack(line, channels, width, into, y * width)
        }
    }
}

/** A picture as Android's bitmaps give it: a pixel is 0xAARRGGBB. */
internal class ArgbPicture(override val width: Int, override val height: Int, private val pixels: IntArray) : Picture {
    override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) {
        for (y in 0 until height) {
            pixels.copyInto(
                into,
                y * width,
                (top + y) * this.width + left,
                (top + y) * this.width + left + width,
            )
        }
    }
}

/** @throws EdgeKitException no pixels, or too many. */
internal fun checkSize(width: Int, height: Int) {
    if (width < 1 || height < 1) throw EdgeKitException("The picture has no pixels. Give another one.")
    if (width.toLong() * height > MAX_PIXELS) {
        throw EdgeKitException(
            "The picture has ${width}x$height pixels, above the limit of $MAX_PIXELS. Scale it down first.",
        )
    }
}

private fun unpack(line: ByteArray, channels: Int, count: Int, into: IntArray, place: Int) {
    var at = 0
    when (channels) {
        1 -> for (x in 0 until count) into[place + x] = (line[x].toInt() and 255) * 0x010101 or OPAQUE

        3 -> for (x in 0 until count) {
            into[place + x] = rgb(line, at) or OPAQUE
            at += 3
        }

        else -> for (x in 0 until count) {
            into[place + x] = rgb(line, at) or (line[at + 3].toInt() shl 24)
            at += 4
        }
    }
}

private fun rgb(line: ByteArray, at: Int): Int =
    (line[at].toInt() and 255 shl 16) or (line[at + 1].toInt() and 255 shl 8) or (line[at + 2].toInt() and 255)

internal const val OPAQUE: Int = 0xff shl 24
