package dev.edgekit.app

import android.app.Application
import dev.edgekit.LiteRt
import dev.edgekit.RuntimeOpener

/** The app's process. */
open class EdgeKitApp : Application() {
    /** What opens models. */
    open val opener: RuntimeOpener get() = LiteRt

    /** What it has and takes. */
    val storage: Storage by lazy { Storage(this) }

    override fun onCreate() {
        super.onCreate()
        // A folder that files can be pushed to is there from the first start on.
        storage.prepare()
    }
}

/** The app that an activity belongs to. */
internal val android.app.Activity.app: EdgeKitApp get() = application as EdgeKitApp
