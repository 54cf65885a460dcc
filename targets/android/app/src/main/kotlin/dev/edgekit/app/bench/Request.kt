package dev.edgekit.app.bench

import dev.edgekit.Delegate
import dev.edgekit.EdgeKitException
import dev.edgekit.app.isPlainName
import dev.edgekit.core.LatencyProtocol
import org.json.JSONException
import org.json.JSONObject

/** The version of what is asked and of what is answered. */
const val SCHEMA = 1

/**
 * Photos that a model shall answer.
 *
 * @property file in the app's folder: count * height * width * channels bytes, as the model wants its pixels.
 */
data class Photos(val file: String, val count: Int, val shape: List<Int>) {
    val size: Int get() = shape.fold(1, Int::times)
}

/**
 * What to measure.
 *
 * @property id the result's name.
 * @property models files in the app's folder.
 * @property threads of the processor; `null` for the library's choice.
 */
data class Request(
    val id: String,
    val models: List<String>,
    val protocol: LatencyProtocol = LatencyProtocol(),
    val delegate: Delegate = Delegate.CPU,
    val threads: Int? = null,
    val photos: Photos? = null,
)

/** `NAME.request.json` is answered as `NAME.json`, even where it cannot be read. */
fun idOfFile(name: String): String = name.removeSuffix(".json").removeSuffix(".request")

/** @throws EdgeKitException it is none that this app understands. */
fun readRequest(text: String): Request = try {
    val asked = JSONObject(text)
    if (asked.optInt("schema", 0) != SCHEMA) {
        throw EdgeKitException(
            "The request has the form ${asked.opt("schema")}, and this app understands $SCHEMA. Use the EdgeKit that " +
                "exported the app, or export and install the app anew.",
        )
    }
    val models = asked.getJSONArray("models")
    Request(
        id = asked.getString("id").also(::checkId),
        models = List(models.length(), models::getString),
        protocol = readProtocol(asked.getJSONObject("protocol")),
        delegate = readDelegate(asked.getString("delegate")),
        threads = if (asked.isNull("threads")) null else asked.getInt("threads").also(::checkThreads),
        photos = asked.optJSONObject("photos")?.let(::readPhotos),
    )
} catch (error: JSONException) {
    throw EdgeKitException("The request cannot be read (${error.message}). Ask again.", error)
}

private fun readProtocol(asked: JSONObject): LatencyProtocol = LatencyProtocol(
    warmupRuns = asked.getInt("warmup_runs"),
    warmupSeconds = asked.getDouble("warmup_seconds"),
    minRuns = asked.getInt("min_runs"),
    minSeconds = asked.getDouble("min_seconds"),
    maxSeconds = asked.getDouble("max_seconds"),
)

private fun readDelegate(name: String): Delegate = Delegate.entries.find { it.name.lowercase() == name }
    ?: throw EdgeKitException(
        "There is no delegate $name. Choose one of: ${Delegate.entries.joinToString { it.name.lowercase() }}.",
    )

private fun readPhotos(asked: JSONObject): Photos {
    val shape = asked.getJSONArray("shape")
    val photos = Photos(asked.getString("file"), asked.getInt("count"), List(shape.length(), shape::getInt))
    val product = photos.shape.fold(1L) { product, size -> if (size in 1..0xffff) product * size else 0 }
    if (photos.shape.size != 3 || photos.count < 1 || product !in 1..Int.MAX_VALUE) {
        throw EdgeKitException("The request speaks of ${photos.count} photos of ${photos.shape}. Ask again.")
    }
    return photos
}

private fun checkThreads(threads: Int) {
    if (threads !in 1..64) throw EdgeKitException("The request asks for $threads threads. Ask for 1 to 64.")
}

private fun checkId(id: String) {
    if (!isPlainName(id)) throw EdgeKitException("The request's id is no name of a file. Ask again.")
}
