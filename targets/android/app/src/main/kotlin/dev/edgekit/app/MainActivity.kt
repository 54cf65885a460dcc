package dev.edgekit.app

import android.Manifest
import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.content.pm.PackageManager
import android.content.res.Configuration
import android.graphics.Bitmap
import android.net.Uri
import android.os.Bundle
import android.provider.Settings
import android.view.View
import android.view.WindowManager
import android.widget.Button
import android.widget.ImageView
import android.widget.Spinner
import android.widget.TextView
import dev.edgekit.Classification
import dev.edgekit.Options
import dev.edgekit.RuntimeInfo
import dev.edgekit.app.main.AnswerPanel
import dev.edgekit.app.main.Choices
import dev.edgekit.app.main.Listener
import dev.edgekit.app.main.Preview
import dev.edgekit.app.main.Recognizer
import dev.edgekit.app.main.Sides
import dev.edgekit.app.main.drawEdgeToEdge
import dev.edgekit.app.main.fill
import dev.edgekit.app.photo.pickIntents

private const val PICK = 1
private const val ALLOW = 2

/** The camera's picture, or a picked photo, with what the model says to it. */
class MainActivity :
    Activity(),
    Listener {
    private val choices by lazy { Choices(getPreferences(MODE_PRIVATE)) }
    private val panel by lazy { AnswerPanel(findViewById(R.id.panel)) }
    private val shownPhoto: ImageView by lazy { findViewById(R.id.photo) }
    private val notice: View by lazy { findViewById(R.id.notice) }
    private var models: List<StoredModel> = emptyList()
    private var recognizer: Recognizer? = null
    private var preview: Preview? = null
    private var photo: Uri? = null
    private var asked = false

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.activity_main)
        val beside = resources.configuration.orientation == Configuration.ORIENTATION_LANDSCAPE
        val mirrored = resources.configuration.layoutDirection == View.LAYOUT_DIRECTION_RTL
        val sides = if (beside) Sides(left = mirrored, right = !mirrored) else Sides(top = false)
        drawEdgeToEdge(notice to Sides(bottom = beside), findViewById<View>(R.id.panel) to sides)
        photo = state?.getString("photo")?.let(Uri::parse)
        asked = state?.getBoolean("asked") ?: false
        findViewById<Button>(R.id.pick).setOnClickListener { pick() }
        findViewById<Button>(R.id.camera).setOnClickListener { show(null) }
        findViewById<Button>(R.id.measure).setOnClickListener {
            startActivity(Intent(this, MeasureActivity::class.java))
        }
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putString("photo", photo?.toString())
        state.putBoolean("asked", asked)
    }

    override fun onStart() {
        super.onStart()
        recognizer = Recognizer(this)
        // Others may have been pushed meanwhile.
        models = app.storage.models()
        findViewById<Spinner>(R.id.model).fill(models.map(StoredModel::toString), choices.model(models)) {
            choices.keep(models[it])
            load()
        }
        findViewById<Spinner>(R.id.delegate).fill(
            resources.getStringArray(R.array.delegates).toList(),
            choices.delegate.ordinal,
        ) {
            choices.delegate = dev.edgekit.Delegate.entries[it]
            load()
        }
        load()
    }

    override fun onStop() {
        stopCamera()
        recognizer?.close()
        recognizer = null
        super.onStop()
    }

    private fun load() {
        panel.say(R.string.loading)
        if (models.isEmpty()) return panel.say(R.string.no_models)
        val language = resources.configuration.locales[0].toLanguageTag()
        val options = Options(delegate = choices.delegate, language = language, opener = app.opener)
        recognizer?.load(models[choices.model(models)], options)
        show(photo)
    }

    /** A photo, or the camera where there is none. */
    private fun show(place: Uri?) {
        photo = place
        findViewById<View>(R.id.camera).visibility = if (place == null) View.GONE else View.VISIBLE
        shownPhoto.visibility = if (place == null) View.GONE else View.VISIBLE
        if (place == null) {
            shownPhoto.setImageDrawable(null)
            startCamera()
        } else {
            stopCamera()
            recognizer?.classify(contentResolver, place)
        }
    }

    private fun startCamera() {
        val recognizer = recognizer ?: return
        when {
            preview != null -> return

            checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED -> {
                notice.visibility = View.GONE
                window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
                // Kept before it starts: it may find at once that there is no camera.
                Preview(findViewById(R.id.preview), recognizer, ::tellOfCamera).also { preview = it }.start()
            }

            else -> explainCamera()
        }
    }

    private fun stopCamera() {
        window.clearFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        notice.visibility = View.GONE
        preview?.stop()
        preview = null
    }

    private fun tellOfCamera(sentence: Int) {
        stopCamera()
        panel.say(R.string.pick_instead)
        tell(getString(sentence), R.string.try_again) { show(null) }
    }

    /** Says what the camera is for; where it was refused for good, the system's settings are the way. */
    private fun explainCamera() {
        panel.say(R.string.pick_instead)
        val forGood = asked && !shouldShowRequestPermissionRationale(Manifest.permission.CAMERA)
        if (forGood) {
            tell(getString(R.string.camera_refused), R.string.open_settings) {
                val details = Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS)
                startActivity(details.setData(Uri.fromParts("package", packageName, null)))
            }
        } else {
            tell(getString(R.string.camera_why), R.string.allow_camera) {
                requestPermissions(arrayOf(Manifest.permission.CAMERA), ALLOW)
            }
        }
    }

    private fun tell(sentence: String, action: Int, act: () -> Unit) {
        findViewById<TextView>(R.id.notice_text).text = sentence
        findViewById<Button>(R.id.notice_button).apply {
            setText(action)
            setOnClickListener { act() }
        }
        notice.visibility = View.VISIBLE
    }

    override fun onRequestPermissionsResult(request: Int, permissions: Array<String>, results: IntArray) {
        // Nothing in it: the question was taken away, not answered.
        asked = asked || results.isNotEmpty()
        if (request == ALLOW && photo == null) startCamera()
    }

    private fun pick() {
        for (intent in pickIntents()) {
            try {
                return startActivityForResult(intent, PICK)
            } catch (_: ActivityNotFoundException) {
                continue
            }
        }
        onProblem(getString(R.string.no_picker))
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        // It comes between onStart and onResume, also where the activity was made anew meanwhile.
        val place = data?.data ?: return
        if (request != PICK || result != RESULT_OK) return
        photo = place
        if (recognizer != null) show(place)
    }

    override fun onReady(info: RuntimeInfo) {
        panel.show(info)
        findViewById<TextView>(R.id.notes).apply {
            text = info.notes.joinToString(" ")
            visibility = if (info.notes.isEmpty()) View.GONE else View.VISIBLE
        }
    }

    override fun onAnswer(answer: Classification) = panel.show(answer)

    override fun onPhoto(photo: Bitmap) = shownPhoto.setImageBitmap(photo)

    override fun onProblem(sentence: String) {
        panel.say(R.string.no_answer)
        findViewById<TextView>(R.id.notes).apply {
            text = sentence
            visibility = View.VISIBLE
        }
    }
}
