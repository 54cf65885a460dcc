"""What the command line and a notebook call: train, export, verify, benchmark.

The functions are re-exported by :mod:`edgekit`; each stands in a module of its own here.
"""
