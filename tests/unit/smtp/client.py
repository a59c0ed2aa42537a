"""A raw SMTP client and a recording handler for tests against a listening server."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from dataclasses import dataclass, field

from dlp_gateway.model import Envelope
from dlp_gateway.smtp.configuration import Listener, ReceivingSettings
from dlp_gateway.smtp.replies import Reply

PATIENCE = 20.0
"""Seconds after which a test that waits for the server has failed."""

MESSAGE = b"From: anna@example.org\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\nbody\r\n"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def receiving(**changes) -> ReceivingSettings:
    """Settings of a server on a free port of 127.0.0.1 that relays for it."""
    given = {
        "hostname": "gateway.example.org",
        "organisation_domains": ("example.org",),
        "listeners": (Listener("127.0.0.1", 0),),
        "relay_networks": LOOPBACK,
    }
    return ReceivingSettings(**(given | changes))


@dataclass
class Recorder:
    """Accepts everything, keeps it, and waits before its answer while ``gate`` is closed."""

    reply: Reply = field(default_factory=lambda: Reply(250, "2.6.0", "Accepted"))
    error: Exception | None = None
    messages: list[tuple[Envelope, bytes]] = field(default_factory=list)
    finished: int = 0

    def __post_init__(self):
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self.left = asyncio.Event()

    async def accept(self, envelope, content):
        self.messages.append((envelope, content))
        self.entered.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.finished += 1
        self.left.set()
        return self.reply

    @property
    def contents(self):
        return [content for _, content in self.messages]


class RawClient:
    """Writes octets and reads whole replies."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port, *, context: ssl.SSLContext | None = None, greet=True):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="localhost" if context else None
        )
        client = cls(reader, writer)
        if greet:
            assert (await client.reply()).startswith("220 ")
            assert (await client.command("EHLO client.example.org")).startswith("250-")
        return client

    def write(self, data: bytes):
        self.writer.write(data)

    async def reply(self) -> str:
        """The next reply with all its lines; "" when the server has closed."""
        lines = []
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    line = await self.reader.readline()
                except ConnectionError:
                    return ""
                if not line:
                    return ""
                assert line.endswith(b"\r\n")
                lines.append(line.decode("ascii"))
                if line[3:4] != b"-":
                    return "".join(lines).rstrip("\r\n")

    async def replies(self, number):
        return [await self.reply() for _ in range(number)]

    async def command(self, line: str | bytes) -> str:
        self.write((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return await self.reply()

    async def envelope(self, sender="anna@example.org", recipients=("bob@example.net",), options=""):
        """MAIL, RCPT and DATA, up to 354."""
        assert (await self.command(f"MAIL FROM:<{sender}>{options}")).startswith("250 ")
        for recipient in recipients:
            assert (await self.command(f"RCPT TO:<{recipient}>")).startswith("250 ")
        assert (await self.command("DATA")).startswith("354 ")

    async def send_message(self, content=MESSAGE, **envelope) -> str:
        """A whole transaction; ``content`` is not dot-stuffed here."""
        await self.envelope(**envelope)
        self.write(content + b".\r\n")
        return await self.reply()

    async def start_tls(self, context):
        assert (await self.command("STARTTLS")).startswith("220 ")
        async with asyncio.timeout(PATIENCE):
            await self.writer.start_tls(context, server_hostname="localhost")

    async def at_end(self) -> bytes:
        """Everything up to the end of the stream."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def close(self):
        self.writer.close()
        # After a failed handshake asyncio never tells that the connection is closed.
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self.writer.wait_closed()


class Counting:
    """An observer that remembers."""

    def __init__(self):
        self.events = []
        self.logins = []

    def connected(self):
        self.events.append("connected")

    def disconnected(self):
        self.events.append("disconnected")

    def rejected(self, limit):
        self.events.append(limit)

    def authenticated(self, *, success, user, client):
        self.events.append(success)
        self.logins.append((success, user, client))

    def answered(self, code, size, seconds):
        self.events.append((code, size))


async def wait_for(condition):
    """Let the loop run until a condition of the server holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 the conditions are counts of the server, which has no events for tests
            await asyncio.sleep(0)


async def settle(server):
    """Let the server take in what was sent to it before."""
    other = await RawClient.connect(server.ports[0])
    await other.command("QUIT")
    await other.close()
