package dev.edgekit.testing

/** The JUnit category of tests whose right answers are Python's, made for one run: see `edgekit.cases` of the pom. */
interface AgainstPython
