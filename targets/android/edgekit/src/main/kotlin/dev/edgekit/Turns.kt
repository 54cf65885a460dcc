package dev.edgekit

import java.util.concurrent.atomic.AtomicReference

/** Lets one thread in at a time, and tells a second one instead of letting it wait: frames would pile up. */
internal class Turns(private val name: String) {
    private val inside = AtomicReference<Thread?>()
    private var closed = false

    /** @throws IllegalStateException another thread is inside, or it is closed. */
    fun <T> take(work: () -> T): T = enter {
        check(!closed) { "The classifier of $name is closed. Make a new one." }
        work()
    }

    /** The last turn; later ones do nothing. */
    fun close(work: () -> Unit): Unit = enter {
        if (!closed) work()
        closed = true
    }

    private fun <T> enter(work: () -> T): T {
        val current = Thread.currentThread()
        check(inside.compareAndSet(null, current)) {
            "The classifier of $name is at work in the thread ${inside.get()?.name}, and ${current.name} called it. " +
                "Call it from one background thread, or make one for each."
        }
        try {
            return work()
        } finally {
            inside.set(null)
        }
    }
}
