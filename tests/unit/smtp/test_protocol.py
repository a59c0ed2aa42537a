"""What the server says, over real sockets."""

import base64
import dataclasses
import ipaddress
from collections import Counter

import pytest

from dlp_gateway.smtp.configuration import Listener
from dlp_gateway.smtp.limits import ReceivingLimits
from dlp_gateway.smtp.replies import Reply
from tests.unit.smtp.client import LOOPBACK, MESSAGE, RawClient

NOWHERE = (ipaddress.ip_network("192.0.2.0/24"),)


def plain(name, password, authorisation=""):
    return base64.b64encode(f"{authorisation}\0{name}\0{password}".encode()).decode()


async def test_a_message_goes_through(connect, handler):
    client = await connect()
    reply = await client.send_message(options=" SIZE=100 BODY=8BITMIME RET=HDRS ENVID=x+2By")

    assert reply == "250 2.6.0 Accepted"
    ((envelope, content),) = handler.messages
    assert content == MESSAGE
    assert str(envelope.sender) == "anna@example.org"
    assert [str(r.address) for r in envelope.recipients] == ["bob@example.net"]
    assert (envelope.ret, envelope.envid) == ("HDRS", "x+2By")
    client_ = envelope.client
    assert (client_.host, client_.helo, client_.user, client_.tls) == ("127.0.0.1", "client.example.org", None, None)
    assert await client.command("QUIT") == "221 2.0.0 Bye"
    assert await client.at_end() == b""


async def test_ehlo_announces_what_is_honoured(connect):
    client = await connect(greet=False, limits=ReceivingLimits(message_bytes=1234))
    assert await client.reply() == "220 gateway.example.org ESMTP dlp-gateway"
    reply = await client.command("EHLO client")

    keywords = [line[4:] for line in reply.split("\r\n")]
    assert keywords == [
        "gateway.example.org", "SIZE 1234", "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN", "HELP",
    ]  # fmt: skip


async def test_ehlo_with_tls_and_users(connect, tls_settings, users_file, client_context):
    client = await connect(tls=tls_settings, users=users_file)
    clear = await client.command("EHLO client")
    await client.start_tls(client_context)
    secured = await client.command("EHLO client")

    assert "STARTTLS" in clear
    assert "AUTH" not in clear
    assert "STARTTLS" not in secured
    assert "250-AUTH PLAIN LOGIN" in secured


async def test_helo_knows_no_parameters(connect, handler):
    client = await connect(greet=False)
    await client.reply()
    assert await client.command("HELO client") == "250 gateway.example.org"
    assert (await client.command("MAIL FROM:<anna@example.org> SIZE=1")).startswith("555 5.5.4")
    assert await client.send_message() == "250 2.6.0 Accepted"
    assert handler.messages[0][0].client.esmtp is False


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("NOOP", "250 2.0.0"), ("NOOP anything", "250 2.0.0"), ("noop", "250 2.0.0"), ("RSET", "250 2.0.0"),
        ("RSET x", "501 5.5.4"), ("QUIT x", "501 5.5.4"), ("VRFY anna", "252 2.0.0"), ("VRFY", "252 2.0.0"),
        ("EXPN staff", "502 5.5.1"), ("HELP", "214 2.0.0"), ("HELP MAIL", "214 2.0.0"),
        ("", "500 5.5.1"), (" NOOP", "500 5.5.1"), ("BDAT 10 LAST", "500 5.5.1"), ("X" * 400, "500 5.5.1"),
        ("MAıL FROM:<anna@example.org>", "500 5.5.1"), ("EHLO", "501 5.5.4"), ("EHLO ü", "501 5.5.4"),
        ("HELO " + "x" * 256, "501 5.5.4"),
        ("MAIL", "501 5.5.4"), ("MAIL TO:<anna@example.org>", "501 5.5.4"), ("MAIL FROM:anna@example.org", "501 5.1.7"),
        ("MAIL FROM:<anna@example.org> FOO=1", "555 5.5.4"),
        ("MAIL FROM:<anna@example.org> BODY=BINARYMIME", "501 5.5.4"),
        ("MAIL FROM:<anna@example.org> SIZE=52428801", "552 5.3.4"), ("MAIL FROM:<jürgen@example.org>", "553 5.6.7"),
        ("MAIL FROM:<jürgen@example.org> SMTPUTF8", "250 2.1.0"), ("mail from: <anna@example.org>", "250 2.1.0"),
        ("RCPT TO:<bob@example.net>", "503 5.5.1"), ("DATA", "503 5.5.1"), ("DATA x", "501 5.5.4"),
        ("STARTTLS", "502 5.5.1"), ("AUTH PLAIN", "502 5.5.1"),
    ],
)  # fmt: skip
async def test_replies(connect, line, reply):
    client = await connect()
    assert (await client.command(line)).startswith(reply)
    assert (await client.command("NOOP")).startswith("250")


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("RCPT", "501 5.5.4"), ("RCPT TO:<>", "501 5.1.3"), ("RCPT TO:bob@example.net", "501 5.1.3"),
        ("RCPT TO:<bob>", "553 5.1.3"), ("RCPT TO:<bob@-x>", "553 5.1.2"),
        ("RCPT TO:<jürgen@example.net>", "553 5.6.7"),
        ("RCPT TO:<bob@example.net> FOO", "555 5.5.4"), ("RCPT TO:<bob@example.net> NOTIFY=NEVER", "250 2.1.5"),
        ("RCPT TO:<postmaster>", "250 2.1.5"), ("RCPT TO: <Postmaster> NOTIFY=NEVER", "250 2.1.5"),
        ("RCPT TO:<bob%example.net@example.org>", "553 5.1.3"),
        ("RCPT TO:<example.net!bob@mail.example.org>", "553 5.1.3"),
        ("RCPT TO:<bob%x@example.net>", "250 2.1.5"),
        ("MAIL FROM:<anna@example.org>", "503 5.5.1"), ("DATA", "554 5.5.1"), ("DATA x", "501 5.5.4"),
    ],
)  # fmt: skip
async def test_replies_in_a_transaction(connect, line, reply):
    client = await connect()
    await client.command("MAIL FROM:<anna@example.org>")
    assert (await client.command(line)).startswith(reply)
    assert (await client.command("RCPT TO:<carol@example.net>")).startswith("250")


