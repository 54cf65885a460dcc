package dev.edgekit.app

import android.os.Looper
import org.robolectric.Shadows.shadowOf
import java.io.File
import java.util.concurrent.TimeUnit

private const val PATIENCE_SECONDS = 60L

/** Lets the main thread work until something holds; other threads work meanwhile. */
fun waitUntil(what: String, holds: () -> Boolean) {
    val end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)
    while (true) {
        shadowOf(Looper.getMainLooper()).idle()
        if (holds()) return
        check(System.nanoTime() < end) { "It does not come to this: $what." }
        Thread.sleep(5)
    }
}

/** Puts a file where `adb push` puts it. */
fun Storage.push(file: File, name: String = file.name): File = file.copyTo(folder.resolve(name), overwrite = true)
