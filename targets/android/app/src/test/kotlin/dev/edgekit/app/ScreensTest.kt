package dev.edgekit.app

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.net.Uri
import android.view.View
import android.widget.Button
import android.widget.TextView
import dev.edgekit.testing.Drawing
import dev.edgekit.testing.PythonCases
import org.junit.Test
import org.junit.experimental.categories.Category
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.File

/** Draws the screens into files, for a person to look at. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Category(Drawing::class)
@Config(qualifiers = "w411dp-h891dp-xhdpi")
class ScreensTest {
    private val application = RuntimeEnvironment.getApplication()
    private val storage = (application as EdgeKitApp).storage
    private val folder = File(System.getProperty("edgekit.drawn").orEmpty())

    private fun draw(activity: Activity, name: String) {
        val view = activity.window.decorView
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        folder.mkdirs()
        folder.resolve("$name.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    private fun pushModels() {
        for (file in PythonCases.folder.listFiles().orEmpty().filter { it.extension == "tflite" }) storage.push(file)
    }

    private fun drawPhoto(name: String) {
        pushModels()
        val activity = Robolectric.buildActivity(MainActivity::class.java).setup().get()
        val place = Uri.parse("content://photos/1")
        shadowOf(application.contentResolver).registerInputStreamSupplier(place) {
            PythonCases.folder.resolve("photo.png").inputStream()
        }
        activity.findViewById<Button>(R.id.pick).performClick()
        val asked = shadowOf(activity).nextStartedActivityForResult
        shadowOf(activity).receiveResult(asked.intent, Activity.RESULT_OK, Intent().setData(place))
        waitUntil("an answer") { activity.findViewById<TextView>(R.id.answer_percent).text.isNotEmpty() }
        draw(activity, name)
    }

    @Test
    fun photoLight() = drawPhoto("photo-light")

    @Test
    @Config(qualifiers = "+night")
    fun photoDark() = drawPhoto("photo-dark")

    @Test
    @Config(qualifiers = "w891dp-h411dp-land-xhdpi")
    fun photoLandscape() = drawPhoto("photo-landscape")

    @Test
    fun cameraLight() {
        pushModels()
        val activity = Robolectric.buildActivity(MainActivity::class.java).setup().get()
        waitUntil("the notice") { activity.findViewById<View>(R.id.notice).visibility == View.VISIBLE }
        draw(activity, "camera-light")
    }

    @Test
    @Config(qualifiers = "+night")
    fun benchmarkDark() = drawBenchmark("benchmark-dark")

    @Test
    fun benchmarkLight() = drawBenchmark("benchmark-light")

    private fun drawBenchmark(name: String) {
        pushModels()
        val activity = Robolectric.buildActivity(MeasureActivity::class.java).setup().get()
        activity.findViewById<Button>(R.id.start).performClick()
        waitUntil("the end") { activity.findViewById<View>(R.id.share).visibility == View.VISIBLE }
        draw(activity, name)
    }
}
