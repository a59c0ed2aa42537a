"""One line to an SMTP server: bytes out, replies in, with a deadline for each.

Written on asyncio's transports because aiosmtplib 5.1.3, the maintained
client, cannot do what this gateway promises: its ``execute_data_command``
rewrites bare CR and LF and may add a line end, so the bytes sent are not the
bytes scanned; it has no PIPELINING (a reply that comes before the previous one
was awaited is thrown away); and its errors do not tell whether the final dot
had gone out. Transports rather than streams for the sake of STARTTLS: what
came in before the handshake has to be seen, and refused.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

from dlp_gateway.delivery.replies import MalformedReplyError, Reply, ReplyParser

HIGH_WATER = 64 * 1024
"""Bytes that may wait in this process before a sender has to pause."""


class WireError(Exception):
    """The line is of no more use. ``enhanced`` is the status code of the reason."""

    def __init__(self, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.enhanced = enhanced
        self.text = text


class InjectedError(WireError):
    """Text came in the clear where TLS was to begin."""


class Wire(asyncio.Protocol):
    """One connection. After any ``WireError`` only ``abort`` is left to call."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = ReplyParser()
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._error: WireError | None = None
        self._closed = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport: the line is up."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        """Cut what came into replies; after an error nothing is read any more."""
        if self._error is not None:
            return
        try:
            self._parser.feed(data)
        except MalformedReplyError as error:
            self._fail(WireError("4.5.0", str(error)))
            self.abort()
        if self._parser.replies:
            self._wake()

    def eof_received(self) -> bool:
        """Note that the server closed its side; returns False so that ours is closed too."""
        self._fail(WireError("4.4.2", "the server closed the connection"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note that the line is down."""
        self._fail(WireError("4.4.2", "the connection was lost"))
        if not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        """Note that the server reads more slowly than we write."""
        self._paused = True

    def resume_writing(self) -> None:
        """Note that there is room again."""
        self._paused = False
        self._wake()

    @property
    def quiet(self) -> bool:
        """True when the line is up and nothing unread has come."""
        return self._error is None and self._parser.idle

    def write(self, data: bytes | memoryview) -> None:
        """Hand ``data`` over for sending; raises WireError when the line is down."""
        if self._error is not None or self._transport is None:
            raise self._error or WireError("4.4.2", "the line is not up")
        self._transport.write(data)

    async def reply(self, seconds: float) -> Reply:
        """Return the next reply; raises WireError when none comes within ``seconds``."""
        replies = self._parser.replies
        while not replies:
            await self._wait(seconds, "no reply in time")
        return replies.popleft()

    async def flushed(self, seconds: float, late: str = "the server stopped reading") -> bool:
        """Wait until there is room for more; False when a reply or an error came instead."""
        while self._paused and self.quiet:
            await self._wait(seconds, late)
        return self.quiet

    async def start_tls(self, context: ssl.SSLContext, name: str, seconds: float) -> ssl.SSLObject:
        """Shake hands; raises WireError, InjectedError for bytes sent ahead of it.

        Bytes that follow the reply to STARTTLS in the clear would be read as
        if they came over TLS: that is response injection (CVE-2021-38371,
        GHSA-vxj7-4xrp-5vr4), and the line is dropped.
        """
        if not self._parser.idle:
            self.abort()
            raise InjectedError("4.7.5", "the server sent text between STARTTLS and TLS")
        self._raise()
        if self._transport is None:
            raise WireError("4.4.2", "the line is not up")
        try:
            # A transport comes back here that has replaced the one of connection_made.
            upgraded = await self._loop.start_tls(
                self._transport, self, context, server_hostname=name, ssl_handshake_timeout=seconds
            )
        except (OSError, ValueError) as error:  # ValueError: a name that TLS cannot ask for
            self.abort()
            raise WireError("4.7.5", tls_reason(error)) from error
        if upgraded is None or self._error is not None:
            raise self._error or WireError("4.4.2", "the connection was lost")
        self._transport = upgraded
        upgraded.set_write_buffer_limits(high=HIGH_WATER)
        return self.tls_line()

    def tls_line(self) -> ssl.SSLObject:
        """Return the TLS state of the line."""
        line: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object") if self._transport else None
        if line is None:
            raise WireError("4.7.5", "the line is not encrypted")
        return line

    def abort(self) -> None:
        """Drop the line at once."""
        if self._transport is not None:
            self._transport.abort()

    async def quit(self, seconds: float) -> None:
        """Take leave (RFC 5321, 4.1.1.10) and close; never raises, lasts at most ``seconds``."""
        try:
            self.write(b"QUIT\r\n")
            await self.reply(seconds)
        except WireError:
            pass
        finally:
            self.abort()
        await self._closed

    async def _wait(self, seconds: float, late: str) -> None:
        """Return when something happened; raises WireError when it is nothing good."""
        self._raise()
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._expire, late)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None
        if not self._parser.replies:
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _expire(self, late: str) -> None:
        self._fail(WireError("4.4.2", late))

    def _fail(self, error: WireError) -> None:
        self._error = self._error or error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def tls_reason(error: Exception) -> str:
    """Return why a handshake failed in words without names, e.g. ``certificate verify failed``."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "TLS failed: certificate verify failed"
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"TLS failed: {error.reason.lower().replace('_', ' ')}"[:100]
    return "TLS failed: no handshake"
