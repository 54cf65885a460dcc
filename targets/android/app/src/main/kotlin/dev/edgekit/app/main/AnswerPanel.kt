package dev.edgekit.app.main

import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import dev.edgekit.Classification
import dev.edgekit.RuntimeInfo
import dev.edgekit.app.R
import dev.edgekit.core.Prediction
import java.text.NumberFormat
import java.util.Locale

/** What a model says: the answer first and large, then the others, then the time it took. */
class AnswerPanel(private val root: View) {
    private val name: TextView = root.findViewById(R.id.answer_name)
    private val percent: TextView = root.findViewById(R.id.answer_percent)
    private val bar: BarView = root.findViewById(R.id.answer_bar)
    private val others: ViewGroup = root.findViewById(R.id.others)
    private val times: TextView = root.findViewById(R.id.times)
    private val rows: List<View>
    private val locale: Locale = root.resources.configuration.locales[0]
    private val percents = NumberFormat.getPercentInstance(locale)
    private var info: RuntimeInfo? = null

    init {
        val inflater = LayoutInflater.from(root.context)
        // Their places are kept where an answer is missing for a moment: the screen does not jump.
        rows = List(SHOWN - 1) { inflater.inflate(R.layout.row_answer, others, false).also(others::addView) }
        rows.forEach { it.visibility = View.INVISIBLE }
    }

    /** Shows what runs the model, with the next answer. */
    fun show(info: RuntimeInfo) {
        this.info = info
    }

    /** Shows a sentence in the answer's place. */
    fun say(sentence: Int) {
        setName(root.context.getString(sentence))
        percent.text = ""
        bar.visibility = View.INVISIBLE
        rows.filter { it.visibility == View.VISIBLE }.forEach { it.visibility = View.INVISIBLE }
        times.text = ""
    }

    /** Shows an answer. */
    fun show(answer: Classification) {
        val best = answer.predictions.first()
        setName(displayed(best))
        percent.text = percents.format(best.probability)
        bar.visibility = View.VISIBLE
        bar.share = best.probability
        rows.forEachIndexed { place, row -> fill(row, answer.predictions.getOrNull(place + 1)) }
        times.text = describeTimes(answer)
    }

    private fun fill(row: View, prediction: Prediction?) {
        row.visibility = if (prediction == null) View.GONE else View.VISIBLE
        if (prediction == null) return
        row.findViewById<TextView>(R.id.name).text = displayed(prediction)
        row.findViewById<TextView>(R.id.percent).text = percents.format(prediction.probability)
        row.findViewById<BarView>(R.id.bar).share = prediction.probability
    }

    /** A reader of the screen says it when it changes, and not at each frame. */
    private fun setName(text: String) {
        if (name.text.toString() != text) name.text = text
    }

    private fun displayed(prediction: Prediction): String =
        if (prediction.isNone) root.context.getString(R.string.none_of_these) else prediction.name

    private fun describeTimes(answer: Classification): String {
        val (model, all) = listOf(answer.times.run, answer.times.total).map { String.format(locale, "%.1f", it / 1e6) }
        return root.context.getString(R.string.times, model, all, info?.kernels.orEmpty())
    }
}
