package dev.edgekit.core

/**
 * The one way from a picture to a model's pixels: steps 2 to 5 of the definition in edgekit/preprocess/__init__.py.
 * All of it is integer arithmetic but for the filter's weights, so that every phone makes the bytes that Python makes.
 *
 * Keeps tables and memory for pictures of the last size. Not safe for two threads at a time.
 */
public class Preparation(private val image: ImageFormat) {
    private var tables: Tables? = null

    /**
     * @param out gets height * width * channels bytes of the model's pixels, row by row: [ImageFormat.size] of them.
     * @throws dev.edgekit.EdgeKitException no pixels, or too many.
     */
    public fun prepare(picture: Picture, out: ByteArray) {
        checkSize(picture.width, picture.height)
        require(out.size == image.size) { "The pixels are ${image.size} bytes. Got: ${out.size}." }
        val tables =
            tables?.takeIf { it.fits(picture) } ?: Tables(picture.width, picture.height, image).also { tables = it }
        val plan = tables.plan
        if (plan.width != image.width || plan.height != image.height) out.fill(image.fill.toByte())
        resize(picture, tables, out)
    }

    /** Row by row, so that what is worked on stays in the cache. */
    private fun resize(picture: Picture, tables: Tables, out: ByteArray) {
        val channels = image.color.channels
        val (plan, down) = tables.plan to tables.down
        val count = plan.width * channels
        var done = 0
        for (y in 0 until plan.height) {
            val first = down.first[y]
            while (done < first + down.taps) tables.readRow(picture, done, channels, tables.ring[done++ % down.taps])
            for (k in 0 until down.taps) tables.rows[k] = tables.ring[(first + k) % down.taps]
            val place = ((plan.offsetY + y) * image.width + plan.offsetX) * channels
            blendRows(tables.rows, count, down.weights, y * down.taps, out, place)
        }
    }
}

/** What depends on a picture's size only. */
private class Tables(private val width: Int, private val height: Int, image: ImageFormat) {
    val plan: ResizePlan = planResize(width, height, image)
    private val reduce = Reduce(plan, image.color)
    private val across = Triangle(reduce.count, plan.width)
    val down: Triangle = Triangle(-(-plan.boxHeight).floorDiv(plan.factorY), plan.height)
    private val means = IntArray(reduce.count * image.color.channels)

    /** The last rows that were resized, as many as are blended. */
    val ring: Array<IntArray> = Array(down.taps) { IntArray(plan.width * image.color.channels) }
    val rows: Array<IntArray> = ring.copyOf()

    fun fits(picture: Picture): Boolean = picture.width == width && picture.height == height

    fun readRow(picture: Picture, row: Int, channels: Int, out: IntArray) {
        if (reduce.count == plan.width) {
            reduce.read(picture, row, out)
        } else {
            reduce.read(picture, row, means)
            resizeRow(means, channels, across, out)
        }
    }
}
