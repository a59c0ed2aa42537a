"""Replies to the client: always one line, printable ASCII, shorter than 512 octets.

Sources: RFC 5321 section 4.2 (codes) and 4.5.3.1.5 (512 octets with CRLF),
RFC 2034 (enhanced codes in replies; not on 220 greetings or 3xx), RFC 3463
(their classes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_REPLY_BYTES = 511
"""Length of a rendered reply with its CRLF: less than the 512 of RFC 5321 section 4.5.3.1.5."""

_ENHANCED = re.compile(r"[245]\.(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Reply:
    """One SMTP reply; ``enhanced`` is empty only where RFC 2034 has none.

    ``text`` may come from anywhere: rendering makes it harmless. Raises
    ValueError when the code is not one of 2xx to 5xx, or when the enhanced
    code is malformed or of another class than the code.
    """

    code: int
    enhanced: str
    text: str

    def __post_init__(self) -> None:
        if not 200 <= self.code <= 599:
            raise ValueError(f"an SMTP reply code lies between 200 and 599, not {self.code}")
        if not self.enhanced:
            return
        if not _ENHANCED.fullmatch(self.enhanced):
            raise ValueError(f"an enhanced status code looks like 5.7.1, not {self.enhanced!r}")
        if int(self.enhanced[0]) != self.code // 100:
            raise ValueError(f"code {self.code} and enhanced code {self.enhanced} are of different classes")

    def render(self) -> bytes:
        """Return the line with its CRLF; unprintable and non-ASCII characters become ``?``."""
        text = self.text
        if not (text.isascii() and text.isprintable()):
            text = _UNPRINTABLE.sub("?", text)
        line = f"{self.code} {self.enhanced} {text}" if self.enhanced else f"{self.code} {text}"
        return line[: MAX_REPLY_BYTES - 2].encode("ascii") + b"\r\n"


class RefusedError(Exception):
    """A command is answered with ``reply`` instead of being carried out.

    ``hang_up`` ends the session after the reply. ``limit`` names the field of
    ``ReceivingLimits`` that was reached, if that is the reason.
    """

    def __init__(self, reply: Reply, *, hang_up: bool = False, limit: str = "") -> None:
        super().__init__(reply.code, reply.enhanced)
        self.reply = reply
        self.hang_up = hang_up
        self.limit = limit
