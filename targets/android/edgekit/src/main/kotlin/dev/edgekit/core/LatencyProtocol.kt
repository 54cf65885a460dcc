package dev.edgekit.core

import dev.edgekit.EdgeKitException

/**
 * How often a model is run, first unseen and then measured: edgekit/measure/latency.py.
 *
 * Both parts go on until a number of runs *and* a duration are reached.
 *
 * @property warmupRuns at least so many unmeasured runs.
 * @property warmupSeconds at least so long.
 * @property minRuns at least so many measured runs; 100 is what a 99th percentile needs.
 * @property minSeconds at least so long.
 * @property maxSeconds each part ends after so long, whatever was reached. A run is never cut off.
 * @throws EdgeKitException numbers that no run can follow.
 */
public data class LatencyProtocol(
    public val warmupRuns: Int = 10,
    public val warmupSeconds: Double = 0.5,
    public val minRuns: Int = 100,
    public val minSeconds: Double = 2.0,
    public val maxSeconds: Double = 60.0,
) {
    init {
        if (minRuns < 1 || warmupRuns < 0) {
            throw EdgeKitException("The number of runs must be positive. Got: $minRuns, warm-up $warmupRuns.")
        }
        val times = listOf(warmupSeconds, minSeconds, maxSeconds)
        if (times.any { !it.isFinite() || it < 0 } || maxSeconds == 0.0) {
            throw EdgeKitException(
                "The protocol's durations must be positive and finite. Got: ${times.joinToString()}.",
            )
        }
    }

    /**
     * Runs [call] as often as it takes.
     *
     * @param call one inference; what it throws ends the measurement.
     * @param onStart called between warm-up and measurement, as for a look at the device.
     * @param clock nanoseconds, monotonic.
     * @return the nanoseconds of each measured run, in order.
     */
    public fun measure(call: () -> Unit, onStart: () -> Unit = {}, clock: () -> Long = System::nanoTime): LongArray {
        repeat(call, clock, warmupRuns, warmupSeconds)
        onStart()
        return repeat(call, clock, minRuns, minSeconds)
    }

    private fun repeat(call: () -> Unit, clock: () -> Long, runs: Int, seconds: Double): LongArray {
        var durations = LongArray(1024)
        var count = 0
        val begin = clock()
        var now = begin
        val enough = (seconds * 1e9).toLong()
        val limit = (maxSeconds * 1e9).toLong()
        while ((count < runs || now - begin < enough) && now - begin < limit) {
            if (count == durations.size) durations = durations.copyOf(count * 2)
            val before = clock()
            call()
            now = clock()
            durations[count++] = now - before
        }
        return durations.copyOf(count)
    }
}