async def test_commands_out_of_order(connect):
    client = await connect(greet=False)
    await client.reply()
    assert (await client.command("MAIL FROM:<anna@example.org>")).startswith("503 5.5.1")


async def test_postmaster_is_the_organisations(connect, handler):
    client = await connect()
    await client.send_message(recipients=("POSTMASTER",))
    assert handler.messages[0][0].recipients[0].address.literal == "postmaster@example.org"


async def test_ehlo_and_rset_give_up_the_message(connect):
    client = await connect()
    for command in ("RSET", "EHLO again"):
        await client.command("MAIL FROM:<anna@example.org>")
        await client.command(command)
        assert (await client.command("DATA")).startswith("503")


# --- who may relay -----------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "reply"),
    [
        ("anna@example.org", "250"),
        ("anna@EXAMPLE.ORG.", "250"),
        ("anna@mail.example.org", "250"),
        ("", "250"),
        ("anna@example.net", "550 5.7.1"),
        ("anna@example.org.evil.net", "550 5.7.1"),
        ("anna@evilexample.org", "550 5.7.1"),
        ("anna@[127.0.0.1]", "550 5.7.1"),
    ],
)
async def test_a_relay_network_sends_for_the_organisation_only(connect, sender, reply):
    client = await connect()
    assert (await client.command(f"MAIL FROM:<{sender}>")).startswith(reply)


@pytest.mark.parametrize("sender", ["anna@example.org", "", "anna@example.net"])
async def test_others_do_not_relay(connect, sender, tls_settings, users_file):
    stranger = await connect(relay_networks=NOWHERE)
    assert (await stranger.command(f"MAIL FROM:<{sender}>")).startswith("550 5.7.1")
    assert (await stranger.command("RCPT TO:<bob@example.net>")).startswith("503")
    not_yet = await connect(relay_networks=NOWHERE, tls=tls_settings, users=users_file)
    assert (await not_yet.command(f"MAIL FROM:<{sender}>")).startswith("530 5.7.0")


@pytest.mark.parametrize(
    ("name", "password", "sender", "reply"),
    [
        ("anna", "correct horse", "anna@example.org", "250"),
        ("anna", "correct horse", "ANNA@example.org", "250"),
        ("anna", "correct horse", "x@sales.example.org", "250"),
        ("anna", "correct horse", "boss@example.org", "550 5.7.1"),
        ("anna", "correct horse", "", "550 5.7.1"),
        ("printer", "päss", "boss@example.org", "250"),
        ("printer", "päss", "boss@example.net", "550 5.7.1"),
        ("printer", "päss", "", "550 5.7.1"),
    ],
)
async def test_users_send_as_themselves(
    connect, handler, tls_settings, users_file, client_context, name, password, sender, reply
):
    client = await connect(relay_networks=NOWHERE, tls=tls_settings, users=users_file)
    await client.start_tls(client_context)
    await client.command("EHLO client")
    assert (await client.command(f"AUTH PLAIN {plain(name, password)}")).startswith("235 2.7.0")
    assert (await client.command(f"MAIL FROM:<{sender}>")).startswith(reply)
    if reply == "250":
        await client.command("RSET")
        await client.send_message(sender=sender)
        known = handler.messages[0][0].client
        assert known.user == name
        assert known.tls.startswith("TLSv1.")


