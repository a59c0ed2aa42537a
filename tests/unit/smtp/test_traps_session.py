"""TLS, faults, hang-ups, time, PROXY, replies and logs, against a listening server over a real socket.

The numbers in the names tell the kinds of trap apart, from s01 (smuggling) to s19 (logs).
"""

import asyncio
import errno
import io
import ipaddress
import logging
import socket
import ssl
import struct

import pytest
import structlog

from dlp_gateway.monitoring import logs
from dlp_gateway.smtp import intake
from dlp_gateway.smtp.limits import ReceivingLimits
from dlp_gateway.smtp.replies import Reply
from tests.unit.smtp.client import LOOPBACK, MESSAGE, PATIENCE, RawClient, settle, wait_for
from tests.unit.smtp.test_protocol import NOWHERE, plain

# --- s02 STARTTLS --------------------------------------------------------------


@pytest.mark.parametrize("injected", [b"NOOP\r\n", b"MAIL FROM:<anna@example.org>\r\n", b"NO", b"NOOP\r\n" * 6000])
async def test_s02_what_was_sent_in_the_clear_does_not_count_in_tls(connect, tls_settings, client_context, injected):
    client = await connect(tls=tls_settings)
    client.write(b"STARTTLS\r\n" + injected)
    assert (await client.reply()).startswith("220")
    await client.writer.start_tls(client_context, server_hostname="localhost")

    assert (await client.command("VRFY x")).startswith("252")  # the first reply inside TLS is to the first command
    assert (await client.command("MAIL FROM:<anna@example.org>")).startswith("503")  # and EHLO is forgotten


async def test_s02_a_message_under_way_is_forgotten(connect, tls_settings, client_context):
    client = await connect(tls=tls_settings)
    await client.command("MAIL FROM:<anna@example.org>")
    await client.start_tls(client_context)
    await client.command("EHLO client")
    assert (await client.command("RCPT TO:<bob@example.net>")).startswith("503")


async def test_s02_old_versions_of_tls_are_refused(connect, tls_settings, client_context, recwarn):
    client = await connect(tls=tls_settings)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    recwarn.clear()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await client.start_tls(old)


# --- s07 faults of ours --------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/var/spool/secret"),
        ValueError("Jane Citizen, TFN 123 456 782"),
        TimeoutError("secret"),
        UnicodeDecodeError("utf-8", b"secret", 0, 1, "secret"),
        ConnectionResetError("secret"),
        RecursionError("secret"),
    ],
)
async def test_s07_a_fault_is_451_without_its_text_and_the_session_goes_on(connect, handler, error):
    handler.error = error
    client = await connect()
    reply = await client.send_message()

    assert reply.startswith("451 4.3.0 Internal error, please try again later [")
    for secret in ("secret", "Jane", "space", type(error).__name__):
        assert secret not in reply
    assert (await client.command("MAIL FROM:<anna@example.org>")).startswith("250")
    assert (await client.command("RSET")).startswith("250")
    handler.error = None
    assert await client.send_message() == "250 2.6.0 Accepted"


async def test_s07_a_fault_in_a_command_is_451_too(connect, monkeypatch):
    client = await connect()
    with monkeypatch.context() as patched:
        patched.setattr("dlp_gateway.smtp.protocol.parse_path", lambda *_: 1 / 0)
        reply = await client.command("MAIL FROM:<anna@example.org>")
    assert reply.startswith("451 4.3.0")
    assert "division" not in reply
    assert await client.send_message() == "250 2.6.0 Accepted"


async def test_s07_after_a_fault_mail_works_without_rset(connect, monkeypatch):
    client = await connect()
    await client.command("MAIL FROM:<anna@example.org>")
    with monkeypatch.context() as patched:
        patched.setattr("dlp_gateway.smtp.protocol.parse_recipient_parameters", lambda *_, **__: 1 / 0)
        assert (await client.command("RCPT TO:<bob@example.net>")).startswith("451 4.3.0")
    assert await client.send_message() == "250 2.6.0 Accepted"


async def test_s07_a_fault_while_data_are_checked(connect, handler, monkeypatch):
    client = await connect()
    with monkeypatch.context() as patched:
        patched.setattr(intake, "count_received", lambda *_: 1 / 0)
        assert (await client.send_message()).startswith("451 4.3.0")
    assert await client.send_message() == "250 2.6.0 Accepted"
    assert len(handler.messages) == 1


