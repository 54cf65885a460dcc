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
import android.os.Looper
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
} catch (_: IllegalArgumentException) {
    // It was pulled out meanwhile.
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

/** One is looked at, one waits, and two are held for a moment where the last of those that came is taken. */
private const val FRAMES = 4

/**
 * An open camera: its picture on a surface, and its frames one at a time to a thread. While one is worked on, those
 * that come are dropped, but for the last.
 *
 * To be used in the main thread, which hears from the system, too: it never ends, so that a camera that opens after all
 * is over is still closed, and kept from no other app.
 *
 * @param frames of the thread that gets the frames; it may end after [close].
 * @param onFrame is called there; the frame is closed afterwards.
 * @param onProblem is called in the main thread with the number of a sentence.
 */
class Camera(
    private val manager: CameraManager,
    private val lens: Lens,
    private val texture: SurfaceTexture,
    private val frames: Handler,
    private val onFrame: (Image) -> Unit,
    private val onProblem: (Int) -> Unit,
) {
    private val reader =
        ImageReader.newInstance(lens.size.width, lens.size.height, ImageFormat.YUV_420_888, FRAMES)
    private val last = LastFrame<Image>(frames) { if (!closed) onFrame(it) }
    private var device: CameraDevice? = null
    private var surface: Surface? = null
    private val main = Handler(Looper.getMainLooper())

    @Volatile
    private var closed = false

    /** What the system says of it. */
    internal val opening: CameraDevice.StateCallback = Opening()

    /** To be called where a person has allowed it. */
    @SuppressLint("MissingPermission")
    fun open() {
        reader.setOnImageAvailableListener({ if (!closed) it.acquireLatestImage()?.let(last::offer) }, main)
        try {
            manager.openCamera(lens.id, opening, main)
        } catch (_: CameraAccessException) {
            onProblem(R.string.camera_busy)
        } catch (_: IllegalArgumentException) {
            onProblem(R.string.camera_gone)
        } catch (_: SecurityException) {
            onProblem(R.string.camera_refused)
        }
    }

    /** Frees it for other apps. */
    fun close() {
        if (closed) return
        closed = true
        device?.close()
        device = null
        surface?.release()
        surface = null
        last.drop()
        // Not before the frame that is worked on now: its memory is the reader's.
        frames.post(reader::close)
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
            camera.createCaptureSession(surfaces, callback, main)
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
        camera.createCaptureSession(SessionConfiguration(kind, outputs, { main.post(it) }, callback))
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
            session.setRepeatingRequest(request, null, main)
        }

        override fun onConfigureFailed(session: CameraCaptureSession) {
            if (!closed) onProblem(R.string.camera_gone)
        }
    }
}

/** The phone's cameras. */
fun cameraManager(context: Context): CameraManager = context.getSystemService(CameraManager::class.java)
