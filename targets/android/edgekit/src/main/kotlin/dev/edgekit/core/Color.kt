package dev.edgekit.core

/**
 * Colour, step 2 of the definition in edgekit/preprocess/__init__.py, in place: transparency is laid over white, and
 * for a grayscale model the lowest byte of a pixel becomes its luma.
 *
 * @param pixels 0xAARRGGBB; alpha means nothing afterwards.
 */
internal fun toColor(pixels: IntArray, count: Int, color: Color) {
    if (!isOpaque(pixels, count)) layOverWhite(pixels, count)
    if (color == Color.GRAYSCALE) toLuma(pixels, count)
}

private fun isOpaque(pixels: IntArray, count: Int): Boolean {
    var all = -1
    for (place in 0 until count) all = all and pixels[place]
    return all ushr 24 == 255
}

private fun layOverWhite(pixels: IntArray, count: Int) {
    for (place in 0 until count) {
        val pixel = pixels[place]
        val alpha = pixel ushr 24
        val white = 255 * (255 - alpha) + 127
        val red = ((pixel shr 16 and 255) * alpha + white) / 255
        val green = ((pixel shr 8 and 255) * alpha + white) / 255
        val blue = ((pixel and 255) * alpha + white) / 255
        pixels[place] = (red shl 16) or (green shl 8) or blue
    }
}

private fun toLuma(pixels: IntArray, count: Int) {
    for (place in 0 until count) {
        val pixel = pixels[place]
        val sum = 19595 * (pixel shr 16 and 255) + 38470 * (pixel shr 8 and 255) + 7471 * (pixel and 255)
        pixels[place] = (sum + 32768) shr 16
    }
}
