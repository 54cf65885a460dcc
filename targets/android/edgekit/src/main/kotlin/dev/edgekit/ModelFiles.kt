package dev.edgekit

import android.content.Context
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.FileInputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.channels.FileChannel

/**
 * An asset in memory: mapped where it is stored as it is, copied where it was compressed.
 *
 * @throws EdgeKitException there is none, or it cannot be read.
 */
internal fun mapAsset(context: Context, name: String): ByteBuffer = try {
    try {
        context.assets.openFd(name).use { asset ->
            FileInputStream(asset.fileDescriptor).use {
                it.channel.map(FileChannel.MapMode.READ_ONLY, asset.startOffset, asset.declaredLength)
            }
        }
    } catch (_: IOException) {
        // A compressed asset has no place in a file.
        toDirect(
            context.assets.open(name).use { stream ->
                ByteArrayOutputStream().also { stream.copyTo(it) }.toByteArray()
            },
        )
    }
} catch (error: IOException) {
    throw EdgeKitException(
        "There is no asset $name that can be read (${error.message}). Put it into src/main/assets.",
        error,
    )
}

/** @throws EdgeKitException there is none, or it cannot be read. */
internal fun mapFile(file: File): ByteBuffer = try {
    FileInputStream(file).use { it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.channel.size()) }
} catch (error: IOException) {
    throw EdgeKitException("${file.path} cannot be read (${error.message}). Check the path.", error)
}

/** What an interpreter takes: direct memory in the machine's byte order, from the buffer's position to its limit. */
internal fun asDirect(model: ByteBuffer): ByteBuffer {
    if (model.isDirect) return model.slice().order(ByteOrder.nativeOrder())
    val copy = ByteBuffer.allocateDirect(model.remaining()).order(ByteOrder.nativeOrder())
    copy.put(model.duplicate())
    copy.rewind()
    return copy
}

private fun toDirect(bytes: ByteArray): ByteBuffer = asDirect(ByteBuffer.wrap(bytes))
