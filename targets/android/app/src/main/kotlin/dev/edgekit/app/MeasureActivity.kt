package dev.edgekit.app

import android.app.Activity
import android.content.ClipData
import android.content.Intent
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.view.WindowManager
import android.widget.Button
import android.widget.Spinner
import android.widget.TextView
import dev.edgekit.Delegate
import dev.edgekit.app.bench.Settings
import dev.edgekit.app.main.Sides
import dev.edgekit.app.main.drawEdgeToEdge
import dev.edgekit.app.main.fill
import dev.edgekit.app.measure.Measuring
import dev.edgekit.app.measure.makeCard
import dev.edgekit.core.LatencyProtocol

/** Measures all models, and shares what came of it. */
class MeasureActivity : Activity() {
    private var measuring: Measuring? = null
    private var delegate = Delegate.CPU

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.activity_measure)
        drawEdgeToEdge(findViewById<View>(R.id.page) to Sides())
        delegate = Delegate.entries[state?.getInt("delegate") ?: Delegate.CPU.ordinal]
        val names = resources.getStringArray(R.array.delegates).toList()
        findViewById<Spinner>(R.id.delegate).fill(names, delegate.ordinal) { delegate = Delegate.entries[it] }
        findViewById<Button>(R.id.start).setOnClickListener { start() }
        findViewById<Button>(R.id.share).setOnClickListener { share() }
        measuring = lastNonConfigurationInstance as Measuring?
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putInt("delegate", delegate.ordinal)
    }

    override fun onRetainNonConfigurationInstance(): Any? = measuring

    override fun onResume() {
        super.onResume()
        measuring?.attention?.resume()
        measuring?.onChange = ::show
        show()
    }

    override fun onPause() {
        // Turning the phone is none of the disturbances that count: the measurement goes on beside it.
        if (!isChangingConfigurations) measuring?.attention?.pause()
        measuring?.onChange = null
        super.onPause()
    }

    override fun onDestroy() {
        if (!isChangingConfigurations) measuring?.attention?.cancel()
        super.onDestroy()
    }

    private fun start() {
        val begun = Measuring(app, Settings(LatencyProtocol(), delegate))
        begun.attention.resume()
        begun.onChange = ::show
        measuring = begun
        begun.start()
        show()
    }

    private fun show() {
        val measuring = measuring
        val isBusy = measuring != null && !measuring.isDone
        if (isBusy) {
            window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        } else {
            window.clearFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        }
        findViewById<View>(R.id.start).isEnabled = !isBusy
        findViewById<View>(R.id.delegate).isEnabled = !isBusy
        val hasResults = measuring?.isDone == true && measuring.results.isNotEmpty() && measuring.problem == null
        findViewById<View>(R.id.share).visibility = if (hasResults) View.VISIBLE else View.GONE
        findViewById<TextView>(R.id.state).text = when {
            measuring == null -> getString(R.string.measure_intro)
            measuring.current != null -> getString(R.string.measuring, measuring.current)
            measuring.problem != null -> measuring.problem
            !measuring.isDone -> getString(R.string.measuring_waits)
            measuring.results.isEmpty() -> getString(R.string.no_models)
            else -> getString(R.string.measured)
        }
        val list = findViewById<ViewGroup>(R.id.results)
        list.removeAllViews()
        measuring?.results.orEmpty().forEach { list.addView(makeCard(list, it, LatencyProtocol())) }
    }

    private fun share() {
        val address = ResultsProvider.address(this)
        val send = Intent(Intent.ACTION_SEND).setType("application/json")
        send.putExtra(Intent.EXTRA_STREAM, address)
        send.clipData = ClipData.newRawUri(null, address)
        send.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        startActivity(Intent.createChooser(send, getString(R.string.share)))
    }
}
