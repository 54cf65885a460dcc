package dev.edgekit.app.main

import android.content.ContentResolver
import android.graphics.Bitmap
import android.media.Image
import android.net.Uri
import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import dev.edgekit.Classification
import dev.edgekit.EdgeKitClassifier
import dev.edgekit.EdgeKitException
import dev.edgekit.Options
import dev.edgekit.RuntimeInfo
import dev.edgekit.app.StoredModel
import dev.edgekit.app.photo.readPhoto
import dev.edgekit.app.photo.showable

/** How many predictions are shown. */
const val SHOWN = 5

/** What a [Recognizer] says; called in the main thread. */
interface Listener {
    /** A model is loaded. */
    fun onReady(info: RuntimeInfo)

    /** Of the camera's last frame, or of the photo. */
    fun onAnswer(answer: Classification)

    /** The picked photo, upright. */
    fun onPhoto(photo: Bitmap)

    /** Something does not work; the sentence is for a person. */
    fun onProblem(sentence: String)
}

/**
 * The thread that owns the classifier: it is made, asked and closed there. Work for it waits in its line, but for
 * frames, of which the last alone is kept.
 */
class Recognizer(private val listener: Listener) {
    private val thread = HandlerThread("classifier").apply { start() }

    /** Of the thread. */
    val handler: Handler = Handler(thread.looper)
    private val main = Handler(Looper.getMainLooper())

    // Of the thread alone.
    private var classifier: EdgeKitClassifier? = null

    @Volatile
    private var closed = false

    /** Takes another model, or the same in another way. */
    fun load(model: StoredModel, options: Options) = work {
        classifier?.close()
        classifier = null
        val opened = EdgeKitClassifier.fromBuffer(model.read(), options, model.name)
        classifier = opened
        val info = opened.info
        tell { listener.onReady(info) }
    }

    /** Shows and answers a photo. */
    fun classify(resolver: ContentResolver, place: Uri) = work {
        val photo = readPhoto(resolver, place)
        val shown = showable(photo)
        tell { listener.onPhoto(shown) }
        val answer = classifier?.classify(photo, SHOWN) ?: return@work
        tell { listener.onAnswer(answer) }
    }

    /** Answers a frame, in the thread. */
    fun onFrame(frame: Image, rotation: Int) = guard {
        if (closed) return@guard
        val answer = classifier?.classify(frame, rotation, SHOWN) ?: return@guard
        tell { listener.onAnswer(answer) }
    }

    /** Frees everything; what is under way comes to its end first, and nothing more is said. */
    fun close() {
        closed = true
        handler.post {
            classifier?.close()
            classifier = null
        }
        thread.quitSafely()
    }

    private fun work(task: () -> Unit) {
        handler.post { if (!closed) guard(task) }
    }

    private fun guard(task: () -> Unit) {
        try {
            task()
        } catch (error: EdgeKitException) {
            tell { listener.onProblem(error.message.orEmpty()) }
        } catch (_: OutOfMemoryError) {
            tell { listener.onProblem("That takes more memory than the phone gives. Take a smaller photo or model.") }
        }
    }

    private fun tell(what: () -> Unit) {
        main.post { if (!closed) what() }
    }
}
