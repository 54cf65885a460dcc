package dev.edgekit.core

import java.nio.BufferUnderflowException
import java.nio.ByteBuffer
import java.nio.ByteOrder

private const val ORIENTATION_TAG = 0x0112
private const val UNSIGNED_SHORT = 3
private val EXIF_MARK = "Exif\u0000\u0000".toByteArray(Charsets.ISO_8859_1)

/**
 * The orientation that a JPEG, PNG or WebP file says it has; upright where it says nothing, or is damaged there.
 *
 * Android's own `ExifInterface` knows PNG and WebP since Android 11 only.
 *
 * @param file its bytes, from 0 to the limit.
 */
public fun readOrientation(file: ByteBuffer): Orientation = try {
    val data = file.whole()
    val block = when {
        data.limit() < 12 -> null

        data.getShort(0).toInt() and 0xffff == 0xffd8 -> findInJpeg(data)

        data.getInt(0) == 0x89504e47.toInt() -> findChunk(data, 8, "eXIf", ByteOrder.BIG_ENDIAN, 4)

        data.getInt(0) == fourLetters("RIFF") && data.getInt(8) == fourLetters("WEBP") ->
            findChunk(data, 12, "EXIF", ByteOrder.LITTLE_ENDIAN, 0)

        else -> null
    }
    Orientation.ofExif(block?.let(::readTag) ?: 1)
} catch (_: IndexOutOfBoundsException) {
    Orientation.UPRIGHT
} catch (_: IllegalArgumentException) {
    Orientation.UPRIGHT
} catch (_: BufferUnderflowException) {
    Orientation.UPRIGHT
}

/** The TIFF structure in APP1, which stands before the picture's data. */
private fun findInJpeg(data: ByteBuffer): ByteBuffer? {
    var at = 2
    while (at + 4 <= data.limit()) {
        if (data.get(at).toInt() and 255 != 0xff) return null
        val marker = data.get(at + 1).toInt() and 255
        if (marker == 0xff) {
            at++ // padding
            continue
        }
        if (marker == 0xda || marker == 0xd9) return null
        val size = data.getShort(at + 2).toInt() and 0xffff
        val isExif =
            marker == 0xe1 && size >= 2 + EXIF_MARK.size &&
                EXIF_MARK.indices.all { data.get(at + 4 + it) == EXIF_MARK[it] }
        if (isExif) return part(data, at + 4 + EXIF_MARK.size, size - 2 - EXIF_MARK.size)
        at += 2 + size
    }
    return null
}

/**
 * A PNG's or WebP's chunks: PNG has the size before the name and four bytes of a checksum behind, WebP the name first
 * and an even number of bytes.
 */
private fun findChunk(data: ByteBuffer, first: Int, name: String, order: ByteOrder, trailer: Int): ByteBuffer? {
    val isPng = trailer > 0
    var at = first.toLong()
    while (at + 8 <= data.limit()) {
        val size = data.duplicate().order(order).getInt(at.toInt() + if (isPng) 0 else 4).toLong() and 0xffffffffL
        val found = data.getInt(at.toInt() + if (isPng) 4 else 0)
        if (found == fourLetters(name)) {
            val begin = at.toInt() + 8
            // Some writers of WebP put JPEG's mark before it.
            val marked = size > EXIF_MARK.size && EXIF_MARK.indices.all { data.get(begin + it) == EXIF_MARK[it] }
            val skipped = if (marked) EXIF_MARK.size else 0
            return part(data, begin + skipped, size.toInt() - skipped)
        }
        at += 8 + size + trailer + if (isPng) 0 else size and 1
    }
    return null
}

/** The tag's value in the first directory of a TIFF structure. */
private fun readTag(tiff: ByteBuffer): Int? {
    when (tiff.getShort(0).toInt()) {
        0x4949 -> tiff.order(ByteOrder.LITTLE_ENDIAN)
        0x4d4d -> tiff.order(ByteOrder.BIG_ENDIAN)
        else -> return null
    }
    if (tiff.getShort(2).toInt() != 42) return null
    val directory = tiff.getInt(4)
    for (entry in 0 until (tiff.getShort(directory).toInt() and 0xffff)) {
        val at = directory + 2 + entry * 12
        if (tiff.getShort(at).toInt() and 0xffff != ORIENTATION_TAG) continue
        val isShort = tiff.getShort(at + 2).toInt() == UNSIGNED_SHORT
        return if (isShort) tiff.getShort(at + 8).toInt() else tiff.getInt(at + 8)
    }
    return null
}

/** What there is of it. */
private fun part(data: ByteBuffer, begin: Int, size: Int): ByteBuffer =
    data.part(begin, minOf(size, data.limit() - begin))

private fun fourLetters(text: String): Int = text.fold(0) { code, letter -> (code shl 8) or letter.code }
