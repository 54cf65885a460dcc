package dev.edgekit.app.bench

import android.content.Context
import dev.edgekit.Delegate
import dev.edgekit.EdgeKitException
import dev.edgekit.Graph
import dev.edgekit.Options
import dev.edgekit.RuntimeInfo
import dev.edgekit.RuntimeOpener
import dev.edgekit.app.Storage
import dev.edgekit.app.StoredModel
import dev.edgekit.core.LatencyProtocol
import org.json.JSONArray
import org.json.JSONObject
import java.nio.ByteBuffer
import java.security.MessageDigest
import java.util.concurrent.CancellationException

/**
 * How models are measured.
 *
 * @property threads of the processor; `null` for the library's choice.
 */
data class Settings(val protocol: LatencyProtocol, val delegate: Delegate, val threads: Int? = null)

/** What looks at a run from outside, at any time, from its own thread. */
interface Watch {
    /** Whether nobody waits for it any more. */
    val isCancelled: Boolean get() = false

    /** Sentences on what disturbed the runs since [begin]. */
    fun disturbances(): List<String> = emptyList()

    /** A model's measurement begins. */
    fun begin(model: String) = Unit
}

/** Measures models one after the other, in the thread that calls it. */
class Benchmark(
    private val context: Context,
    private val storage: Storage,
    private val opener: RuntimeOpener,
    private val watch: Watch,
    private val memory: ProcessMemory = ProcessMemory(),
) {
    /**
     * One model's result, ready for the JSON; where it cannot be measured, `error` has a sentence.
     *
     * @param photos to answer, and the name of the file for the answers.
     */
    fun measure(model: StoredModel, settings: Settings, photos: Pair<Photos, String>? = null): JSONObject = try {
        watch.begin(model.name)
        measureSafely(model, settings, photos)
    } catch (error: EdgeKitException) {
        failed(model, error.message.orEmpty())
    } catch (_: CancellationException) {
        failed(model, "It was stopped.")
    } catch (_: OutOfMemoryError) {
        failed(
            model,
            "${model.name} takes more memory than the phone gives. Close other apps, or take a smaller model.",
        )
    }

    private fun failed(model: StoredModel, reason: String): JSONObject =
        JSONObject().put("artifact", model.name).put("error", reason)

    private fun measureSafely(model: StoredModel, settings: Settings, photos: Pair<Photos, String>?): JSONObject {
        val bytes = model.read()
        val digest = sha256(bytes)
        // What another model took before is none of this one's: where it is not forgotten, only more than it counts.
        val earlierPeak = if (memory.forgetPeak()) 0 else memory.peak()
        val base = memory.resident()
        val before = readPhoneState(context)
        val begin = System.nanoTime()
        open(bytes, model.name, settings).use { graph ->
            val loaded = System.nanoTime()
            graph.run()
            val first = System.nanoTime()
            var clock: Double? = null
            val durations = graph.measure(settings.protocol, { clock = readFrequency() }, ::checkCancelled)
            val clockAfter = readFrequency()
            val after = readPhoneState(context)
            val peak = memory.peak()?.takeIf { it > (earlierPeak ?: 0) }
            return JSONObject()
                .put("artifact", model.name)
                .put("digest", digest)
                .put("size_bytes", bytes.remaining())
                .put("device", describePhone(context))
                .put("engine", describeEngine(graph.info))
                .put("protocol", settings.protocol.toJson())
                .put("load_ms", (loaded - begin) / 1e6)
                .put("first_call_ms", (first - loaded) / 1e6)
                .put("durations_ns", JSONArray(durations.toList()))
                .put("peak_memory_bytes", peak ?: JSONObject.NULL)
                .put("base_memory_bytes", base ?: JSONObject.NULL)
                .put("conditions", describe(before, after, clock, clockAfter))
                .put("doubts", JSONArray(findDoubts(before, after) + watch.disturbances()))
                .put("error", JSONObject.NULL)
                .put("answers", photos?.let { (asked, file) -> answer(graph, asked, file) } ?: JSONObject.NULL)
        }
    }

    /** A delegate that was asked for and does not run is an error: its row would show the processor's times. */
    private fun open(bytes: ByteBuffer, name: String, settings: Settings): Graph {
        val default = Options(delegate = settings.delegate, opener = opener)
        val graph = Graph.open(bytes, default.copy(threads = settings.threads ?: default.threads), name)
        val asked = settings.delegate == Delegate.GPU || settings.delegate == Delegate.NNAPI
        if (asked && !graph.info.kernels.contains("delegate")) {
            graph.close()
            throw EdgeKitException(
                "$name does not run with the ${settings.delegate} delegate: ${graph.info.notes.joinToString(" ")}",
            )
        }
        return graph
    }

    private fun checkCancelled() {
        if (watch.isCancelled) throw CancellationException()
    }

    private fun answer(graph: Graph, photos: Photos, name: String): String {
        writeAnswers(storage, graph, photos, name, ::checkCancelled)
        return name
    }
}

private fun describeEngine(info: RuntimeInfo): JSONObject = JSONObject()
    .put("name", info.name)
    .put("version", info.version)
    .put("kernels", info.kernels)
    .put("threads", info.threads)
    .put("notes", JSONArray(info.notes))

private fun describe(before: PhoneState, after: PhoneState, clock: Double?, clockAfter: Double?): JSONObject =
    JSONObject()
        .put("thermal_status_before", before.thermalStatus ?: JSONObject.NULL)
        .put("thermal_status_after", after.thermalStatus ?: JSONObject.NULL)
        .put("battery_level", after.batteryLevel ?: JSONObject.NULL)
        .put("charging", after.charging ?: JSONObject.NULL)
        .put("power_save", after.powerSave ?: JSONObject.NULL)
        .put("frequency_before", clock ?: JSONObject.NULL)
        .put("frequency_after", clockAfter ?: JSONObject.NULL)

private fun sha256(bytes: ByteBuffer): String {
    val digest = MessageDigest.getInstance("SHA-256").apply { update(bytes.duplicate()) }.digest()
    return digest.joinToString("") { "%02x".format(it) }
}
