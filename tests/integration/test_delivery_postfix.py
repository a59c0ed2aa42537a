"""Delivery to a real Postfix: what arrives, over what kind of line, and what Postfix's answers come to."""

import asyncio
import email
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from dlp_gateway.delivery.settings import ResolverSettings, Routes, RouteSettings
from dlp_gateway.delivery.tls import TlsPolicy
from dlp_gateway.model import TlsMode, Zone
from dlp_gateway.store.values import State
from tests.integration.postfix import AVAILABLE, WHY_NOT, Delivered, Postfix
from tests.unit.delivery.examples import CONTENT, SENDER, due, recipient
from tests.unit.delivery.harness import at_work, new_queue
from tests.unit.delivery.nameserver import NameServer

pytestmark = [pytest.mark.postfix, pytest.mark.skipif(not AVAILABLE, reason=WHY_NOT)]

HEADERS = b"Message-ID: <1@westendonsixth.com>\r\nSubject: x\r\n"


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    with Postfix(refuse={"gone@": "550 5.1.1 User gone unknown", "full@": "452 4.2.2 Mailbox full"}) as server:
        yield server


def to(address: str, tls: TlsPolicy | None = None) -> Routes:
    route = RouteSettings(hosts=(address,), tls=tls or TlsPolicy(TlsMode.NONE))
    return Routes(dict.fromkeys(Zone, route))


async def arrival(server: Postfix, address: str) -> Delivered:
    return await asyncio.to_thread(server.arrival, address)


# Nothing that Postfix itself would set right, such as a line without a colon among the headers.
CONTENTS = [
    HEADERS + b"\r\nhello\r\n",
    HEADERS + b"\r\n",
    HEADERS + b"\r\n.\r\n..\r\n...\r\n.leading\r\n. \r\n",
    HEADERS + b"\r\ncaf\xe9 \xff\x80 \xe2\x80\xa8\r\n",
    HEADERS + "Subject: Grüße\r\nX-Odd: \x85\r\n\r\nGrüße\r\n".encode(),
    HEADERS + b"\r\n" + b"x" * 5_000 + b"\r\n" + b"." * 998 + b"\r\n",
    HEADERS + b"X-Long: " + b"y" * 20_000 + b"\r\n\r\nx\r\n",
    HEADERS + b"Bcc: hidden@ext.example\r\nReturn-Path: <odd@x>\r\nReceived: by x\r\nContent-Length: 3\r\n\r\nx\r\n",
    HEADERS + b"  folded\r\n\tfolded too\r\n\r\n  body  \r\n\r\n\r\n",
    b"From: a\r\nFrom: b\r\n\r\nfrom here\r\nFrom here\r\n>From here\r\n",
    HEADERS + b"\r\n" + b"0123456789abcdef" * 4 * 65_536 + b"\r\n",
    HEADERS + b"\r\n" + (b"line of a large message with .dots. in it\r\n.\r\n" * 60_000),
]  # fmt: skip


async def test_s01_what_arrives_is_what_was_given(postfix):
    queue = new_queue()
    for number, content in enumerate(CONTENTS):
        queue.put(content, due(number, f"r{number}@ext.example", f"m{number}", size=len(content)))
    async with at_work(queue, to(postfix.address)):
        await queue.until(lambda: len(queue.outcomes) == len(CONTENTS))

    assert set(queue.states().values()) == {State.DELIVERED}
    for number, content in enumerate(CONTENTS):
        message = await arrival(postfix, f"r{number}@ext.example")
        assert message.without_trace == content, f"content {number}"
        assert message.sender == SENDER


async def test_the_record_names_the_queue_id_of_the_next_hop(postfix):
    queue = new_queue()
    queue.put(CONTENT, due())
    async with at_work(queue, to(postfix.address)):
        await queue.until(lambda: bool(queue.outcomes))

    queue_id = queue.outcomes[0].text.split()[-1]
    assert queue.outcomes[0].text == f"Ok queued as {queue_id}"
    assert f"{queue_id}: message-id=<1@westendonsixth.com>" in await asyncio.to_thread(postfix.log)


