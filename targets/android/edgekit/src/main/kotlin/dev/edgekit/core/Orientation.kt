package dev.edgekit.core

import dev.edgekit.EdgeKitException

/** Pixels of a turned picture that are made at once, in rows; more would not fit a phone's cache. */
private const val STRIP = 128

/**
 * How stored pixels have to be turned to stand upright: EXIF's eight cases (CIPA DC-008, tag 0x0112).
 *
 * @property exif 1..8.
 */
public enum class Orientation(
    public val exif: Int,
    internal val transposed: Boolean,
    internal val mirrored: Boolean,
    internal val flipped: Boolean,
) {
    // What is done, in this order: rows become columns, left and right change places, top and bottom do.
    UPRIGHT(1, false, false, false),
    MIRRORED(2, false, true, false),
    TURNED_180(3, false, true, true),
    FLIPPED(4, false, false, true),
    TRANSPOSED(5, true, false, false),
    TURNED_90(6, true, true, false),
    TRANSVERSE(7, true, true, true),
    TURNED_270(8, true, false, true),
    ;

    public companion object {
        /** As EXIF has it; what is none of 1..8 stands for upright, as it does elsewhere. */
        @JvmStatic
        public fun ofExif(number: Int): Orientation = entries.find { it.exif == number } ?: UPRIGHT

        /**
         * @param degrees clockwise, as of a camera's sensor: a multiple of 90.
         * @throws EdgeKitException it is none.
         */
        @JvmStatic
        public fun ofRotation(degrees: Int): Orientation = when (Math.floorMod(degrees, 360)) {
            0 -> UPRIGHT
            90 -> TURNED_90
            180 -> TURNED_180
            270 -> TURNED_270
            else -> throw EdgeKitException("A rotation is 0, 90, 180 or 270 degrees. Got: $degrees.")
        }
    }
}

/** The picture as it stands upright. Nothing is copied before it is read. */
public fun turn(picture: Picture, orientation: Orientation): Picture = Turning().turn(picture, orientation)

/** Turns pictures in the same memory, one after the other: only the last of them can be read. */
internal class Turning {
    // Upright rows, and the part of the stored picture that they come from.
    var strip = IntArray(0)
        private set
    var part = IntArray(0)
        private set

    fun turn(picture: Picture, orientation: Orientation): Picture =
        if (orientation == Orientation.UPRIGHT) picture else TurnedPicture(picture, orientation, this)

    fun makeRoom(size: Int) {
        if (strip.size >= size) return
        strip = IntArray(size)
        part = IntArray(size)
    }
}

private class TurnedPicture(
    private val stored: Picture,
    private val orientation: Orientation,
    private val memory: Turning,
) : Picture {
    override val width: Int = if (orientation.transposed) stored.height else stored.width
    override val height: Int = if (orientation.transposed) stored.width else stored.height

    // The strip of upright rows that was made last.
    private var stripLeft = 0
    private var stripTop = 0
    private var stripWidth = 0
    private var stripHeight = 0

    override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) {
        for (y in 0 until height) {
            val made = left == stripLeft && width == stripWidth && top + y in stripTop until stripTop + stripHeight
            if (!made) makeStrip(left, top + y, width)
            val from = (top + y - stripTop) * width
            memory.strip.copyInto(into, y * width, from, from + width)
        }
    }

    private fun makeStrip(left: Int, top: Int, width: Int) {
        val rows = minOf(STRIP, height - top)
        memory.makeRoom(width * minOf(STRIP, height))
        val part = memory.part
        // Where the strip lies in the upright picture before it was mirrored and flipped.
        val x = if (orientation.mirrored) this.width - left - width else left
        val y = if (orientation.flipped) this.height - top - rows else top
        if (orientation.transposed) stored.read(y, x, rows, width, part) else stored.read(x, y, width, rows, part)
        for (row in 0 until rows) {
            val source = if (orientation.flipped) rows - 1 - row else row
            copyRow(source, row * width, width, rows)
        }
        stripLeft = left
        stripTop = top
        stripWidth = width
        stripHeight = rows
    }

    private fun copyRow(source: Int, out: Int, width: Int, rows: Int) {
        val step = if (orientation.transposed) rows else 1
        val (strip, part) = memory.strip to memory.part
        var at = if (orientation.transposed) source else source * width
        if (orientation.mirrored) {
            for (x in width - 1 downTo 0) {
                strip[out + x] = part[at]
                at += step
            }
        } else {
            for (x in 0 until width) {
                strip[out + x] = part[at]
                at += step
            }
        }
    }
}
