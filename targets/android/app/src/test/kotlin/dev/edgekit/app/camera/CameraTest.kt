package dev.edgekit.app.camera

import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.hardware.camera2.TotalCaptureResult
import android.hardware.camera2.params.InputConfiguration
import android.hardware.camera2.params.OutputConfiguration
import android.os.Handler
import android.os.HandlerThread
import android.util.Size
import android.view.Surface
import dev.edgekit.app.R
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

/** What is done with an open camera, which does not exist here. */
@RunWith(RobolectricTestRunner::class)
class CameraTest {
    private val problems = ArrayList<Int>()
    private val frames = HandlerThread("frames").apply { start() }
    private val manager = RuntimeEnvironment.getApplication().getSystemService(CameraManager::class.java)
    private val lens = Lens("0", Size(640, 480), 90, false)
    private val camera =
        Camera(manager, lens, SurfaceTexture(0), Handler(frames.looper), {}, { problems += it })

    /** Opening takes a while, in which a person may leave the app. */
    @Test
    fun oneThatOpensTooLateIsClosed() {
        camera.close()
        frames.quitSafely()
        frames.join()
        val device = Device()
        camera.opening.onOpened(device)
        assertTrue(device.isClosed)
        assertEquals(emptyList<Int>(), problems)
    }

    @Test
    fun oneThatIsTakenAwayIsClosedAndTold() {
        val device = Device()
        camera.opening.onDisconnected(device)
        assertTrue(device.isClosed)
        assertEquals(listOf(R.string.camera_gone), problems)
    }

    @Test
    fun anOpenOneIsClosedOnce() {
        val device = Device()
        camera.opening.onOpened(device)
        assertFalse(device.isClosed)
        camera.close()
        camera.close()
        assertEquals(1, device.closed)
    }

    @Suppress("OVERRIDE_DEPRECATION")
    private class Device : CameraDevice() {
        var closed = 0
        val isClosed get() = closed > 0

        override fun close() {
            closed++
        }

        override fun getId(): String = "0"

        override fun createCaptureRequest(template: Int): CaptureRequest.Builder = throw IllegalStateException("gone")

        override fun createReprocessCaptureRequest(result: TotalCaptureResult): CaptureRequest.Builder =
            throw IllegalStateException("gone")

        override fun createCaptureSession(
            surfaces: List<Surface>,
            callback: CameraCaptureSession.StateCallback,
            handler: Handler?,
        ) = Unit

        override fun createCaptureSessionByOutputConfigurations(
            outputs: List<OutputConfiguration>,
            callback: CameraCaptureSession.StateCallback,
            handler: Handler?,
        ) = Unit

        override fun createReprocessableCaptureSession(
            input: InputConfiguration,
            surfaces: List<Surface>,
            callback: CameraCaptureSession.StateCallback,
            handler: Handler?,
        ) = Unit

        override fun createReprocessableCaptureSessionByConfigurations(
            input: InputConfiguration,
            outputs: List<OutputConfiguration>,
            callback: CameraCaptureSession.StateCallback,
            handler: Handler?,
        ) = Unit

        override fun createConstrainedHighSpeedCaptureSession(
            surfaces: List<Surface>,
            callback: CameraCaptureSession.StateCallback,
            handler: Handler?,
        ) = Unit

        override fun createCustomCaptureSession(
            input: InputConfiguration?,
            outputs: List<OutputConfiguration>,
            mode: Int,
            callback: CameraCaptureSession.StateCallback,
            handler: Handler?,
        ) = Unit
    }
}
