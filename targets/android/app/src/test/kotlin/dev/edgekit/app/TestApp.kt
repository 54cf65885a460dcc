package dev.edgekit.app

import dev.edgekit.RuntimeOpener
import dev.edgekit.testing.JavaCpp

/** The app with TensorFlow Lite of this machine in LiteRT's place. */
class TestApp : EdgeKitApp() {
    override val opener: RuntimeOpener get() = JavaCpp
}
