package dev.edgekit.app.bench

import android.app.Activity

/**
 * Whether an activity stays in front while it measures: Android slows down what is behind. Told by [Activity.onResume]
 * and [Activity.onPause].
 */
class Attention : Watch {
    private var isIn = false
    private var left = false

    @Volatile
    override var isCancelled: Boolean = false
        private set

    @Synchronized
    fun resume() {
        isIn = true
    }

    @Synchronized
    fun pause() {
        isIn = false
        left = true
    }

    /** Nobody waits for it any more. */
    fun cancel() {
        isCancelled = true
    }

    @Synchronized
    override fun begin(model: String) {
        left = !isIn
    }

    @Synchronized
    override fun disturbances(): List<String> = if (left) {
        listOf(
            "The app was not in front while it measured. Leave it there, the phone unlocked.",
        )
    } else {
        emptyList()
    }
}
