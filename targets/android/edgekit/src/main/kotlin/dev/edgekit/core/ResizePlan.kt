package dev.edgekit.core

/**
 * What a picture of one size goes through, in whole numbers: steps 3 and 4 of the definition in
 * edgekit/preprocess/__init__.py.
 *
 * @property left of the part that is used; [top], [boxWidth] and [boxHeight] likewise.
 * @property factorX pixels from left to right that are averaged first; [factorY] from top to bottom.
 * @property width that the part becomes, and [height].
 * @property offsetX of the result in the target, and [offsetY]; 0 but for letterbox.
 */
internal data class ResizePlan(
    val left: Int,
    val top: Int,
    val boxWidth: Int,
    val boxHeight: Int,
    val factorX: Int,
    val factorY: Int,
    val width: Int,
    val height: Int,
    val offsetX: Int,
    val offsetY: Int,
)

/** The geometry for a picture of `width` x `height` pixels. */
internal fun planResize(width: Int, height: Int, image: ImageFormat): ResizePlan {
    val wide = width.toLong() * image.height > height.toLong() * image.width
    var (boxWidth, boxHeight) = width to height
    var (outWidth, outHeight) = image.width to image.height
    when (image.resize) {
        ResizeMode.CROP ->
            if (wide) {
                boxWidth = share(height, image.width, image.height)
            } else {
                boxHeight = share(width, image.height, image.width)
            }

        ResizeMode.LETTERBOX ->
            if (wide) outHeight = share(height, image.width, width) else outWidth = share(width, image.height, height)

        ResizeMode.STRETCH -> Unit
    }
    return ResizePlan(
        left = (width - boxWidth) / 2,
        top = (height - boxHeight) / 2,
        boxWidth = boxWidth,
        boxHeight = boxHeight,
        factorX = maxOf(boxWidth / outWidth, 1),
        factorY = maxOf(boxHeight / outHeight, 1),
        width = outWidth,
        height = outHeight,
        offsetX = (image.width - outWidth) / 2,
        offsetY = (image.height - outHeight) / 2,
    )
}

/** Products may pass 32 bits. */
private fun share(size: Int, numerator: Int, denominator: Int): Int =
    maxOf(size.toLong() * numerator / denominator, 1L).toInt()
