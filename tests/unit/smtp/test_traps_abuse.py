"""Numbers, pipelining and abuse, against a listening server over a real socket.

The numbers in the names tell the kinds of trap apart, from s01 (smuggling) to s19 (logs).
"""

import asyncio

import pytest
import structlog
import structlog.testing

from dlp_gateway.smtp.configuration import Listener
from dlp_gateway.smtp.limits import ReceivingLimits
from tests.unit.smtp.client import MESSAGE, RawClient, wait_for
from tests.unit.smtp.test_protocol import plain

# --- s17, s18 numbers and pipelining -------------------------------------------


async def test_s17_recipients_are_limited(connect, handler):
    client = await connect(limits=ReceivingLimits(recipients=100))
    await client.command("MAIL FROM:<anna@example.org>")
    for number in range(100):
        assert (await client.command(f"RCPT TO:<b{number}@example.net>")).startswith("250")
    over = await client.command("RCPT TO:<c@example.net>")

    assert over.startswith("452 4.5.3")
    assert "limit recipients" in over
    assert (await client.command("DATA")).startswith("354")
    client.write(MESSAGE + b".\r\n")
    assert (await client.reply()).startswith("250")
    assert len(handler.messages[0][0].recipients) == 100


async def test_s18_pipelined_commands_are_answered_in_order_and_together(connect, handler):
    client = await connect()
    transaction = b"MAIL FROM:<anna@example.org>\r\nRCPT TO:<nobody>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n"
    client.write(b"RSET\r\n" + transaction)
    codes = [reply[:3] for reply in await client.replies(5)]
    # Behind the end of data come the next transaction and its group of commands (RFC 2920 section 3.1).
    client.write(MESSAGE + b".\r\n" + transaction)
    codes += [reply[:3] for reply in await client.replies(5)]
    client.write(MESSAGE + b".\r\nQUIT\r\n")
    codes += [reply[:3] for reply in await client.replies(2)]

    assert codes == ["250", "250", "553", "250", "354", "250", "250", "553", "250", "354", "250", "221"]
    assert handler.contents == [MESSAGE, MESSAGE]


async def test_s18_a_whole_session_in_one_packet(connect, handler):
    client = await connect(greet=False)
    client.write(
        b"EHLO c\r\nMAIL FROM:<anna@example.org>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n" + MESSAGE + b".\r\nQUIT\r\n"
    )
    await client.at_end()
    assert handler.contents == [MESSAGE]


async def test_s18_text_behind_a_refused_data_is_not_read_as_commands(connect, handler):
    client = await connect()
    client.write(
        b"MAIL FROM:<anna@example.org>\r\nRCPT TO:<nobody>\r\nDATA\r\n"
        b"RSET\r\nMAIL FROM:<anna@example.org>\r\nRCPT TO:<evil@example.net>\r\nDATA\r\nx\r\n.\r\n"
    )
    end = await client.at_end()

    assert [line[:3] for line in end.split(b"\r\n")] == [b"250", b"553", b"421", b""]
    assert handler.messages == []


async def test_s18_commands_behind_quit_are_not_carried_out(connect, handler):
    client = await connect()
    client.write(b"QUIT\r\nMAIL FROM:<anna@example.org>\r\n")
    assert await client.at_end() == b"221 2.0.0 Bye\r\n"


@pytest.mark.parametrize(
    ("limits", "line", "limit"),
    [
        ({"commands": 50, "recipients": 100}, b"NOOP", "commands"),
        ({"commands": 50, "recipients": 100}, b"RSET", "commands"),
        ({"commands": 50, "recipients": 100}, b"EHLO x", "commands"),
        ({"errors": 5}, b"FOO", "errors"),
        ({"errors": 5}, b"MAIL FROM:x", "errors"),
        ({"errors": 5}, b"\xff", "errors"),
        ({"errors": 5, "command_bytes": 512}, b"NOOP " + b"x" * 512, "errors"),
    ],
)
async def test_s18_ten_thousand_commands_end(serve, observer, limits, line, limit):
    server = await serve(limits=ReceivingLimits(**limits), observer=observer)
    client = await RawClient.connect(server.ports[0])
    client.write((line + b"\r\n") * 10_000)
    end = await client.at_end()

    assert end.count(b"\r\n") < 1000
    assert observer.events[-2:] == [limit, "disconnected"] or observer.events[-1] == limit
    await client.close()


async def test_s18_messages_begin_the_count_anew(connect):
    client = await connect(limits=ReceivingLimits(commands=4, recipients=1, errors=1))
    for _ in range(10):
        assert (await client.command("FOO")).startswith("500")
        assert await client.send_message() == "250 2.6.0 Accepted"


@pytest.mark.parametrize("line", ["GET / HTTP/1.1", "POST / HTTP/1.1", "CONNECT x:25 HTTP/1.1"])
async def test_s18_other_protocols_are_cut(connect, line):
    client = await connect()
    assert (await client.command(line)).startswith("421 4.7.0")
    assert await client.at_end() == b""


