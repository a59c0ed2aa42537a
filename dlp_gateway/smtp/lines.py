"""Command lines out of the stream: complete, ended by CRLF, bounded in length.

Octets wait here until they are a line, so that replies to pipelined commands
can be gathered while whole lines are at hand (RFC 2920), and so that what
stands behind DATA or STARTTLS can be handed on or thrown away.
"""

from __future__ import annotations

from dlp_gateway.smtp.replies import RefusedError, Reply


class CommandLines:
    """A buffer of octets that are read as command lines."""

    def __init__(self) -> None:
        self._buffer = b""
        self._start = 0
        self._discarding = False

    def feed(self, data: bytes) -> None:
        """Append what was received."""
        rest = self._buffer[self._start :]
        self._buffer = rest + data if rest else data
        self._start = 0

    def take(self) -> bytes:
        """Return everything that has not been read as a line, and forget it."""
        data = self._buffer[self._start :]
        self._clear()
        self._discarding = False
        return data

    def __bool__(self) -> bool:
        return self._start < len(self._buffer)

    def _clear(self) -> None:
        self._buffer = b""
        self._start = 0

    def next_line(self, max_bytes: int) -> str | None:
        """Return the next line without its CRLF, or None if it is not complete yet.

        ``max_bytes`` counts the CRLF. Raises RefusedError, and goes on behind
        the line, when it is too long, not ended by CRLF, or not UTF-8.
        """
        end = self._buffer.find(b"\n", self._start)
        if end < 0:
            if len(self._buffer) - self._start > max_bytes:
                self._clear()
                self._discarding = True
            return None
        line = self._buffer[self._start : end + 1]
        self._start = end + 1
        if self._discarding or len(line) > max_bytes:
            self._discarding = False
            text = f"Command line is longer than {max_bytes} octets (limit command_bytes)"
            raise RefusedError(Reply(500, "5.5.2", text), limit="command_bytes")
        body = line[:-2]
        if not line.endswith(b"\r\n") or b"\r" in body or b"\0" in body:
            raise RefusedError(Reply(500, "5.5.2", "A command line ends in CRLF and holds no other CR, LF or NUL"))
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            raise RefusedError(Reply(500, "5.5.2", "Command line is neither ASCII nor UTF-8")) from None
