"""Cutting a stream of JPEGs, one behind the other (Motion JPEG), into its pictures.

A picture ends at the marker FFD9, but those two bytes may also stand in its header, in the thumbnail of an EXIF
segment for one. So the segments are walked by their lengths, and only the coded pixels are searched: there a byte
FF is always followed by 00 or a restart marker (ITU-T T.81, B.1.1.5).
"""

from __future__ import annotations

import re

_START = b"\xff\xd8\xff"
_START_CODE, _SCAN_CODE, _END_CODE = 0xD8, 0xDA, 0xD9
_MAY_HOLD_PICTURES = (*range(0xE0, 0xF0), 0xFE)
"""Segments of applications, as EXIF with its thumbnail, and comments."""

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)

MAX_BYTES = 64 << 20
"""Of one picture; what has no end until there is no JPEG."""


class JpegSplitter:
    """Takes a stream in pieces of any size and gives whole JPEGs.

    What arrives incomplete, cut off by the beginning of the next picture or without sense, is left out.

    Attributes:
        damaged: how many pictures were left out.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._data = bytearray()
        self._position = 0
        """How far the picture at the beginning of the data has been walked; 0 where none has begun."""
        self._in_scan = False

    def feed(self, data: bytes) -> list[bytes]:
        """The pictures that are complete now, in order."""
        self._data += data
        pictures = []
        while (picture := self._next()) is not None:
            pictures.append(picture)
        return pictures

    def _next(self) -> bytes | None:
        while self._position or self._find_start():
            try:
                end = self._walk()
            except _DamagedError as damage:
                self.damaged += 1
                self._drop(damage.resume)
                continue
            if end is None:
                return None
            picture = bytes(self._data[:end])
            self._drop(end)
            return picture
        return None

    def _find_start(self) -> bool:
        """Drops what stands before the next picture."""
        start = self._data.find(_START)
        if start < 0:
            # The first bytes of a beginning may be there already.
            self._drop(max(len(self._data) - len(_START) + 1, 0))
            return False
        self._drop(start)
        self._position = 2
        return True

    def _walk(self) -> int | None:
        """Where the picture ends; ``None`` where that has not arrived yet."""
        data = self._data
        while len(data) >= self._position + 2:
            if self._in_scan:
                found = _NEXT_MARKER.search(data, self._position)
                if found is None:
                    self._position = len(data) - 1  # its last byte may be the first one of a marker
                    break
                self._position, self._in_scan = found.start(), False
            mark, code = data[self._position : self._position + 2]
            if mark != 0xFF:
                raise _DamagedError(2)
            if code == _START_CODE:  # the next picture, before this one has ended
                raise _DamagedError(self._position)
            if code == _END_CODE:
                return self._position + 2
            if code == 0xFF:  # fill bytes may stand before a marker
                self._position += 1
                continue
            if len(data) < self._position + 2 + len(_START):
                break
            end = self._position + 2 + int.from_bytes(data[self._position + 2 : self._position + 4], "big")
            # Cut off within its header the next picture stands there: right behind a marker, in place of the length;
            # or in a segment, at its end too, which a picture within a segment does not reach.
            behind, past = self._position + 2, end + len(_START) - 1
            within = behind if code not in _MAY_HOLD_PICTURES else max(end - len(_START) + 1, behind)
            for first, last in ((behind, behind + len(_START)), (within, past)):
                if (begun := data.find(_START, first, last)) >= 0:
                    raise _DamagedError(begun)
            if len(data) < past:
                break
            self._position, self._in_scan = end, code == _SCAN_CODE
        if len(data) > MAX_BYTES:
            raise _DamagedError(2)
        return None

    def _drop(self, count: int) -> None:
        del self._data[:count]
        self._position, self._in_scan = 0, False


class _DamagedError(Exception):
    """The picture makes no sense; the next one may begin at ``resume``."""

    def __init__(self, resume: int) -> None:
        super().__init__(resume)
        self.resume = resume
