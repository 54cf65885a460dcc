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
 * models are measured, into `results/latest.json`. An empty request (`--es request ""`) makes the folders and measures
 * nothing: files that are pushed into a folder that the shell made cannot be read by the app on all phones.
 *
 * Other apps cannot start it: the permission that the manifest asks of a caller is adb's shell's.
 */
class BenchmarkActivity : Activity() {
    private val attention = Attention()
    private val request: String? by lazy { intent.getStringExtra("request") }
    private var started = false

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        // One that is made anew waits for nothing: what it ran has ended with its process, or ends without it.
        if (state != null || request == "") {
            app.storage.prepare()
            return finish()
        }
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.O_MR1) {
            setShowWhenLocked(true)
            setTurnScreenOn(true)
        }
        setContentView(R.layout.activity_headless)
        findViewById<TextView>(R.id.line).text = getString(R.string.headless_runs)
    }

    override fun onResume() {
        super.onResume()
        attention.resume()
        if (started || isFinishing) return
        // Only from here on a person sees it.
        started = true
        start(request)
    }

    override fun onPause() {
        attention.pause()
        super.onPause()
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
