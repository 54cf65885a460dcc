package dev.edgekit.core

private const val DEFAULT_LANGUAGE = "en"

/** What to call a label: in the language, else in English, else in the first there is, else its id. */
public fun displayName(label: Label, language: String? = null): String =
    inLanguage(label.names, language).ifEmpty { label.id }

/** A label's description: in the language, else in English, else in the first there is, else empty. */
public fun describeLabel(label: Label, language: String? = null): String = inLanguage(label.descriptions, language)

/**
 * The text for a reader of a language; empty where there is none at all. As edgekit/language.py.
 *
 * @param texts locale to text.
 * @param language as in `de`, `de-AT` or `de_AT.UTF-8`; English without one. What is more special than any locale there
 *   is gets the more general one, and the other way round.
 */
internal fun inLanguage(texts: Map<String, String>, language: String?): String {
    val wanted = if (language.isNullOrEmpty()) listOf(DEFAULT_LANGUAGE) else listOf(language, DEFAULT_LANGUAGE)
    for (one in wanted) {
        val text = texts[one].orEmpty().ifEmpty { nearest(texts, one) }
        if (text.isNotEmpty()) return text
    }
    return texts.values.firstOrNull(String::isNotEmpty).orEmpty()
}

private fun nearest(texts: Map<String, String>, language: String): String {
    val tags = texts.filterValues(String::isNotEmpty).mapKeys { subtags(it.key) }
    val wanted = subtags(language)
    // RFC 4647, lookup
    for (length in wanted.size downTo 1) tags[wanted.take(length)]?.let { return it }
    return tags.entries.firstOrNull { it.key[0] == wanted[0] }?.value.orEmpty()
}

private fun subtags(locale: String): List<String> = locale.substringBefore(
    '.',
).substringBefore('@').replace('_', '-').map(Char::lowercaseChar).joinToString("").split('-')
