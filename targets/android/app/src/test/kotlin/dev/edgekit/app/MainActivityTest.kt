package dev.edgekit.app

import android.Manifest
import android.app.Activity
import android.content.Intent
import android.content.res.Configuration
import android.net.Uri
import android.provider.Settings
import android.view.View
import android.widget.Button
import android.widget.Spinner
import android.widget.TextView
import dev.edgekit.testing.AgainstPython
import dev.edgekit.testing.PythonCases
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.experimental.categories.Category
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import java.io.InputStream

/** The main screen, a real model behind. */
@RunWith(RobolectricTestRunner::class)
@Category(AgainstPython::class)
class MainActivityTest {
    private val application = RuntimeEnvironment.getApplication()
    private val storage = (application as EdgeKitApp).storage
    private val place = Uri.parse("content://photos/1")

    private fun pushModel() = storage.push(PythonCases.folder.resolve("pushed/flowers.tflite"))

    private fun start(): ActivityController<MainActivity> = Robolectric.buildActivity(MainActivity::class.java).setup()

    private fun Activity.text(id: Int): String = findViewById<TextView>(id).text.toString()

    private fun Activity.isShown(id: Int): Boolean = findViewById<View>(id).visibility == View.VISIBLE

    /** Picks the photo, as a person does. */
    private fun pick(
        activity: MainActivity,
        file: () -> InputStream = { PythonCases.folder.resolve("photo.png").inputStream() },
    ) {
        shadowOf(application.contentResolver).registerInputStreamSupplier(place, file)
        activity.findViewById<Button>(R.id.pick).performClick()
        val asked = shadowOf(activity).nextStartedActivityForResult
        assertEquals("image/*", asked.intent.type)
        shadowOf(activity).receiveResult(asked.intent, Activity.RESULT_OK, Intent().setData(place))
    }

    private fun expected(): JSONObject = JSONObject(PythonCases.folder.resolve("photo.json").readText())

    @Test
    fun photosAreAnswered() {
        pushModel()
        val activity = start().get()
        pick(activity)
        waitUntil("an answer") { activity.text(R.id.answer_percent).isNotEmpty() }
        assertEquals(expected().getString("name"), activity.text(R.id.answer_name))
        assertEquals(expected().getString("percent"), activity.text(R.id.answer_percent))
        assertTrue(activity.text(R.id.times).startsWith("Model "))
        assertTrue(activity.isShown(R.id.photo))
        assertTrue(activity.isShown(R.id.camera))
        activity.findViewById<Button>(R.id.camera).performClick()
        assertFalse(activity.isShown(R.id.photo))
    }

    @Test
    fun turningKeepsThePhoto() {
        pushModel()
        val controller = start()
        pick(controller.get())
        waitUntil("an answer") { controller.get().text(R.id.answer_percent).isNotEmpty() }
        RuntimeEnvironment.setQualifiers("+land")
        controller.configurationChange()
        val activity = controller.get()
        assertEquals(Configuration.ORIENTATION_LANDSCAPE, activity.resources.configuration.orientation)
        waitUntil("an answer") { activity.text(R.id.answer_percent).isNotEmpty() }
        assertEquals(expected().getString("name"), activity.text(R.id.answer_name))
        assertTrue(activity.isShown(R.id.photo))
    }

    @Test
    fun cameraIsExplainedAndCanBeRefused() {
        pushModel()
        val activity = start().get()
        assertTrue(activity.isShown(R.id.notice))
        assertEquals(activity.getString(R.string.camera_why), activity.text(R.id.notice_text))
        // Nothing is asked before a person wants it.
        assertNull(shadowOf(activity).lastRequestedPermission)
        activity.findViewById<Button>(R.id.notice_button).performClick()
        assertEquals(
            listOf(Manifest.permission.CAMERA),
            shadowOf(activity).lastRequestedPermission.requestedPermissions.toList(),
        )
        activity.onRequestPermissionsResult(2, arrayOf(Manifest.permission.CAMERA), intArrayOf(-1))
        assertEquals(activity.getString(R.string.camera_refused), activity.text(R.id.notice_text))
        activity.findViewById<Button>(R.id.notice_button).performClick()
        assertEquals(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, shadowOf(activity).nextStartedActivity.action)
        // Photos do without.
        pick(activity)
        waitUntil("an answer") { activity.text(R.id.answer_percent).isNotEmpty() }
        assertFalse(activity.isShown(R.id.notice))
    }

    @Test
    fun phonesWithoutCameraAreTold() {
        pushModel()
        shadowOf(application).grantPermissions(Manifest.permission.CAMERA)
        val activity = start().get()
        waitUntil("the notice") { activity.isShown(R.id.notice) }
        assertEquals(activity.getString(R.string.camera_none), activity.text(R.id.notice_text))
        // It looks again.
        activity.findViewById<TextView>(R.id.notice_text).text = ""
        activity.findViewById<Button>(R.id.notice_button).performClick()
        assertEquals(activity.getString(R.string.camera_none), activity.text(R.id.notice_text))
    }

    @Test
    fun photosOfAnAppThatFailsAreNamed() {
        pushModel()
        val activity = start().get()
        pick(activity) { error("the provider has ended") }
        waitUntil("a sentence") { "the provider has ended" in activity.text(R.id.notes) }
        assertEquals(activity.getString(R.string.no_answer), activity.text(R.id.answer_name))
    }

    @Test
    fun brokenModelsAreNamed() {
        pushModel()
        storage.push(PythonCases.folder.resolve("pushed/broken.tflite"), "zzz.tflite")
        val activity = start().get()
        val model = activity.findViewById<Spinner>(R.id.model)
        assertEquals(2, model.count)
        model.setSelection(1)
        waitUntil("a sentence") { activity.isShown(R.id.notes) && "zzz.tflite" in activity.text(R.id.notes) }
        assertEquals(activity.getString(R.string.no_answer), activity.text(R.id.answer_name))
    }

    @Test
    fun withoutModelsItSaysSo() {
        val activity = start().get()
        assertEquals(activity.getString(R.string.no_models), activity.text(R.id.answer_name))
    }

    @Test
    fun choicesAreKept() {
        pushModel()
        val first = start()
        first.get().findViewById<Spinner>(R.id.delegate).setSelection(1)
        waitUntil("the model") { first.get().text(R.id.answer_name) != first.get().getString(R.string.loading) }
        first.pause().stop().destroy()
        assertEquals(1, start().get().findViewById<Spinner>(R.id.delegate).selectedItemPosition)
    }
}
