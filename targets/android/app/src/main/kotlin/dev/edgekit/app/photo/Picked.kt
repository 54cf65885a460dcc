package dev.edgekit.app.photo

import android.content.ContentResolver
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Matrix
import android.net.Uri
import android.os.Build
import android.provider.MediaStore
import dev.edgekit.EdgeKitException
import dev.edgekit.Photo
import dev.edgekit.core.Orientation
import java.io.IOException

/** Longer sides of a photo are not shown in full. */
private const val SHOWN_PIXELS = 1600

/** Asks a person for a photo: the system's photo picker, which needs no permission, or the documents. */
fun pickIntents(): List<Intent> = buildList {
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
        add(Intent(MediaStore.ACTION_PICK_IMAGES).setType("image/*"))
    }
    add(Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("image/*"))
    add(Intent(Intent.ACTION_GET_CONTENT).addCategory(Intent.CATEGORY_OPENABLE).setType("image/*"))
}

/** @throws EdgeKitException it is gone, or no picture. */
fun readPhoto(resolver: ContentResolver, place: Uri): Photo {
    val bytes = try {
        resolver.openInputStream(place)?.use { it.readBytes() }
    } catch (error: IOException) {
        throw EdgeKitException("The photo cannot be read (${error.message}). Pick it again.", error)
    } catch (error: RuntimeException) {
        // What the app that has the photo throws arrives here: it may not be read any more, or that app fails.
        throw EdgeKitException("The photo cannot be had any more (${error.message}). Pick it again.", error)
    }
    return Photo.decode(bytes ?: throw EdgeKitException("The photo is gone. Pick another one."))
}

/** The photo upright, as large as a screen needs it; alpha may be drawn. */
fun showable(photo: Photo): Bitmap {
    val bitmap = photo.bitmap
    val scale = minOf(1f, SHOWN_PIXELS / maxOf(bitmap.width, bitmap.height).toFloat())
    val matrix = uprightMatrix(photo.orientation)
    matrix.postScale(scale, scale)
    // What was decoded for the model cannot be drawn: its alpha is not multiplied in.
    val drawable = if (bitmap.isPremultiplied || !bitmap.hasAlpha()) bitmap else premultiply(bitmap)
    return Bitmap.createBitmap(drawable, 0, 0, bitmap.width, bitmap.height, matrix, true)
}

/** EXIF's eight cases. */
internal fun uprightMatrix(orientation: Orientation): Matrix = Matrix().apply {
    when (orientation) {
        Orientation.UPRIGHT -> Unit

        Orientation.MIRRORED -> setScale(-1f, 1f)

        Orientation.TURNED_180 -> setRotate(180f)

        Orientation.FLIPPED -> setScale(1f, -1f)

        Orientation.TRANSPOSED -> {
            setRotate(90f)
            postScale(-1f, 1f)
        }

        Orientation.TURNED_90 -> setRotate(90f)

        Orientation.TRANSVERSE -> {
            setRotate(-90f)
            postScale(-1f, 1f)
        }

        Orientation.TURNED_270 -> setRotate(-90f)
    }
}

private fun premultiply(bitmap: Bitmap): Bitmap {
    val pixels = IntArray(bitmap.width * bitmap.height)
    bitmap.getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
    return Bitmap.createBitmap(pixels, bitmap.width, bitmap.height, Bitmap.Config.ARGB_8888)
}