async def test_a_user_in_a_relay_network_is_bound_by_the_login(connect, tls_settings, users_file, client_context):
    client = await connect(relay_networks=LOOPBACK, tls=tls_settings, users=users_file)
    await client.start_tls(client_context)
    await client.command("EHLO client")
    await client.command(f"AUTH PLAIN {plain('anna', 'correct horse')}")
    assert (await client.command("MAIL FROM:<boss@example.org>")).startswith("550 5.7.1")


async def test_the_length_of_an_address_is_limited_by_the_settings(connect, handler):
    client = await connect(limits=ReceivingLimits(path_bytes=100))
    assert (await client.command(f"MAIL FROM:<{'a' * 87}@example.org>")).startswith("553 5.1.7")
    assert (await client.command(f"MAIL FROM:<{'a' * 86}@example.org>")).startswith("250")
    over = await client.command(f"RCPT TO:<{'b' * 87}@example.net>")
    assert over == "553 5.1.3 Address refused: with its brackets it is longer than 100 octets (limit path_bytes)"
    assert (await client.command(f"RCPT TO:<{'b' * 86}@example.net>")).startswith("250")


# --- AUTH --------------------------------------------------------------------


@pytest.fixture
async def secured(connect, tls_settings, users_file, client_context):
    async def start(**changes):
        client = await connect(tls=tls_settings, users=users_file, **changes)
        await client.start_tls(client_context)
        await client.command("EHLO client")
        return client

    return start