# --- s08 hang-ups --------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [b"", b"MAIL", b"MAIL FROM:<anna@example.org>\r\n", b"MAIL FROM:<anna@example.org>\r\nRCPT TO:<b@example.net>\r\n",
     b"MAIL FROM:<anna@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n",
     b"MAIL FROM:<anna@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nhalf a message\r\n.\r"],
)  # fmt: skip
@pytest.mark.parametrize("half", [False, True])
async def test_s08_hanging_up_before_the_end_of_data_hands_nothing_over(serve, handler, observer, sent, half):
    server = await serve(observer=observer)
    client = await RawClient.connect(server.ports[0])
    client.write(sent)
    await client.writer.drain()
    if half:
        client.writer.write_eof()
        await client.at_end()
    await client.close()
    await wait_for(lambda: server.sessions == 0)

    assert handler.messages == []
    assert observer.events == ["connected", "disconnected"]


async def handled_without_client(client, handler):
    """The handler has the message, and the client is gone."""
    handler.gate.clear()
    await client.envelope()
    client.write(MESSAGE + b".\r\n")
    await handler.entered.wait()
    await client.close()


@pytest.mark.parametrize("reset", [False, True])
async def test_s08_hanging_up_while_a_message_is_handled_does_not_cancel_it(serve, handler, reset):
    server = await serve()
    client = await RawClient.connect(server.ports[0])
    if reset:  # a close with unread octets, or with this option, sends RST instead of FIN
        linger = struct.pack("ii", 1, 0)
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    await handled_without_client(client, handler)
    if reset:
        await wait_for(lambda: server.sessions == 0)
    assert handler.finished == 0
    handler.gate.set()
    await handler.left.wait()
    await wait_for(lambda: server.sessions == 0)

    assert handler.finished == 1
    assert handler.contents == [MESSAGE]


async def test_s08_hanging_up_in_tls_does_not_cancel_it_either(serve, handler, tls_settings, client_context):
    server = await serve(tls=tls_settings)
    client = await RawClient.connect(server.ports[0])
    await client.start_tls(client_context)
    await client.command("EHLO client")
    await handled_without_client(client, handler)
    await wait_for(lambda: server.sessions == 0)
    assert handler.finished == 0
    handler.gate.set()
    await handler.left.wait()

    assert handler.contents == [MESSAGE]


async def test_s08_half_closing_still_gets_the_reply(connect, handler):
    client = await connect()
    handler.gate.clear()
    await client.envelope()
    client.write(MESSAGE + b".\r\n")
    client.writer.write_eof()
    await handler.entered.wait()
    handler.gate.set()

    assert await client.reply() == "250 2.6.0 Accepted"
    assert await client.at_end() == b""


async def test_s08_memory_is_given_back_after_a_hang_up(serve, handler):
    limits = ReceivingLimits(data_in_memory_bytes=100_000)
    server = await serve(limits=limits)
    big = MESSAGE + (b"x" * 998 + b"\r\n") * 90
    for end in (b"", b".\r\n"):
        handler.gate.clear()
        handler.entered.clear()
        client = await RawClient.connect(server.ports[0])
        await client.envelope()
        client.write(big + end)
        if end:
            await handler.entered.wait()
            handler.gate.set()
        await client.close()
        await wait_for(lambda: server.sessions == 0)
    client = await RawClient.connect(server.ports[0])
    assert await client.send_message(big) == "250 2.6.0 Accepted"
    await client.close()


# --- s09 time ------------------------------------------------------------------


HALF_A_MESSAGE = b"MAIL FROM:<anna@example.org>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nhalf"


async def test_s09_progress_in_data_keeps_the_session(serve, connect, handler, time_machine):
    server = await serve()
    client = await connect(server=server)
    await client.envelope()
    client.write(MESSAGE)
    for _ in range(5):
        await settle(server)
        time_machine.forward(299)
        client.write(b"slow\r\n")
    client.write(b".\r\n")

    assert await client.reply() == "250 2.6.0 Accepted"


