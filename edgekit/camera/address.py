"""Addresses of network cameras, and what of them may be shown."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)

_USER = re.compile(r"((?:://?|^)[^:@/?#]*):[^/?#]*@")
"""``user:password@``; the password ends at the last ``@`` before the path, as FFmpeg reads it."""

_FIELD = re.compile(r"((?:pass[a-z]*|pwd|psw|secret|token|[a-z]*key|auth)=)[^&#/?\s]*", re.IGNORECASE)
"""``password=...``, which some cameras take in the query or in the path."""


def is_address(text: str) -> bool:
    """Whether this is an address, also where a path made ``rtsp:/`` of its ``rtsp://``."""
    return _ADDRESS.match(text) is not None


def without_password(text: str) -> str:
    """An address as it may be shown and logged: ``rtsp://admin:***@door/stream``. Any other text stays as it is."""
    return _FIELD.sub(r"\1***", _USER.sub(r"\1:***@", text, count=1))
