"""What has broken other mail servers, each against a listening server over a real socket.

The numbers s01 to s19 are those of the list of traps in docs/threat-model.md.
"""

import asyncio
import errno
import io
import ipaddress
import logging
import os
import socket
import ssl
import struct

import pytest
import structlog

from dlp_gateway.smtp import intake
from dlp_gateway.smtp.configuration import Listener
from dlp_gateway.smtp.limits import ReceivingLimits
from dlp_gateway.smtp.replies import Reply
from tests.unit.smtp.client import LOOPBACK, MESSAGE, PATIENCE, RawClient, Recorder
from tests.unit.smtp.test_data import SMUGGLED
from tests.unit.smtp.test_protocol import NOWHERE, plain


class Counting:
    """An observer that remembers."""

    def __init__(self):
        self.events = []

    def connected(self):
        self.events.append("connected")

    def disconnected(self):
        self.events.append("disconnected")

    def rejected(self, limit):
        self.events.append(limit)

    def authenticated(self, *, success):
        self.events.append(success)

    def answered(self, code, size, seconds):
        self.events.append((code, size))


@pytest.fixture
def observer():
    return Counting()


async def wait_for(condition):
    """Let the loop run until a condition of the server holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 the conditions are counts of the server, which has no events for tests
            await asyncio.sleep(0)


# --- s01 smuggling -----------------------------------------------------------


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


# --- s02 STARTTLS ------------------------------------------------------------


@pytest.mark.parametrize("injected", [b"NOOP\r\n", b"MAIL FROM:<anna@example.org>\r\n", b"NO", b"NOOP\r\n" * 1000])
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


# --- s03 to s06 addresses ----------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "<=?utf-8?q?=0d=0aRCPT=20TO:?=@example.org>",
        "<=?utf-8?q?bob=40ext.com=3e?=@example.org>",
        '<"bob@ext.com>"@example.org>',
        '<"bob@ext.com"@example.org>',
        "<bob@ext.com>@example.org>",
        "<bob@ext.com,carol@example.org>",
        "<@ext.com:bob@example.org>",
        "<bob%ext.com@example.org>",
    ],
)
async def test_s03_no_address_in_the_coat_of_another(connect, path):
    client = await connect()
    await client.command("MAIL FROM:<anna@example.org>")
    assert (await client.command(f"RCPT TO:{path}"))[:3] in {"501", "553"}
    assert (await client.command("DATA")).startswith("554 5.5.1")


@pytest.mark.parametrize("path", ["<", "<a@", '<"', "<a@[", "<@[ ", "<bob>", "<a\0b@c.example>", "<a(b@c.example>"])
@pytest.mark.parametrize("command", ["MAIL FROM:", "RCPT TO:"])
async def test_s04_broken_addresses_are_the_clients_fault(connect, command, path):
    client = await connect()
    if command == "RCPT TO:":
        await client.command("MAIL FROM:<anna@example.org>")
    reply = await client.command(command + path)
    assert reply[:3] in {"500", "501", "553"}
    assert "Error" not in reply
    assert (await client.command("NOOP")).startswith("250")


@pytest.mark.parametrize(
    "path", ["a@b,c@d", "a@b>,<c@d", "a b@c.example", "a@b (comment)", "(x)a@b.example", "A <a@b.example>", "a@b c@d"]
)
async def test_s05_there_is_one_parser_and_it_does_not_guess(connect, handler, path):
    client = await connect()
    await client.command("MAIL FROM:<anna@example.org>")
    assert (await client.command(f"RCPT TO:<{path}>"))[:1] == "5"


async def test_s05_an_accepted_address_arrives_as_it_was_written(connect, handler):
    paths = ["Bob.Smith+x@Example.NET.", '"john smith"@example.net', "bob@[192.0.2.1]", "o'brien/a=b@example.net"]
    client = await connect()
    await client.send_message(recipients=paths)
    assert [r.address.literal for r in handler.messages[0][0].recipients] == paths


async def test_s06_the_null_sender_is_none(connect, handler):
    client = await connect()
    assert (await client.send_message(sender="")).startswith("250")
    assert handler.messages[0][0].sender is None
    await client.command("MAIL FROM:<>")
    assert (await client.command("RCPT TO:<>")).startswith("501 5.1.3")


# --- s07 faults of ours ------------------------------------------------------


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


async def test_s07_a_fault_while_data_are_checked(connect, handler, monkeypatch):
    client = await connect()
    with monkeypatch.context() as patched:
        patched.setattr(intake, "count_received", lambda *_: 1 / 0)
        assert (await client.send_message()).startswith("451 4.3.0")
    assert await client.send_message() == "250 2.6.0 Accepted"
    assert len(handler.messages) == 1


# --- s08 hang-ups ------------------------------------------------------------


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


# --- s09 time ----------------------------------------------------------------


HALF_A_MESSAGE = b"MAIL FROM:<anna@example.org>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nhalf"


async def settle(server):
    """Let the server take in what was sent to it before."""
    other = await RawClient.connect(server.ports[0])
    await other.command("QUIT")
    await other.close()


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


# --- s10 memory --------------------------------------------------------------


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
    server = await serve(limits=ReceivingLimits(data_in_memory_bytes=200_000))
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


# --- s11 lines and headers ---------------------------------------------------


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


# --- s12 the event loop ------------------------------------------------------


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


# --- s13, s14 parameters and SMTPUTF8 ----------------------------------------


async def test_s13_dsn_parameters_arrive_as_they_were_written(connect, handler):
    client = await connect()
    await client.command("MAIL FROM:<anna@example.org> RET=hdrs ENVID=aBc+2Bd")
    await client.command("RCPT TO:<bob@example.net> NOTIFY=success,delay ORCPT=rfc822;Bob+2Bx@Example.NET")
    await client.command("DATA")
    client.write(MESSAGE + b".\r\n")
    await client.reply()

    ((envelope, _),) = handler.messages
    assert (envelope.ret, envelope.envid) == ("HDRS", "aBc+2Bd")
    assert envelope.recipients[0].notify == ("SUCCESS", "DELAY")
    assert envelope.recipients[0].orcpt == "rfc822;Bob+2Bx@Example.NET"


async def test_s14_utf8_addresses_are_characters_not_surrogates(connect, handler):
    client = await connect()
    await client.send_message(sender="jürgen@example.org", recipients=("用户@bücher.example",), options=" SMTPUTF8")
    ((envelope, _),) = handler.messages
    assert envelope.smtputf8
    assert envelope.sender.local == "jürgen"
    assert envelope.recipients[0].address.domain == "xn--bcher-kva.example"
    assert (await client.command(b"MAIL FROM:<\xfc@example.org> SMTPUTF8")).startswith("500 5.5.2")


@pytest.mark.parametrize("domain", ["ex\u0430mple.org", "\uff45xample.org", "example.org.evil.net", "exámple.org"])
async def test_s14_look_alikes_of_our_domain_are_not_ours(connect, domain):
    client = await connect()
    assert (await client.command(f"MAIL FROM:<anna@{domain}> SMTPUTF8"))[:3] in {"550", "553"}


# --- s15 PROXY ---------------------------------------------------------------

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


# --- s16 replies -------------------------------------------------------------


async def test_s16_a_reply_with_hostile_text_is_one_line(connect, handler):
    handler.reply = Reply(550, "5.7.1", "evil.pdf\r\n250 2.0.0 fine\r\n" + "ü" * 1000)
    client = await connect()
    reply = await client.send_message()

    assert reply.startswith("550 5.7.1 evil.pdf??250 2.0.0 fine")
    assert len(reply) < 510
    assert (await client.command("NOOP")) == "250 2.0.0 OK"


# --- s17, s18 numbers and pipelining -----------------------------------------


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
    async with asyncio.timeout(1e9):
        while server.sessions:
            time_machine.forward(1)
            await asyncio.sleep(0)
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


# --- s19 logs ----------------------------------------------------------------


async def test_s19_no_address_password_or_text_in_any_log(
    connect, handler, tls_settings, users_file, client_context, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    secrets = ("anna", "bob", "marker", "horse", "jürgen")
    written = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    try:
        client = await connect(tls=tls_settings, users=users_file, limits=ReceivingLimits(errors=50))
        await client.start_tls(client_context)
        await client.command("EHLO marker.example.org")
        await client.command("AUTH PLAIN " + plain("anna", "wrong marker"))
        await client.command("AUTH PLAIN " + plain("anna", "correct horse"))
        await client.send_message(b"Subject: marker\r\n\r\nmarker\r\n")
        await client.send_message(b"Subject: marker\n\r\nmarker\r\n")
        for line in ("RCPT TO:<bob", "FOO marker", "VRFY bob", "MAIL FROM:<jürgen@example.net>", "MAIL FROM:<marker"):
            await client.command(line)
        handler.error = LookupError("marker")
        with pytest.raises(LookupError):
            raise handler.error
        await client.command("QUIT")
    finally:
        structlog.reset_defaults()

    log = written.getvalue() + caplog.text + "".join(capfd.readouterr())
    assert "smtp listening" in log
    assert "smtp login failed" in log
    for secret in secrets:
        assert secret not in log


# --- d04, d05 ----------------------------------------------------------------


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
