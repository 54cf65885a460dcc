package dev.edgekit.app

import android.app.Activity
import android.os.Build
import android.os.Bundle
import android.util.Log
import android.view.WindowManager
import android.widget.TextView
import dev.edgekit.EdgeKitException
import dev.edgekit.app.bench.Benchmark
import dev.edgekit.app.bench.Watch
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
    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.O_MR1) {
            setShowWhenLocked(true)
            setTurnScreenOn(true)
        }
        setContentView(R.layout.activity_headless)
        findViewById<TextView>(R.id.line).text = getString(R.string.headless_runs)
        // After a change of the configuration the run that began goes on.
        if (state == null) start(intent.getStringExtra("request"))
    }

    override fun onResume() {
        super.onResume()
        Foreground.isIn = true
    }

    override fun onPause() {
        Foreground.leave()
        super.onPause()
    }

    private fun start(request: String?) {
        val app = app
        Foreground.enter()
        RUNNER.execute {
            val benchmark = Benchmark(app, app.storage, app.opener, Foreground)
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

    /** Whether a person sees the measurement: Android slows down what is in the background. */
    private object Foreground : Watch {
        @Volatile
        var isIn = false

        @Volatile
        private var left = false

        fun enter() {
            isIn = true
        }

        fun leave() {
            isIn = false
            left = true
        }

        override fun begin(model: String) {
            left = !isIn
        }

        override fun disturbances(): List<String> =
            if (left) listOf("The app was not in front while it measured. Leave it in front.") else emptyList()
    }
}
