"""Smuggling, size, lines and loops, against a listening server over a real socket.

The numbers in the names tell the kinds of trap apart, from s01 (smuggling) to s19 (logs).
"""

import asyncio
import os

import pytest

from dlp_gateway.smtp.limits import ReceivingLimits
from dlp_gateway.smtp.replies import Reply
from tests.unit.smtp.client import LOOPBACK, MESSAGE, RawClient, Recorder, wait_for
from tests.unit.smtp.test_data import SMUGGLED

# --- s01 smuggling -------------------------------------------------------------


@pytest.mark.parametrize("odd", SMUGGLED)
async def test_s01_odd_line_ends_are_refused_at_the_real_end(connect, handler, odd):
    client = await connect()
    await client.envelope()
    client.write(
        b"Subject: x\r\n\r\nbody" + odd + b"MAIL FROM:<anna@example.org>\r\nRCPT TO:<evil@example.net>\r\nDATA\r\n"
        b"smuggled\r\n.\r\nNOOP\r\n"
    )

    assert (await client.reply()).startswith("554 5.6.0")
    assert await client.reply() == "250 2.0.0 OK"  # NOOP: client and server are in step
    assert handler.messages == []
    assert await client.send_message() == "250 2.6.0 Accepted"


@pytest.mark.parametrize("content", [b"Subject: x\rBcc: y@example.net\r\n\r\n", b"a\n\r\n", b"\n\r\n", b"a\0b\r\n"])
async def test_s01_bare_ends_in_a_header_or_anywhere(connect, handler, content):
    client = await connect()
    assert (await client.send_message(content)).startswith("554 5.6.0")
    assert handler.messages == []


async def test_s01_named_networks_get_line_ends_mended_before_the_scan(connect, handler):
    client = await connect(normalise_networks=LOOPBACK)
    await client.send_message(b"Subject: x\n\nbody\r.\n\r\n")
    assert handler.contents == [b"Subject: x\r\n\r\nbody\r\n.\r\n\r\n"]


async def test_s01_what_is_handed_over_is_what_was_sent(connect, handler):
    contents = [b"", b"\r\n", b"no end of line?\r\n", bytes(range(14, 256)) + b"\r\n", b"A: b\r\n\r\n..\r\n"]
    client = await connect()
    for content in contents:
        stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in content.split(b"\r\n"))
        await client.send_message(stuffed)
    assert handler.contents == contents


# --- s10 memory ----------------------------------------------------------------


async def test_s10_an_endless_line_ends_near_the_limit(serve, handler, observer):
    limits = ReceivingLimits(message_bytes=1 << 20, discarded_bytes=1 << 20)
    server = await serve(limits=limits, observer=observer)
    client = await RawClient.connect(server.ports[0])
    await client.envelope()
    sent = 0
    try:
        while sent < 1 << 30:
            client.write(b"x" * 65_536)
            sent += 65_536
            await client.writer.drain()
            if server.sessions == 0:
                break
    except ConnectionError:
        pass
    await wait_for(lambda: server.sessions == 0)

    assert sent < 64 << 20  # what the sockets hold, not what the client wanted
    assert "message_bytes" in observer.events
    assert handler.messages == []
    other = await RawClient.connect(server.ports[0])
    assert await other.send_message() == "250 2.6.0 Accepted"
    await client.close()
    await other.close()


async def test_s10_too_big_is_said_at_the_end(connect, handler):
    client = await connect(limits=ReceivingLimits(message_bytes=1000))
    reply = await client.send_message(MESSAGE + b"x" * 990 + b"\r\n")
    assert reply.startswith("552 5.3.4")
    assert "message_bytes" in reply
    assert await client.send_message() == "250 2.6.0 Accepted"


async def test_s10_all_sessions_together_hold_a_bounded_number_of_octets(connect, serve, handler):
    server = await serve(limits=ReceivingLimits(data_in_memory_bytes=250_000))
    big = MESSAGE + (b"x" * 998 + b"\r\n") * 90
    handler.gate.clear()
    first, second, third = [await connect(server=server) for _ in range(3)]
    for client in (first, second):
        await client.envelope()
        client.write(big + b".\r\n")
    await wait_for(lambda: len(handler.messages) == 2)

    early = await third.command("MAIL FROM:<anna@example.org> SIZE=90000")
    late = await third.send_message(big)
    assert early.startswith("452 4.3.1")
    assert late.startswith("452 4.3.1")
    assert "data_in_memory_bytes" in late
    handler.gate.set()
    assert [await first.reply(), await second.reply()] == ["250 2.6.0 Accepted"] * 2
    assert await third.send_message(big) == "250 2.6.0 Accepted"


# --- s11 lines and headers -----------------------------------------------------


@pytest.mark.parametrize("length", [998, 2_000, 65_536, 1 << 20])
async def test_s11_long_lines_are_taken_as_they_are(connect, handler, length):
    content = MESSAGE + b"x" * length + b"\r\n"
    client = await connect(limits=ReceivingLimits(line_bytes=1 << 20))
    assert await client.send_message(content) == "250 2.6.0 Accepted"
    assert handler.contents == [content]


@pytest.mark.parametrize(
    ("limits", "content", "reply", "limit"),
    [
        ({"line_bytes": 2000}, MESSAGE + b"x" * 2001 + b"\r\n", "554 5.6.0", "line_bytes"),
        ({"header_bytes": 2000}, b"X: " + b"y" * 2000 + b"\r\n\r\nbody\r\n", "552 5.3.4", "header_bytes"),
        ({"header_bytes": 2000}, b"no header end\r\n" * 200, "552 5.3.4", "header_bytes"),
    ],
)
async def test_s11_over_a_limit_is_refused_by_its_name(connect, handler, limits, content, reply, limit):
    client = await connect(limits=ReceivingLimits(**limits))
    got = await client.send_message(content)
    assert got.startswith(reply)
    assert limit in got
    assert handler.messages == []
    assert await client.send_message() == "250 2.6.0 Accepted"


# --- d04, d05 ------------------------------------------------------------------


async def test_d04_a_full_store_is_a_4xx(connect, handler):
    handler.reply = Reply(452, "4.3.1", "No room")
    client = await connect()
    assert await client.send_message() == "452 4.3.1 No room"


@pytest.mark.parametrize(
    ("header", "reply"),
    [
        (b"Received: from a by b; date\r\n" * 100, "250"),
        (b"Received: from a by b; date\r\n" * 101, "554 5.4.6"),
        (b"rEcEiVeD : from a\r\n\tby b; date\r\n" * 101, "554 5.4.6"),
        (b"X-Received: from a by b; date\r\n" * 200, "250"),
        (b"Received: from a by gateway.example.org; date\r\n" * 2, "250"),
        (b"Received: from a\r\n\tby Gateway.EXAMPLE.org (x); date\r\n" * 3, "554 5.4.6"),
    ],
)
async def test_d05_loops_end(connect, header, reply):
    client = await connect()
    assert (await client.send_message(header + MESSAGE)).startswith(reply)


async def test_many_sessions_at_once_each_get_their_own_message(serve):
    class Echo(Recorder):
        async def accept(self, envelope, content):
            await asyncio.sleep(0)
            return Reply(250, "2.6.0", content.decode().strip())

    server = await serve(Echo())

    async def one(number):
        client = await RawClient.connect(server.ports[0])
        for step in range(10):
            body = f"{number}-{step}-{os.urandom(4).hex()}"
            assert await client.send_message(body.encode() + b"\r\n") == f"250 2.6.0 {body}"
        await client.close()

    await asyncio.gather(*(one(number) for number in range(30)))
