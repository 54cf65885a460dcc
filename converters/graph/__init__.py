"""Rewriting a program's graph for runtimes that execute TensorFlow's operations: one file a pass."""
