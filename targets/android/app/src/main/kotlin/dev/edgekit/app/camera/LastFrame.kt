package dev.edgekit.app.camera

import android.os.Handler
import java.util.concurrent.atomic.AtomicReference

/**
 * Hands frames to a thread that is slower than the camera: while it looks at one, of those that come the last waits and
 * the others are closed. So the camera never waits for free memory, which would stop its preview, too.
 *
 * @param worker of the thread.
 * @param look is called there; the frame is closed afterwards.
 */
internal class LastFrame<T : AutoCloseable>(private val worker: Handler, private val look: (T) -> Unit) {
    private val waiting = AtomicReference<T?>()

    /** Takes a frame; to be called in one thread. */
    fun offer(frame: T) {
        val older = waiting.getAndSet(frame)
        // Where one waits, the thread is going to look already.
        if (older != null) older.close() else if (!worker.post { waiting.getAndSet(null)?.use(look) }) drop()
    }

    /** Closes the frame that waits. */
    fun drop() {
        waiting.getAndSet(null)?.close()
    }
}
