"""Octets and lines of one connection, and the change to TLS, on aiosmtpd's ``SMTP``.

From aiosmtpd come the wiring of transport, stream and session task, and the
table of commands. Replaced here is what version 1.4.6 does in a way that a
gateway facing hostile clients cannot have:

- lines that end in a bare LF, or in several CR, are commands to it;
- its ``push`` writes every reply by itself; here the replies to pipelined
  commands go out together (RFC 2920 section 3.2);
- its ``eof_received`` cancels the session, so that a client that closed only
  its sending side loses the reply to a message that was taken.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

from aiosmtpd.smtp import SMTP

from dlp_gateway.smtp.lines import CommandLines
from dlp_gateway.smtp.replies import Reply
from dlp_gateway.smtp.tls import describe_tls

_COMMAND_READ_BYTES = 16_384
"""Taken from the stream at once while commands are read: what a session may hold of them."""
DATA_READ_BYTES = 1_048_576
"""Taken at once while data are read; asyncio delivers up to 256 KiB."""
_LINGER_SECONDS = 5.0


class HungUpError(Exception):
    """The connection is gone, or useless; the session ends without another word."""


class _NoHooks:
    """aiosmtpd looks for hooks and AUTH mechanisms in a handler; there are none."""

    __slots__ = ()


class Stream(SMTP):
    """The transport side of a connection."""

    # The stream's watermark, not a limit of lines: those have limits of their own.
    line_length_limit = 65_536

    def __init__(self, hostname: str) -> None:
        self.tls: str | None = None
        self.waiting = False
        self._lines = CommandLines()
        self._outbox = bytearray()
        self._closing = False
        self.handshaking = False
        super().__init__(_NoHooks(), hostname=hostname, loop=asyncio.get_running_loop())

    def eof_received(self) -> bool | None:
        """Let the session read what is left and write what it owes; over TLS the transport closes by itself."""
        asyncio.StreamReaderProtocol.eof_received(self)
        return self.tls is None

    async def next_line(self, max_bytes: int) -> str:
        """Return the next command line. Raises RefusedError for a malformed one, HungUpError at the end."""
        while (line := self._lines.next_line(max_bytes)) is None:
            await self.flush()
            self.waiting = True
            try:
                self._lines.feed(await self.receive(_COMMAND_READ_BYTES))
            finally:
                self.waiting = False
        return line

    async def receive(self, max_bytes: int) -> bytes:
        """Return the next octets of the stream. Raises HungUpError at its end."""
        try:
            data: bytes = await self._reader.read(max_bytes)
        except OSError:
            raise HungUpError from None
        if not data:
            raise HungUpError
        return data

    def take_input(self) -> bytes:
        """Return octets that came behind the last command, which are then no commands any more."""
        return self._lines.take()

    def return_input(self, data: bytes) -> None:
        """Give back octets that are commands again."""
        self._lines.feed(data)

    def send(self, reply: Reply) -> None:
        """Write a reply; it goes out when the client has no more commands under way."""
        self._outbox += reply.render()

    def send_lines(self, lines: list[str]) -> None:
        """Write the lines of an EHLO reply, which is the only one with several."""
        last = len(lines) - 1
        for number, line in enumerate(lines):
            self._outbox += f"250{' ' if number == last else '-'}{line}\r\n".encode("ascii")

    async def prompt(self, reply: Reply) -> None:
        """Write a reply that the client waits for before it goes on."""
        self.send(reply)
        await self.flush()

    async def flush(self) -> None:
        """Let the replies written so far go out."""
        if not self._outbox:
            return
        data, self._outbox = bytes(self._outbox), bytearray()
        self._writer.write(data)
        try:
            await self._writer.drain()
        except OSError:
            raise HungUpError from None

    async def start_tls(self, context: ssl.SSLContext, seconds: float) -> None:
        """Do the server's side of a handshake; what was received before it is thrown away. Raises HungUpError."""
        transport = self._open_transport()
        if transport is None:
            raise HungUpError
        transport.pause_reading()
        await self.flush()
        # Octets sent in the clear behind STARTTLS must not become commands inside TLS (CVE-2024-34083).
        self._lines.take()
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # as aiosmtpd does: streams have no public way
        self.handshaking = True
        try:
            await self._writer.start_tls(context, ssl_handshake_timeout=seconds)
        except BaseException as error:
            self.handshaking = False
            # asyncio tells a protocol nothing of the end of a connection that ends within its handshake.
            transport.abort()
            self.loop.call_soon(self.connection_lost, None)
            if isinstance(error, OSError | TimeoutError):  # ssl.SSLError is an OSError
                raise HungUpError from None
            raise
        self.handshaking = False
        self.transport = self._writer.transport
        self.tls = describe_tls(self._writer.get_extra_info("ssl_object")) or "TLS"

    def abort(self) -> None:
        """Close without a word."""
        transport = self._open_transport()
        if self.handshaking and self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        elif transport is not None:
            transport.abort()

    def close(self) -> None:
        """Let what was written go out, and close."""
        transport = self._open_transport()
        if transport is None or self._closing:
            return
        self._closing = True
        if self.handshaking:
            self.abort()
            return
        if self._outbox:
            transport.write(bytes(self._outbox))
            self._outbox.clear()
        transport.close()
        if transport.get_write_buffer_size():
            # A client that does not read would keep the closing transport open for ever.
            self.loop.call_later(_LINGER_SECONDS, transport.abort)

    def _open_transport(self) -> asyncio.Transport | None:
        """Return the transport, None when the connection is lost."""
        return cast("asyncio.Transport | None", self.transport)
