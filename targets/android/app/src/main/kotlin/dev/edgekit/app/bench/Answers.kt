package dev.edgekit.app.bench

import dev.edgekit.EdgeKitException
import dev.edgekit.Graph
import dev.edgekit.app.Storage
import java.io.DataInputStream
import java.io.EOFException
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * What a model answers to photos: the graph's real values as 32-bit floats, little-endian, one photo after the other.
 *
 * @param name of the result's file.
 * @param onPhoto called before each photo; what it throws ends it.
 * @throws EdgeKitException the photos are not there, or not such as the model takes.
 */
internal fun writeAnswers(storage: Storage, graph: Graph, photos: Photos, name: String, onPhoto: () -> Unit) {
    val file = storage.file(photos.file)
    val wanted = photos.size.toLong() * photos.count
    if (file.length() != wanted) {
        throw EdgeKitException("${photos.file} has ${file.length()} bytes, and the photos have $wanted. Send it again.")
    }
    checkShape(graph, photos)
    val pixels = ByteArray(photos.size)
    storage.writeResult(name) { part ->
        DataInputStream(file.inputStream().buffered()).use { source ->
            part.outputStream().buffered().use { target ->
                repeat(photos.count) {
                    onPhoto()
                    try {
                        source.readFully(pixels)
                    } catch (error: EOFException) {
                        throw EdgeKitException("${photos.file} ends too early. Send it again.", error)
                    }
                    val answer = graph.answer(pixels)
                    val row = ByteBuffer.allocate(answer.size * Float.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN)
                    row.asFloatBuffer().put(answer)
                    target.write(row.array())
                }
            }
        }
    }
}

private fun checkShape(graph: Graph, photos: Photos) {
    val shape = graph.file.inputs.firstOrNull()?.shape?.drop(1).orEmpty()
    val fits =
        shape.size == photos.shape.size && shape.zip(photos.shape).all { (size, other) -> size in setOf(-1, other) }
    if (!fits) {
        throw EdgeKitException("The model takes photos of $shape, and these are of ${photos.shape}. Prepare them anew.")
    }
}
