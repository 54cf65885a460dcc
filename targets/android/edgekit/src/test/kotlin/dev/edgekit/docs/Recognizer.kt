package dev.edgekit.docs

import android.content.Context
import android.graphics.Bitmap
import dev.edgekit.EdgeKitClassifier
import dev.edgekit.EdgeKitException
import java.io.Closeable
import java.util.concurrent.Executors

/** The example of docs/android.md, which is the same from here on. */
class Recognizer(context: Context) : Closeable {
    private val thread = Executors.newSingleThreadExecutor()
    private val opened = lazy { EdgeKitClassifier.fromAsset(context, "flowers.int8.tflite") }

    fun recognize(photo: Bitmap, tell: (String) -> Unit) = thread.execute {
        val said = try {
            val best = opened.value.classify(photo).predictions.first()
            "${best.name}: ${(100 * best.probability).toInt()} %"
        } catch (error: EdgeKitException) {
            error.message.orEmpty()
        }
        tell(said)
    }

    override fun close() {
        thread.execute { if (opened.isInitialized()) opened.value.close() }
        thread.shutdown()
    }
}
