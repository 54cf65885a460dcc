package dev.edgekit

/**
 * Something about a model, a photo or a setting that stands in the way. Its message names the thing, the reason and the
 * next step, and can be shown to a person.
 */
public class EdgeKitException(message: String, cause: Throwable? = null) : RuntimeException(message, cause)