async def test_s18_connections_are_limited(serve, observer):
    server = await serve(limits=ReceivingLimits(connections=3, connections_per_client=2), observer=observer)
    first, second = [await RawClient.connect(server.ports[0]) for _ in range(2)]
    third = await RawClient.connect(server.ports[0], greet=False)
    per_client = await third.at_end()
    await wait_for(lambda: server.sessions == 2)
    await first.close()
    await wait_for(lambda: server.sessions == 1)
    again = await RawClient.connect(server.ports[0])

    assert per_client.startswith(b"421 4.7.0")
    assert b"limit connections_per_client: 2" in per_client
    assert "connections_per_client" in observer.events
    for client in (second, third, again):
        await client.close()


async def test_s18_all_connections_are_limited(serve, observer):
    server = await serve(limits=ReceivingLimits(connections=1), observer=observer)
    first = await RawClient.connect(server.ports[0])
    second = await RawClient.connect(server.ports[0], greet=False)
    assert (await second.at_end()).startswith(b"421 4.3.2 Too many connections (limit connections: 1)")
    assert await first.send_message() == "250 2.6.0 Accepted"
    for client in (first, second):
        await client.close()


async def test_s18_a_handshake_that_does_not_come_counts_as_a_connection_and_ends(serve, tls_settings, time_machine):
    listeners = (Listener("127.0.0.1", 0, implicit_tls=True),)
    server = await serve(listeners=listeners, tls=tls_settings, limits=ReceivingLimits(connections=1))
    silent = await RawClient.connect(server.ports[0], greet=False)
    await wait_for(lambda: server.sessions == 1)
    second = await RawClient.connect(server.ports[0], greet=False)
    assert await second.at_end() == b""
    time_machine.forward(31)
    assert await silent.at_end() == b""
    await wait_for(lambda: server.sessions == 0)
    for client in (silent, second):
        await client.close()


async def test_s18_a_session_that_ends_within_its_handshake(serve, connect, tls_settings, time_machine):
    server = await serve(tls=tls_settings, limits=ReceivingLimits(session_seconds=10))
    client = await connect(server=server)
    await client.command("STARTTLS")
    with structlog.testing.capture_logs() as events:
        time_machine.forward(11)
        assert await client.at_end() == b""
        await wait_for(lambda: server.sessions == 0)
    assert [event["event"] for event in events] == ["smtp limit"]


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n"])
async def test_s18_a_broken_off_handshake_is_a_session_less(serve, connect, tls_settings, sent):
    """asyncio forgets to tell a protocol when its connection ends within the handshake."""
    server = await serve(tls=tls_settings, limits=ReceivingLimits(connections_per_client=1))
    for _ in range(3):
        client = await connect(server=server)
        await client.command("STARTTLS")
        client.write(sent)
        await client.close()
        await wait_for(lambda: server.sessions == 0)


async def test_s18_messages_a_minute_are_limited_per_client(connect, serve, observer):
    server = await serve(limits=ReceivingLimits(messages_per_minute=2), observer=observer)
    for reply in ("250", "250", "450 4.7.1"):
        client = await connect(server=server)
        got = await client.command("MAIL FROM:<anna@example.org>")
        assert got.startswith(reply)
    assert "messages_per_minute: 2" in got
    assert "messages_per_minute" in observer.events


async def test_s18_messages_a_minute_are_limited_per_user(connect, tls_settings, users_file, client_context):
    limits = ReceivingLimits(messages_per_minute_per_user=1)
    client = await connect(tls=tls_settings, users=users_file, limits=limits)
    await client.start_tls(client_context)
    await client.command("EHLO client")
    await client.command("AUTH PLAIN " + plain("anna", "correct horse"))
    assert await client.send_message() == "250 2.6.0 Accepted"
    got = await client.command("MAIL FROM:<anna@example.org>")
    assert got.startswith("450 4.7.1")
    assert "messages_per_minute_per_user" in got


async def test_s18_a_client_that_does_not_read_is_cut(serve, time_machine):
    server = await serve(limits=ReceivingLimits(commands=10_000_000))
    _, writer = await asyncio.open_connection("127.0.0.1", server.ports[0])
    writer.transport.pause_reading()
    writer.write(b"HELP\r\n" * 2_000_000)  # 12 MB of commands, 180 MB of replies
    for _ in range(20_000):
        if not server.sessions:
            break
        time_machine.forward(1)
        await asyncio.sleep(0)
    assert server.sessions == 0
    writer.transport.abort()


async def test_s18_sessions_leave_no_tasks(serve, handler):
    before = len(asyncio.all_tasks())
    server = await serve()
    for sent in (b"", b"QUIT\r\n", b"MAIL FROM:<anna@example.org>\r\n", b"\xff\r\n", b"GET /\r\n"):
        client = await RawClient.connect(server.ports[0])
        client.write(sent)
        await client.writer.drain()
        await client.close()
    client = await RawClient.connect(server.ports[0])
    await client.send_message()
    await client.close()
    await wait_for(lambda: server.sessions == 0)
    await wait_for(lambda: len(asyncio.all_tasks()) <= before)
