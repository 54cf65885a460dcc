package dev.edgekit.app

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import dev.edgekit.app.bench.LATEST
import java.io.File
import java.io.FileNotFoundException

private const val FILE = "$LATEST.json"

/** Hands the last result to the app that it is shared with, and to no other: others are not granted its address. */
class ResultsProvider : ContentProvider() {
    companion object {
        /** Of the last result. */
        fun address(context: Context): Uri =
            Uri.Builder().scheme("content").authority("${context.packageName}.results").appendPath(FILE).build()
    }

    override fun onCreate(): Boolean = true

    override fun getType(uri: Uri): String = "application/json"

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor =
        ParcelFileDescriptor.open(file(uri), ParcelFileDescriptor.MODE_READ_ONLY)

    override fun query(
        uri: Uri,
        columns: Array<String>?,
        selection: String?,
        arguments: Array<String>?,
        order: String?,
    ): Cursor {
        val names = columns ?: arrayOf(OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE)
        val cursor = MatrixCursor(names)
        val values = mapOf(OpenableColumns.DISPLAY_NAME to FILE, OpenableColumns.SIZE to file(uri).length())
        cursor.addRow(names.map(values::get))
        return cursor
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun update(uri: Uri, values: ContentValues?, selection: String?, arguments: Array<String>?): Int = 0

    override fun delete(uri: Uri, selection: String?, arguments: Array<String>?): Int = 0

    private fun file(uri: Uri): File {
        val context = context ?: throw FileNotFoundException("The app is not there yet.")
        val file = (context.applicationContext as EdgeKitApp).storage.results.resolve(FILE)
        if (uri.path != "/$FILE" || !file.isFile) throw FileNotFoundException("There is no result $uri.")
        return file
    }
}
