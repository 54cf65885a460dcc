package dev.edgekit.app.bench

import dev.edgekit.Delegate
import dev.edgekit.EdgeKitException
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

@RunWith(RobolectricTestRunner::class)
class RequestTest {
    private val sound =
        """{"schema": 1, "id": "a1", "models": ["m.tflite"], "delegate": "gpu", "threads": null, "photos":
        {"file": "p.bin", "count": 2, "shape": [4, 5, 3]}, "protocol": {"warmup_runs": 1, "warmup_seconds": 0.5,
        "min_runs": 3, "min_seconds": 0, "max_seconds": 20}}"""

    private fun reason(change: JSONObject.() -> Unit): String =
        assertThrows(EdgeKitException::class.java) { readRequest(JSONObject(sound).apply(change).toString()) }.message!!

    @Test
    fun requestsAreRead() {
        val request = readRequest(sound)
        assertEquals(listOf("m.tflite"), request.models)
        assertEquals(Delegate.GPU, request.delegate)
        assertEquals(60, request.photos!!.size)
        assertEquals(3, request.protocol.minRuns)
        assertEquals(null, request.threads)
    }

    @Test
    fun brokenOnesAreRefused() {
        assertTrue("cannot be read" in assertThrows(EdgeKitException::class.java) { readRequest("{") }.message!!)
        assertTrue("the form 2" in reason { put("schema", 2) })
        assertTrue("delegate tpu" in reason { put("delegate", "tpu") })
        assertTrue("0 threads" in reason { put("threads", 0) })
        assertTrue("no name of a file" in reason { put("id", "../a") })
        assertTrue("photos" in reason { getJSONObject("photos").put("count", 0) })
        assertTrue(
            "photos" in reason {
                getJSONObject("photos").put("shape", org.json.JSONArray(listOf(65535, 65535, 3)))
            },
        )
        assertTrue("must be positive" in reason { getJSONObject("protocol").put("min_runs", 0) })
        assertTrue("cannot be read" in reason { remove("models") })
    }

    @Test
    fun answersHaveTheRequestsName() {
        assertEquals("a1", idOfFile("a1.request.json"))
        assertEquals("a1", idOfFile("a1.json"))
    }
}
