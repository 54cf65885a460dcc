package dev.edgekit.app

import android.content.Intent
import android.net.Uri
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.TextView
import dev.edgekit.testing.AgainstPython
import dev.edgekit.testing.PythonCases
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.experimental.categories.Category
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import java.io.FileNotFoundException

/** The benchmark's screen, a real model behind. */
@RunWith(RobolectricTestRunner::class)
@Category(AgainstPython::class)
class MeasureActivityTest {
    private val storage = (RuntimeEnvironment.getApplication() as EdgeKitApp).storage

    @Test
    fun resultsAreShownAndShared() {
        storage.push(PythonCases.folder.resolve("pushed/flowers.tflite"))
        storage.push(PythonCases.folder.resolve("pushed/broken.tflite"))
        val controller = Robolectric.buildActivity(MeasureActivity::class.java).setup()
        controller.get().findViewById<Button>(R.id.start).performClick()
        // A turn of the phone in the midst of it.
        RuntimeEnvironment.setQualifiers("+land")
        controller.configurationChange()
        val activity = controller.get()
        assertEquals(false, activity.findViewById<View>(R.id.start).isEnabled)
        waitUntil("the end") { activity.findViewById<View>(R.id.share).visibility == View.VISIBLE }
        val cards = activity.findViewById<ViewGroup>(R.id.results)
        assertEquals(2, cards.childCount)
        val (broken, sound) = listOf(cards.getChildAt(0), cards.getChildAt(1))
        assertTrue("broken.tflite" in broken.findViewById<TextView>(R.id.doubts).text)
        assertTrue(Regex("\\d+[.\\d]* ms").matches(sound.findViewById<TextView>(R.id.median).text))
        assertTrue("99 % within" in sound.findViewById<TextView>(R.id.details).text)

        activity.findViewById<Button>(R.id.share).performClick()
        val chooser = shadowOf(activity).nextStartedActivity
        val sent = chooser.getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)!!
        assertEquals("application/json", sent.type)
        val address = sent.getParcelableExtra(Intent.EXTRA_STREAM, Uri::class.java)!!
        val provider = Robolectric.setupContentProvider(ResultsProvider::class.java, address.authority)
        val text = provider.openFile(address, "r").use { file ->
            java.io.FileInputStream(file.fileDescriptor).use { it.readBytes().decodeToString() }
        }
        assertEquals(2, JSONObject(text).getJSONArray("results").length())
        val other = address.buildUpon().path("/../secret").build()
        assertThrows(FileNotFoundException::class.java) { provider.openFile(other, "r") }
    }
}
