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


class Keeper:
    def __init__(self):
        self.contents = []

    async def accept(self, envelope, content):
        assert envelope.recipients
        self.contents.append(content)
        return Reply(250, "2.6.0", "Accepted")


async def converse(stream, cuts):
    """Send a stream in pieces to a fresh server; return its answers and what the handler got."""
    handler = Keeper()
    faults = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
    settings = ReceivingSettings(
        hostname="gateway.example.org",
        organisation_domains=("example.org",),
        listeners=(Listener("127.0.0.1", 0),),
        relay_networks=(ipaddress.ip_network("127.0.0.0/8"),),
        limits=LIMITS,
    )
    server = SmtpServer(settings, handler)
    await server.start()
    try:
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.ports[0])
            edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
            for start, end in itertools.pairwise(edges):
                writer.write(stream[start:end])
                await asyncio.sleep(0)
            answers = await finish(reader, writer)
            other, second = await asyncio.open_connection("127.0.0.1", server.ports[0])
            assert (await other.readline()).startswith(b"220 ")
            await finish(other, second)
    finally:
        await server.stop()
    assert faults == []
    assert server.sessions == 0
    return answers, handler.contents


async def finish(reader, writer):
    try:
        writer.write_eof()
        return await reader.read()
    except ConnectionError:  # the server closed with octets unread
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("state", STATES)
@given(stream=STREAMS, cuts=st.lists(st.integers(0, 400), max_size=4))
def test_s18_sessions(state, stream, cuts):
    answers, contents = asyncio.run(converse(STATES[state] + stream, cuts))

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
