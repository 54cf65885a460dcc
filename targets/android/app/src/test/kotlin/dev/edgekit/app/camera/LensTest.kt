package dev.edgekit.app.camera

import android.graphics.ImageFormat
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraManager
import android.util.Size
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowCameraCharacteristics
import org.robolectric.shadows.StreamConfigurationMapBuilder

/** Which camera is taken. It is not opened: Robolectric 4.17's shadow names a class that Android 14 has not. */
@RunWith(RobolectricTestRunner::class)
class LensTest {
    private val application = RuntimeEnvironment.getApplication()
    private val manager = application.getSystemService(CameraManager::class.java)

    private fun addCamera(id: String, facing: Int) {
        val facts = ShadowCameraCharacteristics.newCameraCharacteristics()
        val sizes = StreamConfigurationMapBuilder.newBuilder()
        for (size in listOf(Size(4000, 3000), Size(1280, 720))) {
            sizes.addOutputSize(size).addOutputSize(ImageFormat.YUV_420_888, size)
        }
        shadowOf(facts).set(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP, sizes.build())
        shadowOf(facts).set(CameraCharacteristics.LENS_FACING, facing)
        shadowOf(facts).set(CameraCharacteristics.SENSOR_ORIENTATION, 90)
        shadowOf(manager).addCamera(id, facts)
    }

    @Test
    fun theCameraAtTheBackIsTaken() {
        addCamera("0", CameraCharacteristics.LENS_FACING_FRONT)
        addCamera("1", CameraCharacteristics.LENS_FACING_BACK)
        val lens = findLens(manager)!!
        assertEquals("1", lens.id)
        assertEquals(Size(1280, 720), lens.size)
        assertFalse(lens.isFront)
    }

    @Test
    fun phonesWithoutCameraHaveNoLens() {
        assertNull(findLens(manager))
    }
}
