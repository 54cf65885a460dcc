package dev.edgekit.core

import org.junit.Test
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.util.Random

/** Not a test, and not found by its name: benchmarks/android_resize.py asks for it. */
class ResizeBenchmark {
    private val width = 1280
    private val height = 720
    private val random = Random(1)
    private val clock = ManagementFactory.getThreadMXBean()

    private fun bytes(size: Int): ByteBuffer =
        ByteBuffer.allocateDirect(size).apply { put(ByteArray(size).also(random::nextBytes)).rewind() }

    private fun plane(width: Int, height: Int, pixelStride: Int): YuvPlane =
        YuvPlane(bytes(width * height * pixelStride), width * pixelStride, pixelStride)

    private fun camera(): Picture {
        val (columns, rows) = width / 2 to height / 2
        return YuvPicture(width, height, plane(width, height, 1), plane(columns, rows, 2), plane(columns, rows, 2))
    }

    @Test
    fun frameTo224() {
        val opaque = IntArray(width * height) { random.nextInt() or OPAQUE }
        val pictures = mapOf(
            "pixels" to ArgbPicture(width, height, opaque),
            "rgb" to BytePicture(width, height, 3, bytes(width * height * 3)),
            "camera" to camera(),
            "camera, turned" to turn(camera(), Orientation.TURNED_90),
        )
        for (mode in listOf(ResizeMode.CROP, ResizeMode.STRETCH)) {
            for ((name, picture) in pictures) {
                val preparation = Preparation(ImageFormat(224, 224, resize = mode))
                val out = ByteArray(224 * 224 * 3)
                repeat(300) { preparation.prepare(picture, out) }
                val times = LongArray(201) {
                    val begin = clock.currentThreadCpuTime
                    preparation.prepare(picture, out)
                    clock.currentThreadCpuTime - begin
                }
                println("resize;${mode.id};$name;${times.sortedArray()[100]}")
            }
        }
    }
}
