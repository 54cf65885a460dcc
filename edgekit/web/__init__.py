"""Pages for browsers: where the built page comes from, what a site consists of, and the server that shows it."""