@pytest.mark.parametrize(
    ("sent", "limit", "seconds"),
    [
        (b"", "idle_seconds", 300),
        (b"MAIL FROM", "idle_seconds", 300),
        (b"MAIL FROM:<anna@example.org>\r\n", "idle_seconds", 300),
        (HALF_A_MESSAGE, "idle_seconds", 300),
        (HALF_A_MESSAGE, "data_seconds", 200),
        (b"", "session_seconds", 200),
    ],
)
async def test_s09_silence_ends_with_a_word(serve, connect, handler, observer, time_machine, sent, limit, seconds):
    server = await serve(observer=observer, limits=ReceivingLimits(**{limit: seconds}))
    client = await connect(server=server)
    client.write(sent)
    await settle(server)
    time_machine.forward(seconds - 5)
    await settle(server)
    assert server.sessions == 1
    time_machine.forward(5)
    last = (await client.at_end()).split(b"\r\n")[-2]

    assert last == f"421 4.4.2 Time is up (limit {limit}: {seconds})".encode()
    assert limit in observer.events
    assert handler.messages == []


async def test_s09_a_command_after_the_last_one_of_a_session(serve, connect, time_machine):
    """However busy it is, a session ends; a message under way does not."""
    server = await serve(limits=ReceivingLimits(session_seconds=1000))
    client = await connect(server=server)
    for _ in range(3):
        time_machine.forward(250)
        await client.command("NOOP")
    await client.envelope()
    for _ in range(2):
        time_machine.forward(250)
        client.write(b"slow\r\n")
        await settle(server)
    client.write(b".\r\n")
    assert await client.reply() == "250 2.6.0 Accepted"
    assert (await client.reply()).startswith("421 4.4.2")


async def test_s09_trickling_octets_into_data_ends(serve, observer, time_machine):
    server = await serve(observer=observer)
    client = await RawClient.connect(server.ports[0])
    await client.envelope()
    for _ in range(20):
        time_machine.forward(100)
        client.write(b"x")
        await settle(server)
    assert "data_seconds" in observer.events
    assert server.sessions == 0
    await client.close()


async def test_s09_a_slow_handler_is_451_and_still_finishes(connect, handler, time_machine):
    client = await connect()
    handler.gate.clear()
    await client.envelope()
    client.write(MESSAGE + b".\r\n")
    await handler.entered.wait()
    time_machine.forward(301)
    reply = await client.reply()
    assert reply.startswith("451 4.3.0")
    assert "handler_seconds" in reply
    handler.gate.set()
    await handler.left.wait()


async def test_s09_no_idle_time_runs_while_a_message_is_handled(serve, connect, handler, time_machine):
    server = await serve(limits=ReceivingLimits(idle_seconds=50, data_seconds=50))
    client = await connect(server=server)
    handler.gate.clear()
    await client.envelope()
    client.write(MESSAGE + b".\r\n")
    await handler.entered.wait()
    for _ in range(4):
        time_machine.forward(60)
        await settle(server)
    handler.gate.set()
    assert await client.reply() == "250 2.6.0 Accepted"
    assert await client.command("NOOP") == "250 2.0.0 OK"


# --- s12 the event loop --------------------------------------------------------


async def test_s12_a_big_message_and_a_password_do_not_stop_others(connect, serve, tls_settings, users_file):
    """Between any two steps of the big upload another client gets its answer."""
    server = await serve(tls=tls_settings, users=users_file)
    big, small = await connect(server=server), await connect(server=server)
    await big.envelope()
    big.write(MESSAGE)
    line = b"x" * 76 + b"\r\n"
    answered = 0
    for _ in range(25):
        big.write(line * 13_000)
        async with asyncio.timeout(PATIENCE):
            answered += (await small.command("NOOP")).startswith("250")
        await big.writer.drain()
    big.write(b".\r\n")

    assert answered == 25
    assert await big.reply() == "250 2.6.0 Accepted"


# --- s15 PROXY -----------------------------------------------------------------

HEADER = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 25\r\n"


async def test_s15_a_listed_proxy_names_the_client(connect, handler):
    client = await connect(
        greet=False, proxy_networks=LOOPBACK, relay_networks=(ipaddress.ip_network("203.0.113.0/24"),)
    )
    client.write(HEADER + b"EHLO client\r\n")
    assert (await client.reply()).startswith("220")
    await client.reply()
    await client.send_message()
    assert handler.messages[0][0].client.host == "203.0.113.7"