def b64(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("lines", "replies"),
    [
        (["AUTH PLAIN", plain("anna", "correct horse")], ["334 ", "235 2.7.0"]),
        (["auth plain " + plain("anna", "correct horse")], ["235 2.7.0"]),
        (["AUTH PLAIN " + plain("anna", "correct horse", "anna")], ["235 2.7.0"]),
        (["AUTH LOGIN", b64("anna"), b64("correct horse")], ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 2.7.0"]),
        (["AUTH LOGIN " + b64("anna"), b64("correct horse")], ["334 UGFzc3dvcmQ6", "235 2.7.0"]),
        (["AUTH PLAIN " + plain("anna", "wrong")], ["535 5.7.8"]),
        (["AUTH PLAIN " + plain("nobody", "correct horse")], ["535 5.7.8"]),
        (["AUTH PLAIN " + plain("anna", "correct horse", "boss")], ["535 5.7.8"]),
        (["AUTH PLAIN " + b64("no separators")], ["501 5.5.2"]),
        (["AUTH PLAIN ="], ["501 5.5.2"]),
        (["AUTH PLAIN !!!"], ["501 5.5.2"]),
        (["AUTH PLAIN " + base64.b64encode(b"\0\xff\0\xff").decode()], ["501 5.5.2"]),
        (["AUTH LOGIN", "*"], ["334 ", "501 5.7.0"]),
        (["AUTH LOGIN", "\xfc"], ["334 ", "501 5.5.2"]),
        (["AUTH LOGIN", b64("x"), "*"], ["334 ", "334 ", "501 5.7.0"]),
        (["AUTH CRAM-MD5"], ["504 5.5.4"]),
        (["AUTH"], ["504 5.5.4"]),
        (["AUTH PLAIN", "x" * 13_000], ["334 ", "500 5.5.2"]),
        (["MAIL FROM:<anna@example.org>", "AUTH PLAIN " + plain("anna", "correct horse")], ["250", "503 5.5.1"]),
    ],
)
async def test_auth_exchanges(secured, lines, replies):
    client = await secured()
    for line, reply in zip(lines, replies, strict=True):
        assert (await client.command(line)).startswith(reply)
    assert (await client.command("NOOP")).startswith("250")


async def test_auth_needs_tls_and_succeeds_once(connect, secured, tls_settings, users_file):
    clear = await connect(tls=tls_settings, users=users_file)
    assert (await clear.command("AUTH PLAIN " + plain("anna", "correct horse"))).startswith("538 5.7.11")
    client = await secured()
    await client.command("AUTH PLAIN " + plain("anna", "correct horse"))
    assert (await client.command("AUTH PLAIN " + plain("anna", "correct horse"))).startswith("503 5.5.1")


@pytest.mark.parametrize(
    ("name", "password", "told"),
    [
        ("anna", "correct horse", (True, "anna", "127.0.0.1")),
        ("anna", "wrong", (False, "anna", "127.0.0.1")),
        ("a password in the wrong field", "x", (False, "", "127.0.0.1")),
    ],
)
async def test_the_observer_hears_who_logs_in_from_where(
    serve, observer, tls_settings, users_file, client_context, name, password, told
):
    server = await serve(observer=observer, tls=tls_settings, users=users_file)
    client = await RawClient.connect(server.ports[0])
    await client.start_tls(client_context)
    await client.command("EHLO client")
    await client.command(f"AUTH PLAIN {plain(name, password)}")
    await client.close()
    assert observer.logins == [told]


async def test_wrong_passwords_are_limited_per_client(serve, tls_settings, users_file, client_context):
    limits = ReceivingLimits(authentication_failures=2)
    server = await serve(tls=tls_settings, users=users_file, limits=limits)
    for reply in ("535 5.7.8", "535 5.7.8", "421 4.7.0"):
        client = await RawClient.connect(server.ports[0])
        await client.start_tls(client_context)
        await client.command("EHLO client")
        assert (await client.command("AUTH PLAIN " + plain("anna", "guess"))).startswith(reply)
        await client.close()


async def test_many_sessions_at_once_have_no_more_wrong_passwords(serve, tls_settings, users_file, client_context):
    limits = ReceivingLimits(authentication_failures=2)
    server = await serve(tls=tls_settings, users=users_file, limits=limits)
    clients = [await RawClient.connect(server.ports[0]) for _ in range(6)]
    for client in clients:
        await client.start_tls(client_context)
        await client.command("EHLO client")
        assert (await client.command("AUTH PLAIN")).startswith("334")
    *wrong, right = clients
    for client in wrong:
        client.write(plain("anna", "guess").encode() + b"\r\n")
    told = Counter([(await client.reply())[:3] for client in wrong])
    told_last = await right.command(plain("anna", "correct horse"))
    for client in clients:
        await client.close()

    assert told == {"535": 2, "421": 3}
    assert told_last.startswith("421 4.7.0")


async def test_many_right_passwords_at_once_are_taken(serve, tls_settings, users_file, client_context):
    limits = ReceivingLimits(authentication_failures=1)
    server = await serve(tls=tls_settings, users=users_file, limits=limits)
    clients = [await RawClient.connect(server.ports[0]) for _ in range(4)]
    for client in clients:
        await client.start_tls(client_context)
        await client.command("EHLO client")
        client.write(b"AUTH PLAIN " + plain("anna", "correct horse").encode() + b"\r\n")
    told = [(await client.reply())[:3] for client in clients]
    for client in clients:
        await client.close()

    assert told == ["235"] * 4


# --- TLS ---------------------------------------------------------------------


async def test_tls_can_be_required(connect, tls_settings, client_context):
    client = await connect(tls=dataclasses.replace(tls_settings, required=True))
    for line in ("MAIL FROM:<anna@example.org>", "RCPT TO:<a@b>", "DATA", "VRFY x", "HELO x", "RSET", "AUTH PLAIN"):
        assert (await client.command(line)).startswith("530 5.7.0")
    assert (await client.command("NOOP")).startswith("250")
    await client.start_tls(client_context)
    await client.command("EHLO client")
    assert await client.send_message() == "250 2.6.0 Accepted"


async def test_implicit_tls(connect, handler, tls_settings, client_context):
    listeners = (Listener("127.0.0.1", 0, implicit_tls=True),)
    client = await connect(context=client_context, tls=tls_settings, listeners=listeners)
    assert "STARTTLS" not in await client.command("EHLO client")
    assert (await client.command("STARTTLS")).startswith("503 5.5.1")
    assert await client.send_message() == "250 2.6.0 Accepted"
    assert handler.messages[0][0].client.tls


async def test_a_failed_handshake_ends_the_session_only(connect, serve, tls_settings):
    server = await serve(tls=tls_settings)
    client = await connect(server=server)
    await client.command("STARTTLS")
    client.write(b"this is no handshake\r\n")
    await client.at_end()
    again = await connect(server=server)
    assert await again.send_message() == "250 2.6.0 Accepted"


@pytest.mark.parametrize("reply", [Reply(250, "2.6.0", "x"), Reply(550, "5.7.1", "x"), Reply(451, "4.3.0", "x")])
async def test_the_handlers_reply_is_the_clients(connect, handler, reply):
    handler.reply = reply
    client = await connect()
    assert await client.send_message() == reply.render().decode().rstrip()
    assert await client.send_message() == reply.render().decode().rstrip()


async def test_a_handler_that_says_421_ends_the_session(connect, handler):
    handler.reply = Reply(421, "4.3.2", "going")
    client = await connect()
    assert (await client.send_message()).startswith("421")
    assert await client.at_end() == b""