async def test_messages_in_a_row_share_a_line(postfix):
    queue = new_queue()
    async with at_work(queue, to(postfix.address)):
        for number in range(10):
            queue.put(CONTENT, due(number, message=f"m{number}"))
            await queue.until(lambda: len(queue.outcomes) == number + 1)  # noqa: B023

    await asyncio.to_thread(postfix.wait_for_log, "ehlo=1 mail=10 rcpt=10 data=10 quit=1")


async def test_d07_each_recipient_gets_what_postfix_says_of_it(postfix):
    queue = new_queue()
    sender = "seven@westendonsixth.com"
    addresses = ("ok@ext.example", "gone@ext.example", "full@ext.example")
    queue.put(CONTENT, *(due(number, address, sender=sender) for number, address in enumerate(addresses, 1)))
    async with at_work(queue, to(postfix.address)):
        await queue.until(lambda: len(queue.outcomes) == 4)
        bounce = await arrival(postfix, sender)

    states = {o.delivery_id: (o.state, o.code, o.enhanced) for o in queue.outcomes if o.delivery_id < 10}
    assert states == {
        1: (State.DELIVERED, 250, "2.0.0"), 2: (State.FAILED, 550, "5.1.1"), 3: (State.DEFERRED, 452, "4.2.2"),
    }  # fmt: skip
    assert "gone" not in next(o.text for o in queue.outcomes if o.delivery_id == 2)
    report = email.message_from_bytes(bounce.without_trace)
    assert report.get_content_type() == "multipart/report"
    assert "gone@ext.example" in str(report)


async def test_mail_waits_for_a_server_that_is_down():
    with Postfix() as server:
        server.stop()
        queue = new_queue()
        queue.put(CONTENT, due())
        async with at_work(queue, to(server.address)):
            await queue.until(lambda: len(queue.outcomes) == 1)
            await asyncio.to_thread(server.start)
            await queue.move(60)
            await queue.until(lambda: len(queue.outcomes) == 2)
            arrived = await arrival(server, "bob@ext.example")

    assert [(o.state, o.enhanced) for o in queue.outcomes] == [(State.DEFERRED, "4.4.1"), (State.DELIVERED, "2.0.0")]
    assert arrived.without_trace == CONTENT


@dataclass
class Secure:
    """A server whose certificate is for secure.westendonsixth.com, by an authority of our own."""

    server: Postfix
    authority: Path