@pytest.mark.parametrize(
    "header",
    [b"PROXY UNKNOWN\r\n", b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00", HEADER],
)
async def test_s15_the_proxys_right_to_relay_is_not_its_clients(connect, header):
    client = await connect(greet=False, proxy_networks=LOOPBACK, relay_networks=LOOPBACK)
    client.write(header)
    await client.reply()
    await client.command("EHLO client")
    assert (await client.command("MAIL FROM:<anna@example.org>")).startswith("550 5.7.1")


@pytest.mark.parametrize("sent", [b"EHLO client\r\n", b"PROXY TCP4 x y 1 2\r\n", b"PROXY " + b"x" * 200, b"\r\n\r\nx"])
async def test_s15_a_missing_or_wrong_header_closes(connect, sent):
    client = await connect(greet=False, proxy_networks=LOOPBACK)
    client.write(sent)
    assert await client.at_end() == b""


async def test_s15_a_header_that_does_not_come_closes(serve, connect, time_machine):
    server = await serve(proxy_networks=LOOPBACK)
    client = await connect(server=server, greet=False)
    client.write(b"PROX")
    await wait_for(lambda: server.sessions == 1)
    await asyncio.sleep(0)
    time_machine.forward(31)
    assert await client.at_end() == b""


async def test_s15_a_second_header_closes(connect):
    client = await connect(greet=False, proxy_networks=LOOPBACK)
    client.write(HEADER + HEADER)
    end = await client.at_end()
    assert end.startswith(b"220 ")
    assert end.endswith(b"421 4.7.0 This is SMTP; goodbye\r\n")


async def test_s15_nobody_else_may_name_a_client(connect, handler):
    client = await connect(greet=False, proxy_networks=NOWHERE)
    await client.reply()
    client.write(HEADER)
    assert (await client.at_end()).startswith(b"421 4.7.0")


# --- s16 replies ---------------------------------------------------------------


async def test_s16_a_reply_with_hostile_text_is_one_line(connect, handler):
    handler.reply = Reply(550, "5.7.1", "evil.pdf\r\n250 2.0.0 fine\r\n" + "ü" * 1000)
    client = await connect()
    reply = await client.send_message()

    assert reply.startswith("550 5.7.1 evil.pdf??250 2.0.0 fine")
    assert len(reply) < 510
    assert (await client.command("NOOP")) == "250 2.0.0 OK"


# --- s19 logs ------------------------------------------------------------------


@pytest.fixture
def written():
    """What the gateway writes to its log at its chattiest, with the libraries' records let through unfiltered."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("debug", stream)
    logging.getLogger("mail").setLevel(logging.NOTSET)
    root.setLevel(logging.DEBUG)
    root.addHandler(logging.StreamHandler(stream))
    yield stream
    root.handlers[:], _ = before
    root.setLevel(before[1])
    structlog.reset_defaults()


async def test_s19_no_address_password_or_text_in_any_log(
    written, connect, handler, tls_settings, users_file, client_context
):
    client = await connect(tls=tls_settings, users=users_file, limits=ReceivingLimits(errors=50, recipients=1))
    await client.start_tls(client_context)
    await client.command("EHLO marker.example.org")
    await client.command("AUTH PLAIN " + plain("anna", "wrong marker"))
    await client.command("AUTH PLAIN " + plain("anna", "correct horse"))
    await client.send_message(b"Subject: marker\r\n\r\nmarker\r\n")
    await client.send_message(b"Subject: marker\n\r\nmarker\r\n")
    for line in ("RCPT TO:<bob", "FOO marker", "VRFY bob", "MAIL FROM:<jürgen@example.net>", "MAIL FROM:<marker"):
        await client.command(line)
    handler.error = LookupError("marker")
    assert (await client.send_message()).startswith("451")
    await client.envelope()
    await client.close()

    log = written.getvalue()
    for event in ("smtp listening", "smtp login failed", "smtp fault", "LookupError"):
        assert event in log
    for secret in ("anna", "bob", "marker", "horse", "jürgen"):
        assert secret not in log
