package dev.edgekit.docs

import android.content.Context
import android.graphics.Bitmap
import dev.edgekit.EdgeKitClassifier
import java.io.Closeable
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import java.util.concurrent.Future

/** The example of docs/android.md, which is the same from here on. */
class Recognizer(context: Context) : Closeable {
    private val thread = Executors.newSingleThreadExecutor()
    private val classifier: Future<EdgeKitClassifier> =
        thread.submit(Callable { EdgeKitClassifier.fromAsset(context, "flowers.int8.tflite") })

    fun recognize(photo: Bitmap, tell: (String) -> Unit) = thread.execute {
        val best = classifier.get().classify(photo).predictions.first()
        tell("${best.name}: ${(100 * best.probability).toInt()} %")
    }

    override fun close() {
        thread.execute { classifier.get().close() }
        thread.shutdown()
    }
}
