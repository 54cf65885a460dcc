package dev.edgekit.app.bench

import dev.edgekit.core.LatencyProtocol
import org.json.JSONObject

/** With the names of Python's. */
fun LatencyProtocol.toJson(): JSONObject = JSONObject()
    .put("warmup_runs", warmupRuns)
    .put("warmup_seconds", warmupSeconds)
    .put("min_runs", minRuns)
    .put("min_seconds", minSeconds)
    .put("max_seconds", maxSeconds)
