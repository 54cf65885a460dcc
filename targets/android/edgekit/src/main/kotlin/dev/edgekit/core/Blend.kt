package dev.edgekit.core

private const val HALF = 1 shl (PRECISION_BITS - 1)

// Step 5 of the definition in edgekit/preprocess/__init__.py. Weights are not negative and sum up to about 2^22, so
// that every sum fits 31 bits.

/**
 * One row to its new width.
 *
 * @param row values 0..255, the channels of a pixel side by side.
 * @param out axis.size * channels values.
 */
internal fun resizeRow(row: IntArray, channels: Int, axis: Triangle, out: IntArray) {
    val (first, weights) = axis.first to axis.weights
    val taps = axis.taps
    var weight = 0
    if (channels == 1) {
        for (i in 0 until axis.size) {
            var sum = HALF
            for (place in first[i] until first[i] + taps) sum += row[place] * weights[weight++]
            out[i] = sum shr PRECISION_BITS
        }
        return
    }
    var place: Int
    for (i in 0 until axis.size) {
        var red = HALF
        var green = HALF
        var blue = HALF
        place = first[i] * 3
        for (tap in 0 until taps) {
            val share = weights[weight++]
            red += row[place] * share
            green += row[place + 1] * share
            blue += row[place + 2] * share
            place += 3
        }
        out[i * 3] = red shr PRECISION_BITS
        out[i * 3 + 1] = green shr PRECISION_BITS
        out[i * 3 + 2] = blue shr PRECISION_BITS
    }
}

/**
 * Rows to one of bytes.
 *
 * @param rows as many as there are taps.
 * @param count values of a row.
 * @param weight place of the first row's weight in `weights`.
 * @param place where the result begins in `out`.
 */
internal fun blendRows(rows: Array<IntArray>, count: Int, weights: IntArray, weight: Int, out: ByteArray, place: Int) {
    val a = rows[0]
    val wa = weights[weight]
    // The usual numbers of rows are written out.
    when (rows.size) {
        1 -> for (i in 0 until count) out[place + i] = (HALF + a[i] * wa shr PRECISION_BITS).toByte()

        2 -> {
            val (b, wb) = rows[1] to weights[weight + 1]
            for (i in 0 until count) out[place + i] = (HALF + a[i] * wa + b[i] * wb shr PRECISION_BITS).toByte()
        }

        3 -> {
            val (b, wb) = rows[1] to weights[weight + 1]
            val (c, wc) = rows[2] to weights[weight + 2]
            for (i in 0 until count) {
                out[place + i] = (HALF + a[i] * wa + b[i] * wb + c[i] * wc shr PRECISION_BITS).toByte()
            }
        }

        else -> for (i in 0 until count) {
            var sum = HALF
            for (k in rows.indices) sum += rows[k][i] * weights[weight + k]
            out[place + i] = (sum shr PRECISION_BITS).toByte()
        }
    }
}
