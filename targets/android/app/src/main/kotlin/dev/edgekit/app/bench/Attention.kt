package dev.edgekit.app.bench

import android.app.Activity

/**
 * Whether an activity stays in front while it measures: Android slows down what is behind. Told by [Activity.onResume]
 * and [Activity.onPause].
 */
class Attention : Watch {
    @Volatile
    private var isIn = false

    @Volatile
    private var left = false

    @Volatile
    override var isCancelled: Boolean = false
        private set

    fun resume() {
        isIn = true
    }

    fun pause() {
        isIn = false
        left = true
    }

    /** Nobody waits for it any more. */
    fun cancel() {
        isCancelled = true
    }

    override fun begin(model: String) {
        left = !isIn
    }

    override fun disturbances(): List<String> = if (left) {
        listOf(
            "The app was not in front while it measured. Leave it there, the phone unlocked.",
        )
    } else {
        emptyList()
    }
}
