package dev.edgekit.app.bench

import dev.edgekit.core.LatencyProtocol
import dev.edgekit.core.LatencyStats
import kotlin.math.abs
import kotlin.math.roundToInt

/** The limits of edgekit/measure/validity.py, which says why. */
private const val MAX_INTERVAL = 0.05
private const val MAX_DRIFT = 0.10

/** Why the times of a run cannot be trusted by themselves, a sentence each. */
fun judge(stats: LatencyStats, protocol: LatencyProtocol): List<String> = buildList {
    if (stats.runs < protocol.minRuns) {
        add("It was run ${stats.runs} times only, of ${protocol.minRuns}: the model is slow for the time there was.")
    }
    val width = (stats.p50High - stats.p50Low) / stats.p50
    if (width > MAX_INTERVAL) {
        add("The 95 % interval of the median is ${percent(width)} wide (limit ${percent(MAX_INTERVAL)}).")
    }
    val drift = (stats.lastThirdP50 - stats.firstThirdP50) / stats.firstThirdP50
    if (abs(drift) > MAX_DRIFT) {
        val way = if (drift > 0) "slower" else "faster"
        add("The last runs were ${percent(abs(drift))} $way than the first (limit ${percent(MAX_DRIFT)}).")
    }
}

private fun percent(share: Double): String = "${(100 * share).roundToInt()}\u00A0%"
