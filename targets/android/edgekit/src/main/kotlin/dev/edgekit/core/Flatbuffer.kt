package dev.edgekit.core

import dev.edgekit.EdgeKitException
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** The default of `flatbuffers::Verifier`. */
private const val MAX_TABLES = 1_000_000

/** Bytes: the offset that names it and the one to its vtable, which tables may share. */
private const val SMALLEST_TABLE = 8

/** How often a byte may be read as a part of a list, on average, and bytes more, for sharing in a tiny file. */
private const val SHARING = 2L
private const val SLACK = 65_536

/**
 * A small, bounds-checked reader of FlatBuffers, as edgekit/tflite/flatbuffer.py: one error for every offset that leads
 * nowhere, and limits on what is read, since offsets may point anywhere forward and a few bytes could name the same
 * list thousands of times.
 *
 * @param data from its start to its limit; its position and order are not looked at. What follows the FlatBuffer is
 *   ignored.
 * @param subject the beginning of an error's sentence, as in `x.tflite is not a sound TFLite model`.
 */
internal class Flatbuffer(data: ByteBuffer, private val subject: String) {
    private val data: ByteBuffer = data.whole().order(ByteOrder.LITTLE_ENDIAN)
    private var tablesLeft = minOf(MAX_TABLES, this.data.limit() / SMALLEST_TABLE)
    private var bytesLeft = SHARING * this.data.limit() + SLACK

    /** @throws EdgeKitException as every method of a [Table]: an offset leaves the data. */
    fun root(): Table = Table(uint32(0))

    /** One table. A field that the file does not hold has its default: 0, "", an empty list or `null`. */
    inner class Table internal constructor(private val position: Long) {
        private val vtable: Long
        private val vtableSize: Int

        init {
            if (--tablesLeft < 0) fail("it names more tables than it has room for")
            vtable = position - data.getInt(check(position, 4))
            vtableSize = uint16(vtable)
            check(vtable, vtableSize)
        }

        fun int8(field: Int): Int = place(field)?.let { data.get(check(it, 1)).toInt() } ?: 0

        fun uint32(field: Int): Long = place(field)?.let { uint32(it) } ?: 0

        /** Bytes that are not UTF-8 become U+FFFD: a broken name must not hide the rest of a model. */
        fun text(field: Int): String = Charsets.UTF_8.decode(bytes(field).also { spend(it.limit()) }).toString()

        /** The bytes of a vector of bytes, in the file's own memory. */
        fun bytes(field: Int): ByteBuffer {
            val (start, length) = vector(target(field) ?: return ByteBuffer.allocate(0), 1)
            return data.part(start.toInt(), length)
        }

        fun int32s(field: Int): List<Int> = list(field, 4) { data.getInt(it.toInt()) }

        fun int64s(field: Int): List<Long> = list(field, 8) { data.getLong(it.toInt()) }

        fun floats(field: Int): List<Float> = list(field, 4) { data.getFloat(it.toInt()) }

        fun table(field: Int): Table? = target(field)?.let { Table(it) }

        fun tables(field: Int): List<Table> = list(field, 4) { Table(it + uint32(it)) }

        private fun place(field: Int): Long? {
            val entry = 4 + 2 * field
            val offset = if (entry + 2 <= vtableSize) uint16(vtable + entry) else 0
            return if (offset == 0) null else position + offset
        }

        private fun target(field: Int): Long? = place(field)?.let { it + uint32(it) }

        private fun <T> list(field: Int, itemSize: Int, read: (Long) -> T): List<T> {
            val (start, length) = vector(target(field) ?: return emptyList(), itemSize)
            spend(length * itemSize)
            return List(length) { read(start + it.toLong() * itemSize) }
        }
    }

    private fun spend(bytes: Int) {
        bytesLeft -= bytes
        if (bytesLeft < 0) fail("its lists overlap")
    }

    private fun uint16(position: Long): Int = data.getShort(check(position, 2)).toInt() and 0xffff

    private fun uint32(position: Long): Long = data.getInt(check(position, 4)).toLong() and 0xffffffffL

    private fun vector(position: Long, itemSize: Int): Pair<Long, Int> {
        val length = uint32(position)
        if (position + 4 + length * itemSize > data.limit()) {
            fail("a list of $length items at offset $position does not fit; the file may be cut short")
        }
        return position + 4 to length.toInt()
    }

    private fun check(position: Long, size: Int): Int {
        if (position >= 0 && position + size <= data.limit()) return position.toInt()
        fail("offset $position lies outside of its ${data.limit()} bytes; the file may be cut short")
    }

    private fun fail(reason: String): Nothing =
        throw EdgeKitException("$subject ($reason). Download it or export it again.")
}
