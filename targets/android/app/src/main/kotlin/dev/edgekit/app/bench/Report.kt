package dev.edgekit.app.bench

import dev.edgekit.Delegate
import dev.edgekit.EdgeKitException
import dev.edgekit.app.Storage
import dev.edgekit.core.LatencyProtocol
import org.json.JSONArray
import org.json.JSONObject
import java.io.File

/** The name of the result that was asked for on the phone itself. */
const val LATEST = "latest"

/** A whole result. */
fun makeReport(id: String, results: List<JSONObject>, error: String? = null): JSONObject = JSONObject()
    .put("schema", SCHEMA)
    .put("id", id)
    .put("results", JSONArray(results))
    .put("error", error ?: JSONObject.NULL)

/** @throws EdgeKitException it cannot be written. */
fun writeReport(storage: Storage, report: JSONObject): File =
    storage.writeResult("${report.getString("id")}.json") { it.writeText(report.toString()) }

/**
 * Does what a request asks for, and writes the answer.
 *
 * @param file the request's name in the app's folder; `null` for all models by the usual protocol.
 * @param benchmark measures.
 * @return the answer; what went wrong is in it.
 */
fun answerRequest(storage: Storage, file: String?, benchmark: Benchmark): JSONObject {
    val report = try {
        if (file == null) measureAll(storage, benchmark) else measureAsked(storage, file, benchmark)
    } catch (error: EdgeKitException) {
        makeReport(file?.let(::idOfFile) ?: LATEST, emptyList(), error.message)
    }
    writeReport(storage, report)
    return report
}

private fun measureAll(storage: Storage, benchmark: Benchmark): JSONObject {
    val settings = Settings(LatencyProtocol(), Delegate.CPU)
    val models = storage.models()
    val lack = if (models.isEmpty()) "The app has no models. Copy one to ${storage.folder.path}." else null
    return makeReport(LATEST, models.map { benchmark.measure(it, settings) }, lack)
}

private fun measureAsked(storage: Storage, file: String, benchmark: Benchmark): JSONObject {
    val request = readRequest(storage.readText(file))
    val settings = Settings(request.protocol, request.delegate, request.threads)
    val results = request.models.mapIndexed { place, name ->
        try {
            val photos = request.photos?.let { it to "${request.id}.$place.answers.bin" }
            benchmark.measure(storage.pushedModel(name), settings, photos)
        } catch (error: EdgeKitException) {
            JSONObject().put("artifact", name).put("error", error.message)
        }
    }
    return makeReport(request.id, results)
}
