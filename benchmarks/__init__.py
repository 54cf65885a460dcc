"""Benchmarks: each a script of its own that compares side by side in one run."""
