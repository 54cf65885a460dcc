"""The Gradle project that ``--to android`` writes: which files it has, and how it is named."""
