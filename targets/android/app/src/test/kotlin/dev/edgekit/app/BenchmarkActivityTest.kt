package dev.edgekit.app

import android.content.Intent
import android.os.Bundle
import android.view.WindowManager
import dev.edgekit.Delegate
import dev.edgekit.app.bench.Attention
import dev.edgekit.app.bench.Benchmark
import dev.edgekit.app.bench.ProcessMemory
import dev.edgekit.app.bench.Settings
import dev.edgekit.core.LatencyProtocol
import dev.edgekit.testing.AgainstPython
import dev.edgekit.testing.JavaCpp
import dev.edgekit.testing.PythonCases
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.experimental.categories.Category
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import java.io.File

/** The headless activity on Python's own requests; tests/android/test_app.py reads what it answers. */
@RunWith(RobolectricTestRunner::class)
@Category(AgainstPython::class)
class BenchmarkActivityTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private val storage = (RuntimeEnvironment.getApplication() as EdgeKitApp).storage

    /** Runs it to its end. */
    private fun run(request: String?) {
        val intent = Intent().apply { request?.let { putExtra("request", it) } }
        val controller = Robolectric.buildActivity(BenchmarkActivity::class.java, intent).setup()
        val activity = controller.get()
        val flags = activity.window.attributes.flags
        assertTrue(flags and WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON != 0)
        waitUntil("the activity ends") { activity.isFinishing }
        controller.pause().stop().destroy()
    }

    private fun pushed(): List<File> =
        PythonCases.folder.resolve("pushed").listFiles().orEmpty().sorted().map { storage.push(it) }

    @Test
    fun requestsAreAnswered() {
        val requests = pushed().map(File::getName).filter { it.endsWith(".request.json") }
        assertTrue(requests.size > 5)
        for (request in requests) run(request)
        run("gone.request.json")
        run("../../../secret.json")
        val results = PythonCases.folder.resolve("results").apply { mkdirs() }
        for (file in storage.results.listFiles().orEmpty()) file.copyTo(results.resolve(file.name), overwrite = true)
        assertEquals(emptyList<String>(), storage.results.list().orEmpty().filter { it.endsWith(".part") })
    }

    @Test
    fun withoutRequestAllModelsAreMeasured() {
        storage.push(PythonCases.folder.resolve("pushed/flowers.tflite"))
        run(null)
        val report = JSONObject(storage.results.resolve("latest.json").readText())
        val result = report.getJSONArray("results").getJSONObject(0)
        assertEquals("flowers.tflite", result.getString("artifact"))
        assertTrue(result.getJSONArray("durations_ns").length() >= 100)
        assertTrue(report.isNull("error"))
    }

    @Test
    fun withoutModelsItSaysSo() {
        run(null)
        val report = JSONObject(storage.results.resolve("latest.json").readText())
        assertTrue(report.getString("error").startsWith("The app has no models"))
        assertNull(storage.folder.resolve("latest.json").takeIf(File::exists))
    }

    /** What Python starts it with before the first push. */
    @Test
    fun emptyRequestMakesTheFoldersAlone() {
        storage.folder.deleteRecursively()
        val activity = Robolectric.buildActivity(BenchmarkActivity::class.java, Intent().putExtra("request", "")).setup()
        assertTrue(activity.get().isFinishing)
        assertTrue(storage.results.isDirectory)
        storage.push(PythonCases.folder.resolve("pushed/flowers.tflite"))
        activity.pause().stop().destroy()
        BenchmarkActivity.RUNNER.submit {}.get()
        assertEquals(emptyList<String>(), storage.results.list().orEmpty().toList())
    }

    @Test
    fun oneThatIsMadeAnewEnds() {
        val controller = Robolectric.buildActivity(BenchmarkActivity::class.java).create(Bundle())
        assertTrue(controller.get().isFinishing)
    }

    @Test
    fun whatOthersTookIsNotCounted() {
        val file = storage.push(PythonCases.folder.resolve("pushed/flowers.tflite"))
        val process = temporary.root.apply { resolve("status").writeText("VmHWM:\t900 kB\nVmRSS:\t500 kB\n") }
        val settings = Settings(LatencyProtocol(0, 0.0, 1, 0.0, 1.0), Delegate.CPU)
        val watch = Attention()

        fun measure() = Benchmark(RuntimeEnvironment.getApplication(), storage, JavaCpp, watch, ProcessMemory(process))
            .measure(storage.pushedModel(file.name), settings)
        assertEquals(900L * 1024, measure().getLong("peak_memory_bytes"))
        // Phones that do not let it begin anew: an earlier peak is none of this model's.
        process.resolve("clear_refs").apply { delete() }.mkdir()
        assertTrue(measure().isNull("peak_memory_bytes"))
    }

    @Test
    fun whatIsBehindIsDoubted() {
        storage.push(PythonCases.folder.resolve("pushed/flowers.tflite"))
        val controller = Robolectric.buildActivity(BenchmarkActivity::class.java, Intent()).setup().pause()
        waitUntil("the activity ends") { controller.get().isFinishing }
        val report = JSONObject(storage.results.resolve("latest.json").readText())
        val doubts = report.getJSONArray("results").getJSONObject(0).getJSONArray("doubts")
        assertTrue(doubts.getString(0).startsWith("The app was not in front"))
    }
}
