@file:JvmName("ModelFiles")

package dev.edgekit

import android.content.Context
import dev.edgekit.core.moveTo
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
 * @param name below `src/main/assets`.
 * @throws EdgeKitException there is none, or it cannot be read.
 */
public fun mapAsset(context: Context, name: String): ByteBuffer = try {
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

/**
 * A file in memory, mapped.
 *
 * @throws EdgeKitException there is none, or it cannot be read.
 */
public fun mapFile(file: File): ByteBuffer = try {
    FileInputStream(file).use {
        val size = it.channel.size()
        if (size > Int.MAX_VALUE) throw IOException("it has more than 2 GB")
        it.channel.map(FileChannel.MapMode.READ_ONLY, 0, size)
    }
} catch (error: IOException) {
    throw EdgeKitException("${file.path} cannot be read (${error.message}). Check the path.", error)
}

/** What an interpreter takes: direct memory in the machine's byte order, from the buffer's position to its limit. */
internal fun asDirect(model: ByteBuffer): ByteBuffer {
    if (model.isDirect) return model.slice().order(ByteOrder.nativeOrder())
    val copy = ByteBuffer.allocateDirect(model.remaining()).order(ByteOrder.nativeOrder())
    copy.put(model.duplicate())
    copy.moveTo(0)
    return copy
}

private fun toDirect(bytes: ByteArray): ByteBuffer = asDirect(ByteBuffer.wrap(bytes))