@pytest.fixture(scope="module")
def secure(tmp_path_factory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    leaf = authority.issue_cert("secure.westendonsixth.com")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    for pem in leaf.cert_chain_pems:
        pem.write_to_path(folder / "certificate.pem", append=True)
    with Postfix(tls="encrypt", certificate=folder / "certificate.pem", key=folder / "key.pem") as server:
        yield Secure(server, folder / "authority.pem")


@pytest.mark.parametrize(
    ("policy", "state", "enhanced", "tls"),
    [
        ({"mode": TlsMode.NONE}, State.DEFERRED, "4.7.0", ""),
        ({"mode": TlsMode.MAY}, State.DELIVERED, "2.0.0", "TLSv1.3 TLS_AES_256_GCM_SHA384 unverified"),
        ({"mode": TlsMode.REQUIRED}, State.DELIVERED, "2.0.0", "TLSv1.3 TLS_AES_256_GCM_SHA384 unverified"),
        ({"mode": TlsMode.VERIFIED, "name": "secure.westendonsixth.com"}, State.DELIVERED, "2.0.0",
         "TLSv1.3 TLS_AES_256_GCM_SHA384 verified"),
        ({"mode": TlsMode.VERIFIED, "name": "other.westendonsixth.com"}, State.DEFERRED, "4.7.5", ""),
    ],
)  # fmt: skip
async def test_tls_with_postfix(secure, policy, state, enhanced, tls):
    if policy["mode"] is TlsMode.VERIFIED:
        policy = {**policy, "ca_file": secure.authority}
    queue = new_queue()
    queue.put(CONTENT, due(1, "joe@westendonsixth.com", zone=Zone.INTERNAL, sender=""))
    async with at_work(queue, to(secure.server.address, TlsPolicy(**policy))):
        await queue.until(lambda: bool(queue.outcomes))

    outcome = queue.outcomes[0]
    assert (outcome.state, outcome.enhanced, outcome.tls) == (state, enhanced, tls)


async def test_a_message_of_some_size_arrives_whole_over_tls(secure):
    content = HEADERS + b"\r\n" + b"\xff.\r\n.." * 1_000_000 + b"\r\n"
    queue = new_queue()
    queue.put(content, due(1, "large@ext.example", size=len(content)))
    async with at_work(queue, to(secure.server.address, TlsPolicy(TlsMode.REQUIRED))):
        await queue.until(lambda: bool(queue.outcomes))

    assert (await arrival(secure.server, "large@ext.example")).without_trace == content


async def test_internal_mail_waits_while_postfix_offers_no_tls(postfix):
    queue = new_queue()
    queue.put(CONTENT, due(1, "joe@westendonsixth.com", zone=Zone.INTERNAL))
    async with at_work(queue, to(postfix.address, TlsPolicy(TlsMode.REQUIRED))):
        await queue.until(lambda: bool(queue.outcomes))

    assert (queue.outcomes[0].state, queue.outcomes[0].enhanced) == (State.DEFERRED, "4.7.4")
    assert "joe@westendonsixth.com" not in postfix.log()


async def test_s13_postfix_takes_over_the_duty_of_reports(postfix):
    queue = new_queue()
    to_be_told = recipient("told@ext.example", notify=("SUCCESS",), orcpt="rfc822;told@ext.example")
    sender = "curious@westendonsixth.com"
    queue.put(CONTENT, due(1, to_be_told, envid="QQ314159", ret="HDRS", sender=sender))
    async with at_work(queue, to(postfix.address)):
        await queue.until(lambda: bool(queue.outcomes))

    assert queue.outcomes[0].bounce is None
    report = await arrival(postfix, sender)
    assert report.sender == ""
    assert b"Original-Envelope-Id: QQ314159" in report.content
    assert b"Original-Recipient: rfc822;told@ext.example" in report.content


async def test_s14_addresses_beyond_ascii_reach_postfix(postfix):
    queue = new_queue()
    queue.put(CONTENT, due(1, "jürgen@ext.example", smtputf8=True))
    async with at_work(queue, to(postfix.address)):
        await queue.until(lambda: bool(queue.outcomes))

    assert (await arrival(postfix, "jürgen@ext.example")).without_trace == CONTENT


async def test_mx_records_lead_to_postfix(postfix):
    zones = {
        "ext.example": {"MX": ["10 dead.ext.example.", "20 mx.ext.example."]},
        "dead.ext.example": {"A": ["127.0.0.9"]},
        "mx.ext.example": {"A": ["127.0.0.1"]},
    }
    queue = new_queue()
    queue.put(CONTENT, due(1, "by-mx@ext.example"))
    async with NameServer(zones) as server:
        route = RouteSettings(mx=True, tls=TlsPolicy(TlsMode.NONE), mx_port=postfix.port)
        resolver = ResolverSettings(nameservers=(server.address,), never=())
        async with at_work(queue, Routes(dict.fromkeys(Zone, route)), resolver=resolver):
            await queue.until(lambda: bool(queue.outcomes))

    assert (queue.outcomes[0].state, queue.outcomes[0].host) == (State.DELIVERED, "mx.ext.example")
    assert (await arrival(postfix, "by-mx@ext.example")).without_trace == CONTENT
