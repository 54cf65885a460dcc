package dev.edgekit

import android.annotation.TargetApi
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.ColorSpace
import android.os.Build
import dev.edgekit.core.Orientation
import dev.edgekit.core.checkSize
import dev.edgekit.core.readOrientation
import java.nio.ByteBuffer

/**
 * A photo with the way it has to be turned.
 *
 * @property bitmap as it is stored.
 * @property orientation what makes it stand upright.
 */
public class Photo @JvmOverloads constructor(
    public val bitmap: Bitmap,
    public val orientation: Orientation = Orientation.UPRIGHT,
) {
    public companion object {
        /**
         * Decodes a photo as the model wants it: its own pixels, neither scaled nor converted by a colour profile
         * (Android 8 and 9 may convert those of a profile other than sRGB), alpha not multiplied in.
         *
         * @param file the whole file: JPEG, PNG, WebP or what else Android decodes.
         * @throws EdgeKitException no picture that can be read, or one of more than 178 million pixels.
         */
        @JvmStatic
        public fun decode(file: ByteArray): Photo {
            val options = BitmapFactory.Options()
            options.inScaled = false
            options.inPremultiplied = false
            options.inPreferredConfig = Bitmap.Config.ARGB_8888
            options.inJustDecodeBounds = true
            BitmapFactory.decodeByteArray(file, 0, file.size, options)
            if (options.outWidth > 0) checkSize(options.outWidth, options.outHeight)
            options.inJustDecodeBounds = false
            val bitmap = BitmapFactory.decodeByteArray(file, 0, file.size, options)
                ?: throw EdgeKitException(
                    "The photo cannot be read (${file.size} bytes). Take another one, as JPEG or PNG.",
                )
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) dropProfile(bitmap)
            return Photo(bitmap, readOrientation(ByteBuffer.wrap(file)))
        }

        /** Reading pixels would convert them from the bitmap's colour space to sRGB. */
        @TargetApi(Build.VERSION_CODES.Q)
        private fun dropProfile(bitmap: Bitmap) {
            if (bitmap.config != Bitmap.Config.ARGB_8888) return
            bitmap.setColorSpace(ColorSpace.get(ColorSpace.Named.SRGB))
        }
    }
}
