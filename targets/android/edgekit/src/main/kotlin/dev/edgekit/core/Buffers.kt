package dev.edgekit.core

import java.nio.Buffer
import java.nio.ByteBuffer

// By Buffer's own methods: those that ByteBuffer has of the same names, Android 7 does not know.

/** Sets the position. */
internal fun Buffer.moveTo(place: Int) {
    position(place)
}

/**
 * A view of `size` bytes from `begin` on, whatever the position is.
 *
 * @throws IllegalArgumentException they leave the buffer.
 */
internal fun ByteBuffer.part(begin: Int, size: Int): ByteBuffer = duplicate().also { view: Buffer ->
    view.position(0)
    view.limit(begin + size)
    view.position(begin)
}.slice()

/** A view of all bytes up to the limit, whatever the position is. */
internal fun ByteBuffer.whole(): ByteBuffer = part(0, limit())
