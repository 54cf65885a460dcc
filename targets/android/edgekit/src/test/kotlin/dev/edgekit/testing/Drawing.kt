package dev.edgekit.testing

/** The JUnit category of what draws pictures: see the profile `drawing` of the pom. */
interface Drawing
