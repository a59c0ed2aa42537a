"""Start, reload, drain and stop of a listening server."""

import asyncio
import dataclasses
import ipaddress
import shutil

import pytest

from dlp_gateway.smtp.authentication import UsersFileError
from dlp_gateway.smtp.configuration import Listener
from dlp_gateway.smtp.limits import ReceivingLimits
from dlp_gateway.smtp.server import SmtpServer
from dlp_gateway.smtp.tls import CertificateError
from tests.unit.smtp.client import LOOPBACK, MESSAGE, RawClient, Recorder, receiving, wait_for
from tests.unit.smtp.conftest import QUICK
from tests.unit.smtp.test_protocol import NOWHERE, plain


async def in_flight(server, handler, number):
    """Clients whose messages the handler has and has not answered."""
    handler.gate.clear()
    clients = [await RawClient.connect(server.ports[0]) for _ in range(number)]
    for client in clients:
        await client.envelope()
        client.write(MESSAGE + b".\r\n")
    await wait_for(lambda: len(handler.messages) == number)
    return clients


async def test_every_listener_has_its_port(serve):
    server = await serve(listeners=(Listener("127.0.0.1", 0), Listener("127.0.0.1", 0)))
    assert len(set(server.ports)) == 2
    for port in server.ports:
        client = await RawClient.connect(port)
        assert await client.send_message() == "250 2.6.0 Accepted"
        await client.close()


async def test_ipv6(serve, handler):
    server = await serve(listeners=(Listener("::1", 0),), relay_networks=NOWHERE)
    _, writer = await asyncio.open_connection("::1", server.ports[0])
    writer.close()
    await writer.wait_closed()


async def test_an_address_in_use_leaves_nothing_listening(serve):
    taken = (await serve()).ports[0]
    server = SmtpServer(receiving(listeners=(Listener("127.0.0.1", 0), Listener("127.0.0.1", taken))), Recorder())
    with pytest.raises(OSError, match="address already in use"):
        await server.start()
    assert server.ports == ()


async def test_files_that_cannot_be_read_stop_the_start(tls_settings, tmp_path):
    broken = tmp_path / "users"
    broken.write_text("no colon")
    absent = dataclasses.replace(tls_settings, certificate=tmp_path / "absent")
    for changes, error in (
        ({"tls": absent}, CertificateError),
        ({"tls": tls_settings, "users": broken}, UsersFileError),
    ):
        server = SmtpServer(receiving(**changes), Recorder())
        with pytest.raises(error):
            await server.start()
        assert server.ports == ()


async def test_certificate_expiry(serve, tls_settings):
    assert (await serve()).certificate_expires_at is None
    assert (await serve(tls=tls_settings)).certificate_expires_at > 1_700_000_000


async def test_d09_reload_keeps_sessions_and_counts_for_new_ones(serve, connect, handler):
    server = await serve(limits=ReceivingLimits(message_bytes=10_000))
    (busy,) = await in_flight(server, handler, 1)
    idle = await connect(server=server)
    listeners = receiving().listeners
    server.reload(receiving(listeners=listeners, limits=ReceivingLimits(message_bytes=20_000)))

    handler.gate.set()
    assert await busy.reply() == "250 2.6.0 Accepted"
    assert await idle.send_message() == "250 2.6.0 Accepted"
    assert "SIZE 10000" in await idle.command("EHLO x")
    fresh = await RawClient.connect(server.ports[0])
    assert "SIZE 20000" in await fresh.command("EHLO x")
    for client in (busy, fresh):
        await client.close()


PROXY = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 25\r\n"
BEHIND = (ipaddress.ip_network("203.0.113.0/24"),)


@pytest.mark.parametrize(
    ("header", "before", "after", "reply"),
    [
        (b"", {}, {}, "250"),
        (b"", {}, {"relay_networks": NOWHERE}, "550 5.7.1"),
        (b"", {"relay_networks": NOWHERE}, {}, "250"),
        (PROXY, {"proxy_networks": LOOPBACK, "relay_networks": BEHIND}, {"proxy_networks": LOOPBACK}, "550 5.7.1"),
        (PROXY, {"proxy_networks": LOOPBACK, "relay_networks": BEHIND}, {"relay_networks": BEHIND}, "550 5.7.1"),
        # The right of the proxy itself is never its client's.
        (PROXY, {"proxy_networks": LOOPBACK, "relay_networks": BEHIND}, {"relay_networks": LOOPBACK}, "550 5.7.1"),
    ],
)
@pytest.mark.parametrize("begun", [False, True])
async def test_a_reload_changes_who_may_relay_in_sessions_under_way(
    serve, connect, handler, header, before, after, reply, begun
):
    server = await serve(**before)
    client = await connect(server=server, greet=False)
    client.write(header + b"EHLO client.example.org\r\n")
    await client.replies(2)
    message = ["MAIL FROM:<anna@example.org>", "RCPT TO:<bob@example.net>"]
    if begun:
        first = await client.command(message[0])
        await client.command(message[1])
    server.reload(receiving(**after))

    if begun and first.startswith("250"):  # it was taken, but is not by now
        last = await client.command("DATA")
        assert last.startswith("354" if reply == "250" else reply)
    else:
        assert (await client.command(message[0])).startswith(reply)
    assert handler.messages == []


