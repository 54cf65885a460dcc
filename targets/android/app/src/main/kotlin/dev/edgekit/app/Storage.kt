package dev.edgekit.app

import android.content.Context
import dev.edgekit.EdgeKitException
import dev.edgekit.mapAsset
import dev.edgekit.mapFile
import java.io.File
import java.io.IOException
import java.nio.ByteBuffer

private const val SUFFIX = ".tflite"

private const val MAX_NAME = 128

/** Whether it is a name of a file, never a path: requests come from outside of the app. */
internal fun isPlainName(name: String): Boolean =
    name.length in 1..MAX_NAME && name.first() != '.' && name.none { it == '/' || it == '\\' || it < ' ' }

/** A model that the app has. */
class StoredModel(val name: String, private val load: () -> ByteBuffer) {
    /** @throws EdgeKitException it cannot be read. */
    fun read(): ByteBuffer = load()

    override fun toString(): String = name.removeSuffix(SUFFIX)
}

/**
 * The app's models and results. Models lie in its assets, and in `Android/data/ID/files/edgekit` of the shared storage,
 * where adb may put more; results lie in `results` below.
 */
class Storage(private val context: Context) {
    /** @throws EdgeKitException there is no shared storage. */
    val folder: File
        get() = context.getExternalFilesDir(null)?.resolve("edgekit")
            ?: throw EdgeKitException("The shared storage is not there. Unlock the phone, and start the app again.")

    val results: File get() = folder.resolve("results")

    /** Makes the folders; where that is not possible yet, the first use says so. */
    fun prepare() {
        try {
            results.mkdirs()
        } catch (_: EdgeKitException) {
            return
        }
    }

    /** All models: those of the app first, each by its name. */
    fun models(): List<StoredModel> {
        val own = context.assets.list("").orEmpty().filter { it.endsWith(SUFFIX) }.sorted()
        return own.map { StoredModel(it) { mapAsset(context, it) } } + pushed()
    }

    /** @throws EdgeKitException there is none of that name. */
    fun pushedModel(name: String): StoredModel = file(name).let { file -> StoredModel(name) { mapFile(file) } }

    /**
     * A file that was pushed.
     *
     * @throws EdgeKitException there is none of that name.
     */
    fun file(name: String): File {
        val file = folder.resolve(name)
        if (!isPlainName(name) || !file.isFile) {
            throw EdgeKitException("There is no file $name in the app's folder. Copy it to ${folder.path}.")
        }
        return file
    }

    /**
     * The text of a file that was pushed.
     *
     * @throws EdgeKitException there is none of that name, or it cannot be read.
     */
    fun readText(name: String): String = try {
        file(name).readText()
    } catch (error: IOException) {
        throw EdgeKitException("$name cannot be read (${error.message}). Send it again.", error)
    }

    /** Writes a result, so that a reader sees nothing or all of it. */
    fun writeResult(name: String, write: (File) -> Unit): File {
        val (part, whole) = results.resolve("$name.part") to results.resolve(name)
        try {
            results.mkdirs()
            write(part)
            if (!part.renameTo(whole)) throw IOException("it cannot be renamed")
        } catch (error: IOException) {
            throw EdgeKitException("${whole.path} cannot be written (${error.message}). Make room on the phone.", error)
        } finally {
            part.delete()
        }
        return whole
    }

    private fun pushed(): List<StoredModel> = try {
        val names = folder.list().orEmpty().filter { it.endsWith(SUFFIX) && isPlainName(it) }
        names.sorted().map(::pushedModel)
    } catch (_: EdgeKitException) {
        emptyList()
    }
}
