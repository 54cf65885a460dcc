"""Converters: one file a format. :mod:`edgekit.converters.base` has the protocol and the registry."""
