package dev.edgekit.core

import java.math.BigInteger
import kotlin.math.sqrt

/** Runs up to which the interval's ranks come from exact binomial sums. */
private const val EXACT_UP_TO = 1000

/**
 * The times of the measured runs, in milliseconds: `LatencyStats` of edgekit/measure/latency.py, whose names the JSON
 * has.
 *
 * @property seconds what the runs took together.
 * @property std standard deviation (n - 1); 0 for one run.
 * @property p50 the median; percentiles are linear between order statistics (type 7 of Hyndman and Fan, The American
 *   Statistician 50, 1996).
 * @property p50Low lower end of the 95 % confidence interval of the median, and [p50High] its upper end.
 * @property firstThirdP50 median of the first third of the runs. Is that of the last, [lastThirdP50], far from it, the
 *   device got warm or busy.
 */
public data class LatencyStats(
    public val runs: Int,
    public val seconds: Double,
    public val mean: Double,
    public val std: Double,
    public val min: Double,
    public val max: Double,
    public val p50: Double,
    public val p90: Double,
    public val p99: Double,
    public val p50Low: Double,
    public val p50High: Double,
    public val firstThirdP50: Double,
    public val lastThirdP50: Double,
)

/**
 * Statistics of the durations of single runs.
 *
 * @param durations nanoseconds, in the order the runs were made; at least one.
 */
public fun summarize(durations: LongArray): LatencyStats {
    require(durations.isNotEmpty()) { "There are no runs to speak of. Measure again." }
    val inOrder = DoubleArray(durations.size) { durations[it] / 1e6 }
    val ordered = inOrder.sortedArray()
    val runs = ordered.size
    val mean = ordered.sum() / runs
    val squares = ordered.sumOf { (it - mean) * (it - mean) }
    val (low, high) = medianRanks(runs)
    val third = maxOf(runs / 3, 1)
    return LatencyStats(
        runs = runs,
        seconds = ordered.sum() / 1e3,
        mean = mean,
        std = if (runs > 1) sqrt(squares / (runs - 1)) else 0.0,
        min = ordered.first(),
        max = ordered.last(),
        p50 = percentile(ordered, 50.0),
        p90 = percentile(ordered, 90.0),
        p99 = percentile(ordered, 99.0),
        p50Low = ordered[low - 1],
        p50High = ordered[high - 1],
        firstThirdP50 = median(inOrder.copyOfRange(0, third)),
        lastThirdP50 = median(inOrder.copyOfRange(runs - third, runs)),
    )
}

/** @param ordered ascending, at least one. */
internal fun percentile(ordered: DoubleArray, percent: Double): Double {
    val place = (ordered.size - 1) * (percent / 100)
    val before = place.toInt()
    val (a, b) = ordered[before] to ordered[minOf(before + 1, ordered.size - 1)]
    val share = place - before
    // From the nearer side, as NumPy does it.
    return if (share < 0.5) a + (b - a) * share else b - (b - a) * (1 - share)
}

/**
 * The ranks (1-based) of the order statistics that enclose the median with at least 95 % confidence.
 *
 * The number of samples below the true median is binomial(n, 1/2), whatever the distribution of the times. So the
 * interval from the j-th smallest to the j-th largest misses it with probability 2 P(B <= j - 1), and j is the largest
 * with P(B <= j - 1) <= 0.025 (Conover, Practical Nonparametric Statistics, 3rd ed. 1999, section 3.2). Above
 * [EXACT_UP_TO] samples, j = floor((n + 1) / 2 - 1.96 sqrt(n) / 2).
 */
internal fun medianRanks(count: Int): Pair<Int, Int> {
    if (count > EXACT_UP_TO) {
        val rank = ((count + 1) / 2.0 - 1.96 * sqrt(count.toDouble()) / 2).toInt()
        return rank to count + 1 - rank
    }
    // Whole numbers: sum of C(n, i) for i < j, compared with 0.025 * 2^n.
    val all = BigInteger.ONE.shiftLeft(count)
    val forty = BigInteger.valueOf(40)
    var below = BigInteger.ZERO
    var ways = BigInteger.ONE
    var rank = 0
    while ((below + ways) * forty <= all) {
        below += ways
        ways = ways * BigInteger.valueOf((count - rank).toLong()) / BigInteger.valueOf(rank + 1L)
        rank++
    }
    rank = maxOf(rank, 1)
    return rank to count + 1 - rank
}

private fun median(values: DoubleArray): Double {
    val ordered = values.sortedArray()
    val half = ordered.size / 2
    return if (ordered.size % 2 == 1) ordered[half] else (ordered[half - 1] + ordered[half]) / 2
}
