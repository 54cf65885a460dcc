"""The device's side of a connection. Sent over as source, so these modules use the standard library and each other.

It does one request at a time, and everything that it starts or writes ends with the connection: at the end of its
standard input, or after :data:`~edgekit.remote.agent.serve.SILENCE` seconds without a sign of life from the other
side, it kills what it runs, removes its working folder and leaves.

A frame is a length (4 bytes, big endian), so many bytes of JSON, and ``size`` raw bytes where the JSON has that key.
Requests carry ``id``; every answer carries it again, the last one with ``done``. A frame without ``do``, here, or
with ``alive``, there, is a sign of life and no more.
"""
