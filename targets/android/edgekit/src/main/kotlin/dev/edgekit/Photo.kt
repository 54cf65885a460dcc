package dev.edgekit

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.ColorSpace
import android.os.Build
import dev.edgekit.core.Orientation
import dev.edgekit.core.readOrientation
import java.nio.ByteBuffer

/**
 * A photo with the way it has to be turned.
 *
 * @property bitmap as it is stored.
 * @property orientation what makes it stand upright.
 */
public class Photo(public val bitmap: Bitmap, public val orientation: Orientation = Orientation.UPRIGHT) {
    public companion object {
        /**
         * Decodes a photo as the model wants it: its own pixels, neither scaled nor converted by a colour profile
         * (before Android 10 those of a profile other than sRGB are converted), alpha not multiplied in.
         *
         * @param file the whole file: JPEG, PNG, WebP or what else Android decodes.
         * @throws EdgeKitException no picture that can be read.
         */
        public fun decode(file: ByteArray): Photo {
            val options = BitmapFactory.Options()
            options.inScaled = false
            options.inPremultiplied = false
            options.inPreferredConfig = Bitmap.Config.ARGB_8888
            val bitmap = BitmapFactory.decodeByteArray(file, 0, file.size, options)
                ?: throw EdgeKitException(
                    "The photo cannot be read (${file.size} bytes). Take another one, as JPEG or PNG.",
                )
            dropProfile(bitmap)
            return Photo(bitmap, readOrientation(ByteBuffer.wrap(file)))
        }

        /** Reading pixels would convert them from the bitmap's colour space to sRGB. */
        private fun dropProfile(bitmap: Bitmap) {
            val sRgb = ColorSpaces.sRgb ?: return
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q &&
                bitmap.config == Bitmap.Config.ARGB_8888
            ) {
                bitmap.setColorSpace(sRgb)
            }
        }
    }
}

/** In a class of its own: Android 7 has none. */
private object ColorSpaces {
    val sRgb: ColorSpace? =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.O) ColorSpace.get(ColorSpace.Named.SRGB) else null
}
