package dev.edgekit.core

/** The sum of so many values of 8 bits fits 16 bits. */
private const val MOST_IN_16_BITS = 257

/**
 * Means of blocks of pixels, a row of blocks at a time: steps 2 and 4 of the definition in
 * edgekit/preprocess/__init__.py. Keeps its memory for pictures of the same size.
 */
internal class Reduce(private val plan: ResizePlan, private val color: Color) {
    /** Blocks of a row; the last one may have fewer pixels. */
    val count: Int = -(-plan.boxWidth).floorDiv(plan.factorX)

    private val pixels = IntArray(plan.boxWidth)

    // Sums of columns: red and blue in the two halves of one number; of a grayscale model only the second.
    private val redBlue = IntArray(plan.boxWidth)
    private val green = IntArray(plan.boxWidth)

    // Sums of blocks.
    private val sums = IntArray(count * color.channels)

    /**
     * @param row of blocks.
     * @param means gets the channels of [count] blocks side by side, 0..255.
     */
    fun read(picture: Picture, row: Int, means: IntArray) {
        val rows = minOf(plan.factorY, plan.boxHeight - row * plan.factorY)
        val top = plan.top + row * plan.factorY
        if (plan.factorX == 1 && rows == 1) {
            readLine(picture, top)
            unpack(means)
            return
        }
        sums.fill(0)
        for (first in top until top + rows step MOST_IN_16_BITS) {
            redBlue.fill(0)
            green.fill(0)
            for (y in first until minOf(first + MOST_IN_16_BITS, top + rows)) {
                readLine(picture, y)
                if (color == Color.RGB) addColors() else addLuma()
            }
            if (color == Color.RGB) sumColors() else sumLuma()
        }
        divide(rows, means)
    }

    private fun readLine(picture: Picture, y: Int) {
        picture.read(plan.left, y, plan.boxWidth, 1, pixels)
        toColor(pixels, plan.boxWidth, color)
    }

    private fun unpack(means: IntArray) {
        if (color == Color.GRAYSCALE) {
            pixels.copyInto(means, 0, 0, count)
            return
        }
        var out = 0
        for (x in 0 until count) {
            val pixel = pixels[x]
            means[out] = pixel shr 16 and 255
            means[out + 1] = pixel shr 8 and 255
            means[out + 2] = pixel and 255
            out += 3
        }
    }

    // Down before across: what is done for every pixel is one addition of whole arrays, which compilers do in vectors.
    private fun addColors() {
        val pixels = pixels
        val redBlue = redBlue
        val green = green
        for (x in pixels.indices) {
            redBlue[x] += pixels[x] and 0xff00ff
            green[x] += pixels[x] ushr 8 and 255
        }
    }

    private fun addLuma() {
        val pixels = pixels
        val green = green
        for (x in pixels.indices) green[x] += pixels[x]
    }

    private fun sumColors() {
        val redBlue = redBlue
        val green = green
        var x = 0
        for (out in 0 until count * 3 step 3) {
            val end = minOf(x + plan.factorX, plan.boxWidth)
            var red = 0
            var middle = 0
            var blue = 0
            while (x < end) {
                red += redBlue[x] ushr 16
                middle += green[x]
                blue += redBlue[x] and 0xffff
                x++
            }
            sums[out] += red
            sums[out + 1] += middle
            sums[out + 2] += blue
        }
    }

    private fun sumLuma() {
        var x = 0
        for (block in 0 until count) {
            val end = minOf(x + plan.factorX, plan.boxWidth)
            while (x < end) sums[block] += green[x++]
        }
    }

    private fun divide(rows: Int, means: IntArray) {
        val channels = color.channels
        val last = plan.boxWidth - (count - 1) * plan.factorX
        val whole = (count - 1) * channels
        divide(plan.factorX * rows, 0, whole, means)
        divide(last * rows, whole, count * channels, means)
    }

    /** `((sum + n / 2) * (2^24 / n)) >>> 24`; the product fits 32 bits without a sign. */
    private fun divide(pixelsOfBlock: Int, begin: Int, end: Int, means: IntArray) {
        val half = pixelsOfBlock / 2
        val scale = (1 shl 24) / pixelsOfBlock
        for (place in begin until end) means[place] = (sums[place] + half) * scale ushr 24
    }
}
