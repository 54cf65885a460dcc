package dev.edgekit.app.measure

import android.os.Handler
import android.os.Looper
import dev.edgekit.EdgeKitException
import dev.edgekit.app.BenchmarkActivity
import dev.edgekit.app.EdgeKitApp
import dev.edgekit.app.bench.Attention
import dev.edgekit.app.bench.Benchmark
import dev.edgekit.app.bench.LATEST
import dev.edgekit.app.bench.Settings
import dev.edgekit.app.bench.makeReport
import dev.edgekit.app.bench.writeReport
import org.json.JSONObject

/**
 * Measures all models of the app, one after the other, and keeps what came of it while the activity is made anew, as
 * after a rotation. To be used in the main thread.
 */
class Measuring(private val app: EdgeKitApp, val settings: Settings) {
    /** Told by the activity. */
    val attention: Attention = Attention()

    /** Is called in the main thread after each change. */
    var onChange: (() -> Unit)? = null

    /** As in the JSON, in order. */
    val results: List<JSONObject> get() = found
    private val found = ArrayList<JSONObject>()

    /** What is measured now. */
    var current: String? = null
        private set

    /** Why the results could not be written. */
    var problem: String? = null
        private set

    var isDone: Boolean = false
        private set

    private val main = Handler(Looper.getMainLooper())

    /** Begins. */
    fun start() {
        val models = app.storage.models()
        BenchmarkActivity.RUNNER.execute {
            val benchmark = Benchmark(app, app.storage, app.opener, attention)
            val all = ArrayList<JSONObject>()
            for (model in models) {
                if (attention.isCancelled) break
                change { current = model.toString() }
                val result = benchmark.measure(model, settings)
                all += result
                change { found += result }
            }
            val error = try {
                if (!attention.isCancelled) writeReport(app.storage, makeReport(LATEST, all))
                null
            } catch (error: EdgeKitException) {
                error.message
            }
            change {
                current = null
                problem = error
                isDone = true
            }
        }
    }

    private fun change(what: () -> Unit) {
        main.post {
            what()
            onChange?.invoke()
        }
    }
}
