package dev.edgekit.app

import android.graphics.Bitmap
import dev.edgekit.Classification
import dev.edgekit.Delegate
import dev.edgekit.EdgeKitClassifier
import dev.edgekit.Options
import dev.edgekit.RuntimeInfo
import dev.edgekit.app.main.Listener
import dev.edgekit.app.main.Recognizer
import dev.edgekit.testing.AgainstPython
import dev.edgekit.testing.Frame
import dev.edgekit.testing.JavaCpp
import dev.edgekit.testing.PythonCases
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.experimental.categories.Category
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import java.util.Random
import java.util.concurrent.CountDownLatch

/** The thread that owns the classifier, with frames as a camera hands them over. */
@RunWith(RobolectricTestRunner::class)
@Category(AgainstPython::class)
class RecognizerTest : Listener {
    private val storage = (RuntimeEnvironment.getApplication() as EdgeKitApp).storage
    private val options = Options(threads = 1, delegate = Delegate.CPU, opener = JavaCpp)
    private val file = storage.push(PythonCases.folder.resolve("pushed/flowers.tflite"))
    private val frame = Frame(64, 48, ByteArray(64 * 48 * 3).also(Random(1)::nextBytes))
    private val recognizer = Recognizer(this)
    private val ready = ArrayList<RuntimeInfo>()
    private val answers = ArrayList<Classification>()
    private val problems = ArrayList<String>()

    override fun onReady(info: RuntimeInfo) {
        ready += info
    }

    override fun onAnswer(answer: Classification) {
        answers += answer
    }

    override fun onPhoto(photo: Bitmap) = Unit

    override fun onProblem(sentence: String) {
        problems += sentence
    }

    @After
    fun end() = recognizer.close()

    @Test
    fun framesAreAnswered() {
        recognizer.load(storage.pushedModel(file.name), options)
        recognizer.handler.post { recognizer.onFrame(frame, 90) }
        waitUntil("an answer") { answers.isNotEmpty() }
        val wanted = EdgeKitClassifier.fromFile(file, options).use { it.classify(frame, 90) }
        assertArrayEquals(wanted.probabilities, answers.single().probabilities, 0f)
        assertEquals(1, ready.size)
        assertEquals(emptyList<String>(), problems)
    }

    @Test
    fun framesBeforeTheModelAreDropped() {
        recognizer.handler.post { recognizer.onFrame(frame, 0) }
        recognizer.load(storage.pushedModel(file.name), options)
        waitUntil("the model") { ready.isNotEmpty() }
        assertEquals(0, answers.size)
    }

    @Test
    fun nothingIsSaidAfterTheEnd() {
        recognizer.load(storage.pushedModel(file.name), options)
        waitUntil("the model") { ready.isNotEmpty() }
        val held = CountDownLatch(1)
        recognizer.handler.post { held.await() }
        recognizer.handler.post { recognizer.onFrame(frame, 0) }
        recognizer.load(storage.pushedModel(file.name), options)
        recognizer.close()
        held.countDown()
        recognizer.handler.looper.thread.join()
        waitUntil("the line is empty") { true }
        assertEquals(1, ready.size)
        assertEquals(0, answers.size)
        assertEquals(emptyList<String>(), problems)
    }

    @Test
    fun brokenModelsAreNamed() {
        val broken = storage.push(PythonCases.folder.resolve("pushed/broken.tflite"))
        recognizer.load(storage.pushedModel(broken.name), options)
        waitUntil("a sentence") { problems.isNotEmpty() }
        assertEquals(true, "broken.tflite" in problems.single())
    }
}