@pytest.mark.parametrize(
    ("lines", "ends"),
    [
        (["anna:{anna}:anna@example.org", "bob:{bob}"], False),
        (["bob:{bob}", "anna:{anna}:Anna@Example.org"], False),
        (["bob:{bob}"], True),
        (["anna:{bob}:anna@example.org"], True),
        (["anna:{anna}:sales@example.org"], True),
        (["anna:{anna}"], True),
        (None, True),
    ],
)
@pytest.mark.parametrize("begun", [False, True])
async def test_a_login_that_was_removed_or_changed_ends_at_the_next_message(
    connect, serve, handler, tls_settings, client_context, tmp_path, lines, ends, begun
):
    hashes = {name: QUICK.hash(name) for name in ("anna", "bob")}
    users = tmp_path / "users"
    users.write_text("anna:{anna}:anna@example.org\nbob:{bob}\n".format(**hashes))
    server = await serve(relay_networks=NOWHERE, tls=tls_settings, users=users)
    client = await connect(server=server)
    await client.start_tls(client_context)
    await client.command("EHLO client.example.org")
    assert (await client.command(f"AUTH PLAIN {plain('anna', 'anna')}")).startswith("235")
    assert await client.send_message() == "250 2.6.0 Accepted"
    if begun:
        await client.command("MAIL FROM:<anna@example.org>")
        await client.command("RCPT TO:<bob@example.net>")
    users.write_text("\n".join(lines or ()).format(**hashes))
    server.reload(receiving(relay_networks=NOWHERE, tls=tls_settings, users=users if lines else None))

    reply = await client.command("DATA" if begun else "MAIL FROM:<anna@example.org>")

    if ends:
        assert reply == "421 4.7.0 Your login has changed; connect again"
        assert await client.at_end() == b""
    else:
        assert reply.startswith("354" if begun else "250")
    assert len(handler.messages) == 1


async def test_reload_takes_the_new_certificate(serve, tls_settings, client_context, authority, tmp_path):
    settings = dataclasses.replace(tls_settings, certificate=tmp_path / "c.pem", key=tmp_path / "k.pem")
    shutil.copy(tls_settings.certificate, settings.certificate)
    shutil.copy(tls_settings.key, settings.key)
    server = await serve(tls=settings)

    async def serial():
        client = await RawClient.connect(server.ports[0])
        await client.start_tls(client_context)
        number = client.writer.get_extra_info("ssl_object").getpeercert()["serialNumber"]
        await client.close()
        return number

    before = await serial()
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(settings.certificate)
    issued.private_key_pem.write_to_path(settings.key)
    assert await serial() == before
    server.reload(receiving(tls=settings))
    assert await serial() != before


async def test_a_reload_that_fails_changes_nothing(serve, connect, tls_settings, users_file, tmp_path):
    server = await serve(tls=tls_settings, users=users_file)
    absent = dataclasses.replace(tls_settings, key=tmp_path / "absent")
    for broken in (
        receiving(tls=absent, relay_networks=NOWHERE),
        receiving(tls=tls_settings, users=tmp_path / "absent", relay_networks=NOWHERE),
        receiving(listeners=(Listener("127.0.0.1", 1),), relay_networks=NOWHERE),
    ):
        with pytest.raises((ValueError, OSError)):
            server.reload(broken)
    client = await connect(server=server)
    assert "STARTTLS" in await client.command("EHLO x")
    assert await client.send_message() == "250 2.6.0 Accepted"


async def test_d09_drain_finishes_what_is_under_way(serve, handler):
    server = await serve()
    port = server.ports[0]
    idle = await RawClient.connect(port)
    begun = await RawClient.connect(port)
    await begun.envelope()
    busy = await in_flight(server, handler, 5)
    draining = asyncio.create_task(server.drain(20))

    assert (await idle.reply()).startswith("421 4.3.2")
    with pytest.raises(ConnectionRefusedError):
        await RawClient.connect(port)
    begun.write(MESSAGE + b".\r\nMAIL FROM:<anna@example.org>\r\n")
    handler.gate.set()
    for client in (*busy, begun):
        assert await client.reply() == "250 2.6.0 Accepted"
        assert (await client.reply()).startswith("421 4.3.2")
    assert await draining
    assert len(handler.messages) == 6
    for client in (idle, begun, *busy):
        await client.close()


async def test_d09_drain_cuts_a_handshake(serve, tls_settings):
    server = await serve(tls=tls_settings, listeners=(Listener("127.0.0.1", 0, implicit_tls=True),))
    client = await RawClient.connect(server.ports[0], greet=False)
    await wait_for(lambda: server.sessions == 1)
    assert await server.drain(20)
    assert await client.at_end() == b""
    await client.close()


async def test_d09_a_drain_that_takes_too_long_says_so(serve, handler, time_machine):
    server = await serve()
    (busy,) = await in_flight(server, handler, 1)
    draining = asyncio.create_task(server.drain(20))
    await asyncio.sleep(0)
    time_machine.forward(21)
    assert not await draining
    handler.gate.set()
    assert await busy.reply() == "250 2.6.0 Accepted"
    await busy.close()


async def test_d09_stop_gives_up_what_was_not_answered(serve, handler, tls_settings, client_context):
    server = await serve(tls=tls_settings)
    busy = await in_flight(server, handler, 3)
    secured = await RawClient.connect(server.ports[0])
    await secured.start_tls(client_context)
    handshaking = await RawClient.connect(server.ports[0])
    await handshaking.command("STARTTLS")
    before = len(handler.messages)
    await server.stop()

    assert server.sessions == 0
    for client in (*busy, secured, handshaking):
        assert await client.at_end() == b""  # no 250 was said, so the message is still the client's
        await client.close()
    assert (handler.finished, len(handler.messages)) == (0, before)
