package dev.edgekit.app.camera

import android.os.Handler
import android.os.HandlerThread
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.util.Collections
import java.util.concurrent.CountDownLatch

@RunWith(RobolectricTestRunner::class)
class LastFrameTest {
    private class Numbered(val number: Int) : AutoCloseable {
        @Volatile
        var isClosed = false

        override fun close() {
            check(!isClosed)
            isClosed = true
        }
    }

    private val thread = HandlerThread("worker").apply { start() }
    private val frames = List(5, ::Numbered)
    private val seen = Collections.synchronizedList(ArrayList<Int>())
    private val begun = CountDownLatch(1)
    private val held = CountDownLatch(1)
    private val last = LastFrame<Numbered>(Handler(thread.looper)) {
        begun.countDown()
        held.await()
        check(!it.isClosed)
        seen += it.number
    }

    private fun end() {
        thread.quitSafely()
        thread.join()
    }

    @Test
    fun aSlowThreadGetsTheLast() {
        last.offer(frames[0])
        begun.await()
        for (frame in frames.subList(1, 4)) last.offer(frame)
        // The camera has them back at once.
        assertEquals(listOf(false, true, true, false), frames.take(4).map(Numbered::isClosed))
        held.countDown()
        end()
        last.offer(frames[4])
        assertEquals(listOf(0, 3), seen)
        assertTrue(frames.all(Numbered::isClosed))
    }

    @Test
    fun whatWaitsAtTheEndIsClosedUnseen() {
        last.offer(frames[0])
        begun.await()
        last.offer(frames[1])
        last.drop()
        assertTrue(frames[1].isClosed)
        held.countDown()
        end()
        assertEquals(listOf(0), seen)
    }
}
