package dev.edgekit.app

import android.app.Activity
import android.os.Build
import android.os.Bundle
import android.util.Log
import android.view.WindowManager
import android.widget.TextView
import dev.edgekit.EdgeKitException
import dev.edgekit.app.bench.Attention
import dev.edgekit.app.bench.Benchmark
import dev.edgekit.app.bench.answerRequest
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors

/**
 * Measures without a person: `adb shell am start -n ID/dev.edgekit.app.BenchmarkActivity --es request FILE`.
 *
 * The request is a file in the app's folder on the shared storage, `Android/data/ID/files/edgekit`; the answer is
 * written to `results/ID_OF_THE_REQUEST.json` there, under a temporary name until it is whole. Without a request all
 * models are measured, into `results/latest.json`.
 *
 * Any app can start it. It reads and writes files of that folder only, which no other app can read, and nothing else
 * comes of it than that the phone is busy for a while.
 */
class BenchmarkActivity : Activity() {
    private val attention = Attention()
    private var started = false

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.O_MR1) {
            setShowWhenLocked(true)
            setTurnScreenOn(true)
        }
        setContentView(R.layout.activity_headless)
        findViewById<TextView>(R.id.line).text = getString(R.string.headless_runs)
        started = state?.getBoolean("started") ?: false
    }

    override fun onResume() {
        super.onResume()
        attention.resume()
        // Only from here on a person sees it; a process that comes back to life does not begin again.
        if (!started) start(intent.getStringExtra("request"))
        started = true
    }

    override fun onPause() {
        attention.pause()
        super.onPause()
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putBoolean("started", started)
    }

    private fun start(request: String?) {
        val (app, watch) = app to attention
        RUNNER.execute {
            val benchmark = Benchmark(app, app.storage, app.opener, watch)
            val line = try {
                val error = answerRequest(app.storage, request, benchmark).opt("error") as? String
                error ?: getString(R.string.headless_done)
            } catch (error: EdgeKitException) {
                error.message.orEmpty()
            }
            Log.i("EdgeKit", "${request ?: "all models"}: $line")
            runOnUiThread {
                findViewById<TextView>(R.id.line).text = line
                finish()
            }
        }
    }

    internal companion object {
        /** One run at a time in the whole process: a second one would slow down the first. */
        internal val RUNNER: ExecutorService = Executors.newSingleThreadExecutor { Thread(it, "benchmark") }
    }
}
