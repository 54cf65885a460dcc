package dev.edgekit.app.main

import android.graphics.SurfaceTexture
import android.hardware.display.DisplayManager
import android.media.Image
import android.util.Size
import android.view.TextureView
import dev.edgekit.app.R
import dev.edgekit.app.camera.Camera
import dev.edgekit.app.camera.Lens
import dev.edgekit.app.camera.cameraManager
import dev.edgekit.app.camera.fillView
import dev.edgekit.app.camera.findLens
import dev.edgekit.app.camera.frameRotation

/**
 * A camera's picture in a view, and its frames to a recognizer.
 *
 * To be used in the main thread; [stop] comes before the recognizer's end.
 *
 * @param onProblem called in the main thread with the number of a sentence.
 */
class Preview(
    private val view: TextureView,
    private val recognizer: Recognizer,
    private val onProblem: (Int) -> Unit,
) : TextureView.SurfaceTextureListener,
    DisplayManager.DisplayListener {
    private val displays = view.context.getSystemService(DisplayManager::class.java)
    private var lens: Lens? = null
    private var camera: Camera? = null

    /** How the screen is turned, degrees; the frames' thread reads it. */
    @Volatile
    private var turned = 0

    /** Begins as soon as the view is there. */
    fun start() {
        val found = findLens(cameraManager(view.context)) ?: return onProblem(R.string.camera_none)
        lens = found
        displays.registerDisplayListener(this, null)
        view.surfaceTextureListener = this
        view.surfaceTexture?.takeIf { view.isAvailable }?.let(::open)
    }

    /** Ends; the camera is free for other apps. */
    fun stop() {
        displays.unregisterDisplayListener(this)
        view.surfaceTextureListener = null
        closeCamera()
    }

    private fun open(texture: SurfaceTexture) {
        val lens = lens ?: return
        if (camera != null) return
        val opened =
            Camera(cameraManager(view.context), lens, texture, recognizer.handler, { onFrame(it, lens) }, onProblem)
        camera = opened
        turn()
        opened.open()
    }

    private fun closeCamera() {
        camera?.close()
        camera = null
    }

    private fun onFrame(frame: Image, lens: Lens) =
        recognizer.onFrame(frame, frameRotation(lens.sensor, turned, lens.isFront))

    private fun turn() {
        val lens = lens ?: return
        // Of the screen that shows the view: a phone can have two.
        turned = 90 * (view.display?.rotation ?: 0)
        if (view.width == 0 || view.height == 0) return
        view.setTransform(fillView(Size(view.width, view.height), lens.size, lens.sensor, turned))
    }

    override fun onSurfaceTextureAvailable(texture: SurfaceTexture, width: Int, height: Int) = open(texture)

    override fun onSurfaceTextureSizeChanged(texture: SurfaceTexture, width: Int, height: Int) = turn()

    override fun onSurfaceTextureDestroyed(texture: SurfaceTexture): Boolean {
        closeCamera()
        return true
    }

    override fun onSurfaceTextureUpdated(texture: SurfaceTexture) = Unit

    // From landscape to the other landscape no activity is made anew.
    override fun onDisplayChanged(display: Int) = turn()

    override fun onDisplayAdded(display: Int) = Unit

    override fun onDisplayRemoved(display: Int) = Unit
}
