"""A request that cannot be done."""

from __future__ import annotations

import errno

KINDS = {errno.ENOSPC: "no-space", errno.EDQUOT: "no-space", errno.EACCES: "permission", errno.EROFS: "permission"}


class Refused(Exception):
    """Why, as a kind that the other side knows, and in words."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind

    @classmethod
    def by(cls, error: OSError) -> Refused:
        return cls(KINDS.get(error.errno or 0, "system"), f"{error.filename or 'it'}: {error.strerror or error}")
