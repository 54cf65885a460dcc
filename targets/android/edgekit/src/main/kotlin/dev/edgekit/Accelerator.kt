package dev.edgekit

import android.os.Build
import org.tensorflow.lite.gpu.CompatibilityList
import org.tensorflow.lite.gpu.GpuDelegate
import org.tensorflow.lite.nnapi.NnApiDelegate
import org.tensorflow.lite.Delegate as LiteRtDelegate

/** A delegate that is open, with its name. */
internal class Accelerator(val kernels: String, val delegate: LiteRtDelegate?) {
    fun close() {
        delegate?.close()
    }

    companion object {
        val None = Accelerator("XNNPACK", null)
    }
}

/** @throws EdgeKitException the app lacks the delegate, or the phone's graphics processor is not fit for it. */
internal fun openGpu(): Accelerator = opening("GPU delegate", "Add the dependency litert-gpu to the app") {
    val fit = CompatibilityList().use { it.isDelegateSupportedOnThisDevice }
    if (!fit) {
        throw EdgeKitException(
            "The GPU delegate does not know this phone's graphics processor. The processor runs the model.",
        )
    }
    GpuDelegate()
}

/** @throws EdgeKitException the phone has no Neural Networks API. */
internal fun openNnapi(): Accelerator = opening("NNAPI delegate", "Use Delegate.CPU") {
    // On an older one the delegate starts, takes nothing, and says nothing.
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.O_MR1) {
        throw EdgeKitException("The Neural Networks API came with Android 8.1. The processor runs the model.")
    }
    NnApiDelegate()
}

private fun opening(kernels: String, advice: String, open: () -> LiteRtDelegate): Accelerator = try {
    Accelerator(kernels, open())
} catch (error: LinkageError) {
    // No class, or no native library for this processor.
    throw EdgeKitException("The $kernels is not part of this app ($error). $advice.", error)
} catch (error: RuntimeException) {
    if (error is EdgeKitException) throw error
    throw EdgeKitException("The $kernels does not start here (${error.message}). The processor runs the model.", error)
}
