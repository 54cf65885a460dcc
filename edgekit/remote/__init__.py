"""Devices behind ssh: one connection, a small agent at its other end, and what it needs sent over.

Nothing that a user names ever becomes part of a shell's command line: the only remote command is a
constant, all else travels as frames (:mod:`edgekit.remote.frames`) to the agent's standard input.
"""
