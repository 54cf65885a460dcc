package dev.edgekit.app.main

import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Spinner
import dev.edgekit.app.R

/**
 * Offers a choice.
 *
 * @param onChoice is called with the place of another one that a person chose.
 */
internal fun Spinner.fill(items: List<String>, chosen: Int, onChoice: (Int) -> Unit) {
    // No call for what is set here.
    onItemSelectedListener = null
    adapter = ArrayAdapter(context, R.layout.choice, items).apply { setDropDownViewResource(R.layout.choice_item) }
    setSelection(chosen, false)
    var last = chosen
    onItemSelectedListener = object : AdapterView.OnItemSelectedListener {
        override fun onItemSelected(parent: AdapterView<*>?, view: View?, place: Int, id: Long) {
            if (place == last) return
            last = place
            onChoice(place)
        }

        override fun onNothingSelected(parent: AdapterView<*>?) = Unit
    }
}
