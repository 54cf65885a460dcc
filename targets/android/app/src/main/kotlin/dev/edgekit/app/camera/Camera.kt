package dev.edgekit.app.camera

import android.annotation.SuppressLint
import android.annotation.TargetApi
import android.content.Context
import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.hardware.camera2.params.OutputConfiguration
import android.hardware.camera2.params.SessionConfiguration
import android.media.Image
import android.media.ImageReader
import android.os.Build
import android.os.Handler
import android.util.Size
import android.view.Surface
import dev.edgekit.app.R

/**
 * One camera of the phone.
 *
 * @property id of the system.
 * @property size of its frames, pixels.
 * @property sensor how it is built in, degrees clockwise.
 */
class Lens(val id: String, val size: Size, val sensor: Int, val isFront: Boolean)

/** The camera at the back, else any; `null` where there is none that can be used. */
fun findLens(manager: CameraManager): Lens? = try {
    val lenses = manager.cameraIdList.mapNotNull { describe(it, manager.getCameraCharacteristics(it)) }
    lenses.firstOrNull { !it.isFront } ?: lenses.firstOrNull()
} catch (_: CameraAccessException) {
    null
}

private fun describe(id: String, facts: CameraCharacteristics): Lens? {
    val streams = facts[CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP] ?: return null
    val shown = streams.getOutputSizes(SurfaceTexture::class.java).orEmpty().toSet()
    val read = streams.getOutputSizes(ImageFormat.YUV_420_888).orEmpty().filter { it in shown }
    val size = chooseSize(read) ?: return null
    val isFront = facts[CameraCharacteristics.LENS_FACING] == CameraCharacteristics.LENS_FACING_FRONT
    return Lens(id, size, facts[CameraCharacteristics.SENSOR_ORIENTATION] ?: 0, isFront)
}

/**
 * An open camera: its picture on a surface, and its frames one at a time to a thread. While one is worked on, those
 * that come are dropped, but for the last.
 *
 * @param handler of the thread that gets the frames, and in which all of this happens.
 * @param onFrame is called there; the frame is closed afterwards.
 * @param onProblem is called there with the number of a sentence.
 */
class Camera(
    private val manager: CameraManager,
    private val lens: Lens,
    private val texture: SurfaceTexture,
    private val handler: Handler,
    private val onFrame: (Image) -> Unit,
    private val onProblem: (Int) -> Unit,
) {
    private val reader =
        ImageReader.newInstance(lens.size.width, lens.size.height, ImageFormat.YUV_420_888, 2)
    private var device: CameraDevice? = null
    private var surface: Surface? = null
    private var closed = false

    /** To be called in the handler's thread, where a person has allowed it. */
    @SuppressLint("MissingPermission")
    fun open() {
        reader.setOnImageAvailableListener({ if (!closed) it.acquireLatestImage()?.use(onFrame) }, handler)
        try {
            manager.openCamera(lens.id, Opening(), handler)
        } catch (_: CameraAccessException) {
            onProblem(R.string.camera_busy)
        } catch (_: SecurityException) {
            onProblem(R.string.camera_refused)
        }
    }

    /** To be called in the handler's thread. */
    fun close() {
        closed = true
        device?.close()
        device = null
        reader.close()
        surface?.release()
        surface = null
    }

    private fun begin(camera: CameraDevice) {
        texture.setDefaultBufferSize(lens.size.width, lens.size.height)
        val shown = Surface(texture).also { surface = it }
        val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
        request.addTarget(shown)
        request.addTarget(reader.surface)
        request[CaptureRequest.CONTROL_AF_MODE] = CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE
        startSession(camera, listOf(shown, reader.surface), Running(request.build()))
    }

    private fun startSession(
        camera: CameraDevice,
        surfaces: List<Surface>,
        callback: CameraCaptureSession.StateCallback,
    ) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            startNewSession(camera, surfaces, callback)
        } else {
            @Suppress("DEPRECATION")
            camera.createCaptureSession(surfaces, callback, handler)
        }
    }

    @TargetApi(Build.VERSION_CODES.P)
    private fun startNewSession(
        camera: CameraDevice,
        surfaces: List<Surface>,
        callback: CameraCaptureSession.StateCallback,
    ) {
        val outputs = surfaces.map(::OutputConfiguration)
        val kind = SessionConfiguration.SESSION_REGULAR
        camera.createCaptureSession(SessionConfiguration(kind, outputs, { handler.post(it) }, callback))
    }

    private fun guard(work: () -> Unit) {
        try {
            if (!closed) work()
        } catch (_: CameraAccessException) {
            onProblem(R.string.camera_gone)
        } catch (_: IllegalStateException) {
            // It was closed meanwhile, by the system.
            onProblem(R.string.camera_gone)
        } catch (_: IllegalArgumentException) {
            // The surface is gone with its view.
            onProblem(R.string.camera_gone)
        }
    }

    private inner class Opening : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            if (closed) return camera.close()
            device = camera
            guard { begin(camera) }
        }

        override fun onDisconnected(camera: CameraDevice) = lose(camera, R.string.camera_gone)

        override fun onError(camera: CameraDevice, error: Int) = lose(camera, R.string.camera_busy)

        private fun lose(camera: CameraDevice, reason: Int) {
            camera.close()
            if (!closed) onProblem(reason)
        }
    }

    private inner class Running(private val request: CaptureRequest) : CameraCaptureSession.StateCallback() {
        override fun onConfigured(session: CameraCaptureSession) = guard {
            session.setRepeatingRequest(request, null, handler)
        }

        override fun onConfigureFailed(session: CameraCaptureSession) = onProblem(R.string.camera_gone)
    }
}

/** The phone's cameras. */
fun cameraManager(context: Context): CameraManager = context.getSystemService(CameraManager::class.java)
