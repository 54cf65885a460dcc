package dev.edgekit

import android.content.Context
import android.content.ContextWrapper
import android.content.res.AssetManager
import android.graphics.Bitmap
import android.graphics.ImageFormat
import android.os.Build
import dev.edgekit.core.LatencyProtocol
import dev.edgekit.core.Orientation
import dev.edgekit.core.YuvPicture
import dev.edgekit.core.YuvPlane
import dev.edgekit.testing.AgainstPython
import dev.edgekit.testing.Frame
import dev.edgekit.testing.JavaCpp
import dev.edgekit.testing.PythonCases
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.experimental.categories.Category
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.util.ReflectionHelpers
import java.io.ByteArrayOutputStream
import java.io.DataOutputStream
import java.io.File
import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.util.Random
import java.util.concurrent.CountDownLatch
import java.util.zip.CRC32
import java.util.zip.DeflaterOutputStream
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream
import kotlin.concurrent.thread

/** The library's front in Android's own framework classes, a real model behind. */
@RunWith(RobolectricTestRunner::class)
@Category(AgainstPython::class)
class ClassifierTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private val options = Options(threads = 1, delegate = Delegate.CPU, keepSeen = true, opener = JavaCpp)
    private val model = File(PythonCases.folder, PythonCases.read("photos.json").cases("models")[1].text("file"))
    private val photo = PythonCases.read("photos.json").cases("photos")[0]
    private val width = photo.int("width")
    private val height = photo.int("height")
    private val pixels: ByteArray = PythonCases.bytes(photo.text("pixels")).array()

    private fun <T> withClassifier(work: (EdgeKitClassifier) -> T): T =
        EdgeKitClassifier.fromFile(model, options).use(work)

    private fun bitmap(): Bitmap {
        val colors = IntArray(width * height) {
            (255 shl 24) or (pixels[it * 3].toInt() and 255 shl 16) or (pixels[it * 3 + 1].toInt() and 255 shl 8) or
                (pixels[it * 3 + 2].toInt() and 255)
        }
        return Bitmap.createBitmap(colors, width, height, Bitmap.Config.ARGB_8888)
    }

    /** The picture as it is stored by a camera that was held by a quarter turn to the left. */
    private fun turnedBitmap(): Bitmap {
        val upright = bitmap()
        val colors = IntArray(width * height) { upright.getPixel(width - 1 - it / height, it % height) }
        return Bitmap.createBitmap(colors, height, width, Bitmap.Config.ARGB_8888)
    }

    @Test
    fun bitmapsArePixels() = withClassifier { classifier ->
        val wanted = classifier.classify(ByteBuffer.wrap(pixels), width, height, 3, top = 5)
        assertArrayEquals(PythonCases.bytes(photo.text("seen")).array(), wanted.seen)
        for (found in listOf(
            classifier.classify(bitmap(), top = 5),
            classifier.classify(turnedBitmap(), 90, 5),
            classifier.classify(Photo(turnedBitmap(), Orientation.TURNED_90), 5),
        )) {
            assertArrayEquals(wanted.seen, found.seen)
            assertArrayEquals(wanted.probabilities, found.probabilities, 0f)
            assertEquals(wanted.predictions, found.predictions)
            assertEquals(5, found.predictions.size)
        }
        assertEquals(
            classifier.spec.labels.map {
                it.id
            },
            listOf("daisy", "dandelion", "roses", "sunflowers", "tulips"),
        )
    }

    @Test
    fun framesAreRead() = withClassifier { classifier ->
        val (w, h) = 64 to 48
        val yuv = ByteArray(w * h * 3).also(Random(1)::nextBytes)
        val found = classifier.classify(Frame(w, h, yuv), 90)
        fun plane(channel: Int, step: Int) = YuvPlane(
            ByteBuffer.wrap(
                ByteArray(w * h / step / step) {
                    yuv[
                        ((it / (w / step) * step) * w + it % (w / step) * step) *
                            3 +
                            channel,
                    ]
                },
            ),
            w / step,
            1,
        )
        val plain = YuvPicture(w, h, plane(0, 1), plane(1, 2), plane(2, 2))
        assertArrayEquals(classifier.classify(plain, Orientation.TURNED_90).seen, found.seen)
        val error =
            assertThrows(EdgeKitException::class.java) { classifier.classify(Frame(w, h, yuv, ImageFormat.JPEG)) }
        assertTrue(error.message!!.contains("only YUV_420_888"))
    }

    @Test
    fun assetsAreMappedOrCopied() {
        for (stored in listOf(true, false)) {
            val context = contextWith("flowers.tflite", model.readBytes(), stored)
            EdgeKitClassifier.fromAsset(context, "flowers.tflite", options).use {
                assertArrayEquals(PythonCases.bytes(photo.text("seen")).array(), it.classify(bitmap()).seen)
            }
            val error =
                assertThrows(EdgeKitException::class.java) {
                    EdgeKitClassifier.fromAsset(context, "other.tflite", options)
                }
            assertTrue(error.message!!.contains("no asset other.tflite"))
        }
        val error =
            assertThrows(EdgeKitException::class.java) { EdgeKitClassifier.fromFile(File("/no/such.tflite"), options) }
        assertTrue(error.message!!.contains("/no/such.tflite cannot be read"))
    }

    /** A package that holds one asset. */
    private fun contextWith(name: String, bytes: ByteArray, stored: Boolean): Context {
        val apk = temporary.newFile()
        ZipOutputStream(apk.outputStream()).use { zip ->
            val entry = ZipEntry("assets/$name")
            if (stored) {
                entry.method = ZipEntry.STORED
                entry.size = bytes.size.toLong()
                entry.crc = CRC32().apply { update(bytes) }.value
            }
            zip.putNextEntry(entry)
            zip.write(bytes)
        }
        val assets = AssetManager::class.java.getDeclaredConstructor().newInstance()
        AssetManager::class.java.getMethod("addAssetPath", String::class.java).invoke(assets, apk.path)
        return object : ContextWrapper(RuntimeEnvironment.getApplication()) {
            override fun getAssets(): AssetManager = assets
        }
    }

    @Test
    fun secondThreadIsTold() = withClassifier { classifier ->
        val inside = CountDownLatch(1)
        val tried = CountDownLatch(1)
        val slow = object : dev.edgekit.core.Picture {
            override val width = 16
            override val height = 16
            override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) {
                inside.countDown()
                tried.await()
            }
        }
        val other = thread(name = "camera") { classifier.classify(slow) }
        inside.await()
        val errors = listOf<() -> Unit>({
            classifier.classify(bitmap())
        }, { classifier.predict(ByteArray(1)) }, { classifier.close() })
            .map { assertThrows(IllegalStateException::class.java) { it() } }
        tried.countDown()
        other.join()
        for (error in errors) assertTrue(error.message, error.message!!.contains("at work in the thread camera"))
        classifier.classify(bitmap())
        Unit
    }

    @Test
    fun closedForGood() {
        val classifier = EdgeKitClassifier.fromFile(model, options)
        classifier.close()
        classifier.close()
        val error = assertThrows(IllegalStateException::class.java) { classifier.classify(bitmap()) }
        assertTrue(error.message!!.contains("is closed"))
    }

    @Test
    fun anotherThreadMayComeAfterwards() = withClassifier { classifier ->
        val wanted = classifier.classify(bitmap()).probabilities
        var found: FloatArray? = null
        thread { found = classifier.classify(bitmap()).probabilities }.join()
        assertArrayEquals(wanted, found, 0f)
    }

    @Test
    fun recycledBitmapsAreRefused() = withClassifier { classifier ->
        val gone = bitmap().apply { recycle() }
        val error = assertThrows(EdgeKitException::class.java) { classifier.classify(gone) }
        assertTrue(error.message!!.contains("recycled"))
    }

    @Test
    fun modelsOfOthersAreRefused() {
        val bytes = model.readBytes()
        // Another entry's name: the spec is there no more.
        val place = String(bytes, Charsets.ISO_8859_1).indexOf("EDGEKIT_SPEC")
        assertTrue(place > 0)
        bytes[place] = 'X'.code.toByte()
        val copy = temporary.newFile("foreign.tflite").apply { writeBytes(bytes) }
        val error = assertThrows(EdgeKitException::class.java) { EdgeKitClassifier.fromFile(copy, options) }
        assertTrue(error.message!!.contains("foreign.tflite has no spec of EdgeKit"))
    }

    @Test
    fun specsThatDoNotFitAreRefused() {
        val copy = temporary.newFile("other.tflite")
        copy.writeBytes(
            String(
                model.readBytes(),
                Charsets.ISO_8859_1,
            ).replace("\"width\": 160", "\"width\": 161").toByteArray(Charsets.ISO_8859_1),
        )
        val error = assertThrows(EdgeKitException::class.java) { EdgeKitClassifier.fromFile(copy, options) }
        assertTrue(error.message, error.message!!.contains("takes images of 161x160 pixels"))
        RandomAccessFile(copy, "rw").use { it.setLength(100) }
        assertThrows(EdgeKitException::class.java) { EdgeKitClassifier.fromFile(copy, options) }
    }

    @Test
    fun runtimesOfWhatFailsAreClosed() {
        var closed = 0
        val strange = RuntimeOpener { bytes, file, name, options ->
            val real = JavaCpp.open(bytes, file, name, options)
            object : Runtime by real {
                override val inputs = real.inputs.map { it.copy(dtype = "int64") }
                override fun close() = real.close().also { closed++ }
            }
        }
        val opened = options.copy(opener = strange)
        val error = assertThrows(EdgeKitException::class.java) { EdgeKitClassifier.fromFile(model, opened) }
        assertTrue(error.message!!.contains("takes no pixels"))
        assertEquals(1, closed)
    }

    @Test
    fun photosBeyondAllLimitsAreRefused() {
        val side = 13_400
        val file = ByteArrayOutputStream()
        val out = DataOutputStream(file)
        fun chunk(name: String, content: ByteArray) {
            val named = name.toByteArray() + content
            out.writeInt(content.size)
            out.write(named)
            out.writeInt(CRC32().apply { update(named) }.value.toInt())
        }
        out.writeLong(-0x76afb1b8f2f5e5f6L) // a PNG of black and white pixels
        chunk("IHDR", ByteBuffer.allocate(13).putInt(side).putInt(side).put(byteArrayOf(1, 0, 0, 0, 0)).array())
        val packed = ByteArrayOutputStream()
        DeflaterOutputStream(packed).use { it.write(ByteArray(side * (1 + side / 8))) }
        chunk("IDAT", packed.toByteArray())
        chunk("IEND", ByteArray(0))
        val error = assertThrows(EdgeKitException::class.java) { Photo.decode(file.toByteArray()) }
        assertTrue(error.message, error.message!!.contains("13400x13400 pixels, above the limit"))
    }

    @Test
    fun answersToReadyPixels() = withClassifier { classifier ->
        val seen = PythonCases.bytes(photo.text("seen")).array()
        assertArrayEquals(classifier.classify(bitmap()).probabilities, classifier.predict(seen), 0f)
        assertThrows(IllegalArgumentException::class.java) { classifier.predict(ByteArray(7)) }
        EdgeKitClassifier.fromFile(model, options.copy(keepSeen = false)).use { assertNull(it.classify(bitmap()).seen) }
    }

    /** The AAR has libraries for Android alone: what a person reads on a processor that the app is not built for. */
    @Test
    fun missingLibrariesAreNamed() {
        for (delegate in Delegate.entries) {
            val error =
                assertThrows(EdgeKitException::class.java) {
                    EdgeKitClassifier.fromFile(model, Options(delegate = delegate))
                }
            assertTrue(error.message, error.message!!.startsWith("LiteRT's library does not load here"))
        }
    }

    @Test
    fun nnapiIsNotClaimedBeforeAndroid81() {
        val known = Build.VERSION.SDK_INT
        ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", Build.VERSION_CODES.O)
        try {
            assertTrue(assertThrows(EdgeKitException::class.java) { openNnapi() }.message!!.contains("Android 8.1"))
        } finally {
            ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", known)
        }
    }

    @Test
    fun measurementsFollowTheProtocol() = withClassifier { classifier ->
        var started = 0
        val durations = classifier.measure(LatencyProtocol(1, 0.0, 7, 0.0, 60.0)) { started++ }
        assertEquals(7, durations.size)
        assertEquals(1, started)
        assertTrue(durations.all { it > 0 })
        val times = classifier.classify(bitmap()).times
        assertTrue(times.prepare > 0 && times.run > 0 && times.answer > 0)
    }
}
