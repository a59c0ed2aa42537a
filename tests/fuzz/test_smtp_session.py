"""Hostile streams for whole sessions, each in several states, against a listening server.

Whatever is sent: every reply is a well-formed line, nothing that is a fault
of ours is provoked, a message is handed over only as it was sent, and the
server goes on for the next client.
"""

import asyncio
import contextlib
import ipaddress
import itertools
import re
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.smtp.configuration import Listener, ReceivingSettings
from dlp_gateway.smtp.limits import ReceivingLimits
from dlp_gateway.smtp.replies import Reply
from dlp_gateway.smtp.server import SmtpServer

STATES = {
    "new": b"",
    "greeted": b"EHLO client\r\n",
    "mail": b"EHLO client\r\nMAIL FROM:<anna@example.org>\r\n",
    "data": b"EHLO client\r\nMAIL FROM:<anna@example.org>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n",
}
WORDS = st.sampled_from(
    [b"HELO", b"EHLO", b"MAIL FROM:", b"RCPT TO:", b"DATA", b"RSET", b"NOOP", b"QUIT", b"VRFY", b"HELP", b"AUTH PLAIN",
     b"AUTH LOGIN", b"STARTTLS", b"<anna@example.org>", b"<bob@example.net>", b"<>", b"<", b">", b'"', b" ", b"\r\n",
     b"\r\n", b"\r\n", b"\r", b"\n", b".", b"\r\n.\r\n", b"\n.\r\n", b"\0", b"\xff", b"SIZE=1", b"x" * 600, b"=?",
     b"Received: x\r\n", b": "]
)  # fmt: skip
STREAMS = st.one_of(st.lists(WORDS, max_size=40).map(b"".join), st.binary(max_size=300))
REPLY_LINE = re.compile(rb"[2345]\d\d[ -][\x20-\x7e]*\r\n")
LIMITS = ReceivingLimits(
    message_bytes=2_000, discarded_bytes=2_000, recipients=3, commands=30, errors=10, line_bytes=500
)


class Bench:
    """One server for all examples, with what its handler got and what went wrong behind its back."""

    def __init__(self):
        self.contents = []
        self.faults = []
        self.server = SmtpServer(
            ReceivingSettings(
                hostname="gateway.example.org",
                organisation_domains=("example.org",),
                listeners=(Listener("127.0.0.1", 0),),
                relay_networks=(ipaddress.ip_network("127.0.0.0/8"),),
                limits=LIMITS,
            ),
            self,
        )

    async def accept(self, envelope, content):
        assert envelope.recipients
        self.contents.append(content)
        return Reply(250, "2.6.0", "Accepted")

    async def start(self):
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: self.faults.append(context))
        await self.server.start()

    async def converse(self, stream, cuts):
        """Send a stream in pieces; return the answers, and the messages that were handed over."""
        self.contents.clear()
        async with asyncio.timeout(120):
            reader, writer = await self.connect()
            edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
            for start, end in itertools.pairwise(edges):
                writer.write(stream[start:end])
                await asyncio.sleep(0)
            answers = await self.finish(reader, writer)
            next_reader, next_writer = await self.connect()
            assert (await next_reader.readline()).startswith(b"220 ")
            await self.finish(next_reader, next_writer)
            while self.server.sessions:  # noqa: ASYNC110 the server has no event for it
                await asyncio.sleep(0)
        assert self.faults == []
        return answers, list(self.contents)

    async def connect(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.ports[0])
        # Closing by RST leaves no TIME_WAIT behind: thousands of examples would run out of ports.
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return reader, writer

    async def finish(self, reader, writer):
        try:
            writer.write_eof()
            return await reader.read()
        except OSError:  # the server closed with octets unread
            return b""
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@pytest.fixture(scope="module")
def converse():
    with asyncio.Runner() as runner:
        bench = Bench()
        runner.run(bench.start())
        yield lambda *arguments: runner.run(bench.converse(*arguments))
        runner.run(bench.server.stop())


@pytest.mark.parametrize("state", STATES)
@given(stream=STREAMS, cuts=st.lists(st.integers(0, 400), max_size=4))
def test_s18_sessions(converse, state, stream, cuts):
    answers, contents = converse(STATES[state] + stream, cuts)

    rest = answers
    while rest:
        line, found, rest = rest.partition(b"\r\n")
        assert found
        assert len(line) + 2 <= 512
        assert REPLY_LINE.fullmatch(line + found)
        assert not line.startswith(b"451"), line
    for content in contents:
        pairs = content.count(b"\r\n")
        assert content.count(b"\r") == content.count(b"\n") == pairs
        assert b"\0" not in content
        assert len(content) <= LIMITS.message_bytes
    if state == "data" and contents:
        first = b"\r\n" + stream
        sent = first[: first.index(b"\r\n.\r\n") + 2]
        assert contents[0] == sent.replace(b"\r\n.", b"\r\n")[2:]
