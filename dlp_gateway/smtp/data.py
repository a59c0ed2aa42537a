"""Reading of message data (RFC 5321 sections 4.1.1.4 and 4.5.2), block by block.

The data end at the first CRLF.CRLF and nowhere else. Anything that another
mail system might take for an end of line or of message (a bare CR, a bare LF,
a NUL) spoils the message but does not end it: reading goes on to the real
end, so that client and server stay in step, and then the message is refused.
This is what SMTP smuggling needs to fail (CVE-2023-51764 and its relatives).

Pure: bytes in, bytes out, no input or output. The result does not depend on
how the stream is cut into blocks. Work is a few passes of C code over each
block; memory is the message once, and nothing once it is spoiled.
"""

from __future__ import annotations

import io
import re
from enum import Enum

_END = b"\r\n.\r\n"
_STUFFED_LINE = re.compile(rb"\r\n\.(?!\r\n)")


class Spoiled(Enum):
    """Why data will not become a message."""

    LINE_ENDING = "bare CR, bare LF or NUL"
    TOO_BIG = "more octets than allowed"
    NO_MEMORY = "more octets than may be held in memory at once"


class DataReader:
    """Takes the octets that follow a 354 reply until the end of data.

    ``max_bytes`` bounds what is stored. With ``normalise``, bare CR and LF
    count as ends of line instead of spoiling the message: each becomes CRLF
    in ``content`` (a NUL still spoils), and counts as the two octets it will
    be. The end of data is CRLF.CRLF all the same.
    """

    def __init__(self, max_bytes: int, *, normalise: bool = False) -> None:
        self._max_bytes = max_bytes
        self._normalise = normalise
        self._bare = False
        self._store = io.BytesIO()
        # The CRLF of the DATA command counts as the first half of an end of data (RFC 5321 section 4.1.1.4).
        self._held = b"\r\n"
        self._first = True
        self.spoiled: Spoiled | None = None
        self.stored = 0
        self.received = 0

    def feed(self, block: bytes) -> bytes | None:
        """Take the next octets; return those behind the end of data, None if it has not come.

        Must not be called again once it has returned bytes.
        """
        self.received += len(block)
        data = self._held + block if self._held else block
        end = data.find(_END)
        if end >= 0:
            self._take(data[: end + 2])
            return data[end + len(_END) :]
        keep = _partial_end(data)
        self._held = data[len(data) - keep :]
        self._take(data[: len(data) - keep] if keep else data)
        return None

    def spoil(self, why: Spoiled) -> None:
        """Give up the message and its memory; ``feed`` still finds the end."""
        if self.spoiled is None:
            self.spoiled = why
        self._store = io.BytesIO()
        self.stored = 0

    def content(self) -> bytes:
        """Return the message, dots unstuffed. Valid once, when the end was found and nothing spoiled."""
        content = self._store.getvalue()  # shares the buffer: no copy
        self._store = io.BytesIO()
        return _normalised(content, bare=self._bare) if self._normalise else content

    def _take(self, data: bytes) -> None:
        """Check and store octets that never end in half a CRLF."""
        if self.spoiled is not None or not data:
            return None
        pairs = data.count(b"\r\n")
        bare = data.count(b"\r") + data.count(b"\n") - 2 * pairs
        if bare:
            if not self._normalise:
                return self.spoil(Spoiled.LINE_ENDING)
            self._bare = True
        if b"\0" in data:
            return self.spoil(Spoiled.LINE_ENDING)
        if not self._normalise:
            # No lone dot is left before the end of data, so every dot that starts a line was stuffed.
            data = data.replace(b"\r\n.", b"\r\n")
        if self._first:
            data = data[2:]
            self._first = False
        self.stored += len(data) + bare
        if self.stored > self._max_bytes:
            return self.spoil(Spoiled.TOO_BIG)
        self._store.write(data)
        return None


def _partial_end(data: bytes) -> int:
    """Return how many last octets may be the beginning of the end of data."""
    for length in range(min(len(_END) - 1, len(data)), 0, -1):
        if data.endswith(_END[:length]):
            return length
    return 0


def _normalised(stuffed: bytes, *, bare: bool) -> bytes:
    """Make every bare CR and LF a CRLF, then unstuff the lines.

    A lone dot is a line of its own here and keeps its dot: the end of data
    was already found (RFC 5321 section 4.5.2 removes the dot only when other
    characters follow it on the line).
    """
    lines = stuffed
    if bare:
        lines = lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if lines.startswith(b".") and not lines.startswith(b".\r\n"):
        lines = lines[1:]
    return _STUFFED_LINE.sub(b"\r\n", lines) if b"\r\n." in lines else lines


def header_size(content: bytes) -> int:
    """Return the octets of the header block, its lines' CRLF included, the empty line not."""
    if content.startswith(b"\r\n"):
        return 0
    end = content.find(b"\r\n\r\n")
    return len(content) if end < 0 else end + 2


def has_line_over(content: bytes, limit: int) -> bool:
    """Tell whether a line has more than ``limit`` octets before its CRLF.

    Looks at one CRLF for each ``limit`` octets, not at every line.
    """
    start, size = 0, len(content)
    while size - start > limit:
        last = content.rfind(b"\r\n", start, start + limit + 2)
        if last < 0:
            return True
        start = last + 2
    return False
