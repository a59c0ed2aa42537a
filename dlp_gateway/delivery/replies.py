"""Replies of an SMTP server (RFC 5321, 4.2): bytes in, bounded values out.

Pure: feeding and reading happen elsewhere. A server that streams without a
line end, without a last line or without a sense is cut off by a limit.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from dlp_gateway.delivery.wording import clean

MAX_LINE = 4096
"""Longest line of a reply in bytes; RFC 5321 allows 512, long EHLO lines exist."""

MAX_LINES = 200
"""Most lines of one reply; the longest EHLO answers seen have some 30."""

MAX_UNREAD = 1024
"""Most replies waiting to be read: more than the commands of any transaction."""

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\r\n]*))?")
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?= |$)")


class MalformedReplyError(ValueError):
    """What came is no SMTP reply, or is longer than any reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply; ``lines`` is the text of each line as received (foreign text)."""

    code: int
    lines: tuple[str, ...] = field(repr=False)

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 2034), ``X.0.0`` where none agrees with the code."""
        found = _ENHANCED.match(self.lines[0])
        kind = str(self.code)[0]
        if found and found[1] == kind:
            return found[0]
        return f"{kind if kind in '245' else '5'}.0.0"

    @property
    def text(self) -> str:
        """The words of the reply that may be kept, without the status code."""
        lines = (_ENHANCED.sub("", line, count=1).strip() for line in self.lines)
        return clean(lines, keep_queue_id=self.code // 100 == 2)


class ReplyParser:
    """Cuts a stream of bytes into replies.

    A line may end in a bare LF, as some servers send it; a line that is not
    ``code text``, two codes in one reply, or more than ``MAX_LINE`` bytes or
    ``MAX_LINES`` lines raise ``MalformedReplyError``. Complete replies wait in
    ``replies``, those before a malformed line included.
    """

    __slots__ = ("_code", "_lines", "_malformed", "_rest", "replies")

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self._rest = b""
        self._code = 0
        self._malformed = False
        self._lines: list[str] = []

    @property
    def idle(self) -> bool:
        """True when nothing unread is waiting, not even a part of a reply, and nothing malformed came."""
        return not (self.replies or self._rest or self._lines or self._malformed)

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        try:
            self._cut(data)
        except MalformedReplyError:
            self._malformed = True
            raise

    def _cut(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._rest) > MAX_LINE:
            raise MalformedReplyError("a reply line without an end")

    def _take(self, line: bytes) -> None:
        found = _LINE.fullmatch(line.removesuffix(b"\r")) if len(line) <= MAX_LINE else None
        if found is None:
            raise MalformedReplyError("a line that is no SMTP reply")
        code = int(found[1])
        if self._lines and code != self._code:
            raise MalformedReplyError("two codes in one reply")
        self._code = code
        self._lines.append((found[3] or b"").decode("latin-1"))
        if found[2] == b"-":
            if len(self._lines) > MAX_LINES:
                raise MalformedReplyError("a reply of too many lines")
            return
        if len(self.replies) >= MAX_UNREAD:
            raise MalformedReplyError("replies that nobody asked for")
        self.replies.append(Reply(code, tuple(self._lines)))
        self._lines = []
