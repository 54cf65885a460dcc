package dev.edgekit.app.measure

import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import dev.edgekit.app.R
import dev.edgekit.app.bench.judge
import dev.edgekit.core.LatencyProtocol
import dev.edgekit.core.summarize
import org.json.JSONObject
import java.util.Locale

/** One model's result as a part of the screen: the median large, what belongs to it below, doubts last. */
internal fun makeCard(parent: ViewGroup, result: JSONObject, protocol: LatencyProtocol): View {
    val card = LayoutInflater.from(parent.context).inflate(R.layout.row_result, parent, false)
    val name = result.getString("artifact").removeSuffix(".tflite")
    card.findViewById<TextView>(R.id.name).text = name
    if (!result.isNull("error")) {
        card.findViewById<View>(R.id.median).visibility = View.GONE
        card.findViewById<View>(R.id.details).visibility = View.GONE
        card.findViewById<TextView>(R.id.doubts).text = result.getString("error")
        return card
    }
    val listed = result.getJSONArray("durations_ns")
    val stats = summarize(LongArray(listed.length()) { listed.getLong(it) })
    val context = parent.context
    val locale = context.resources.configuration.locales[0]
    card.findViewById<TextView>(R.id.median).text = context.getString(R.string.milliseconds, format(stats.p50, locale))
    val engine = result.getJSONObject("engine")
    card.findViewById<TextView>(R.id.details).text = context.getString(
        R.string.result_details,
        format(stats.p50Low, locale),
        format(stats.p50High, locale),
        format(stats.p90, locale),
        format(stats.p99, locale),
        stats.runs,
        engine.getString("kernels"),
        engine.getInt("threads"),
    )
    val told = result.getJSONArray("doubts")
    val doubts = List(told.length(), told::getString) + judge(stats, protocol)
    card.findViewById<TextView>(R.id.doubts).apply {
        text = doubts.joinToString(" ")
        visibility = if (doubts.isEmpty()) View.GONE else View.VISIBLE
    }
    return card
}

/** Three digits that count. */
internal fun format(milliseconds: Double, locale: Locale): String {
    val digits = if (milliseconds >= 100) {
        0
    } else if (milliseconds >= 10) {
        1
    } else if (milliseconds >= 1) {
        2
    } else {
        3
    }
    return String.format(locale, "%.${digits}f", milliseconds)
}
