package dev.edgekit.app.main

import android.content.SharedPreferences
import dev.edgekit.Delegate
import dev.edgekit.app.StoredModel

/** The model and the delegate that a person chose last. */
class Choices(private val preferences: SharedPreferences) {
    /** The chosen one, or the first. */
    fun model(among: List<StoredModel>): Int {
        val name = preferences.getString("model", null)
        return among.indexOfFirst { it.name == name }.coerceAtLeast(0)
    }

    var delegate: Delegate
        get() = Delegate.entries.find { it.name == preferences.getString("delegate", null) } ?: Delegate.AUTO
        set(value) = preferences.edit().putString("delegate", value.name).apply()

    /** Keeps a choice. */
    fun keep(model: StoredModel) = preferences.edit().putString("model", model.name).apply()
}
