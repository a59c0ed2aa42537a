import asyncio
import base64
import hashlib
import socket
import ssl
from dataclasses import replace

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dlp_gateway.delivery.client import Endpoint, open_session
from dlp_gateway.delivery.replies import MAX_LINES
from dlp_gateway.delivery.result import DeliveryError
from dlp_gateway.delivery.routing import Hop
from dlp_gateway.delivery.settings import Credentials
from dlp_gateway.delivery.tls import TlsPolicy, context
from dlp_gateway.model import TlsMode
from dlp_gateway.store.values import State
from tests.unit.delivery.examples import HOSTNAME, PATIENT, mail
from tests.unit.delivery.peer import Peer, Turn, in_turn
from tests.unit.delivery.sessions import CLEAR, send, session_with

MAY = TlsPolicy(TlsMode.MAY)
REQUIRED = TlsPolicy(TlsMode.REQUIRED)
LOGIN = Credentials("gateway", "s3cret")


async def refusal(peer, tls=CLEAR, timeouts=PATIENT, **more):
    """Why no session came about: state, code, enhanced code, text."""
    with pytest.raises(DeliveryError) as caught:
        async with session_with(peer, tls, timeouts, **more):
            pass
    result = caught.value.result
    assert result.host == more.get("name", "peer.example")
    return result.state, result.code, result.enhanced, result.text


FAULTS = {
    "connect 4xx": ({"CONNECT": b"421 4.3.2 busy\r\n"}, State.DEFERRED, 421, "4.3.2", "busy"),
    "connect 5xx": ({"CONNECT": b"554 5.7.1 no service here\r\n"}, State.DEFERRED, 554, "4.7.1", "no service here"),
    "connect 521": ({"CONNECT": b"521 takes no mail\r\n"}, State.DEFERRED, 521, "4.0.0", "... no mail"),
    "connect 354": ({"CONNECT": b"354 go ahead\r\n"}, State.DEFERRED, 451, "4.5.0", "the server answered out of step"),
    "connect close": ({"CONNECT": Turn.CLOSE}, State.DEFERRED, 451, "4.4.2", "the server closed the connection"),
    "connect reset": ({"CONNECT": Turn.RESET}, State.DEFERRED, 451, "4.4.2", None),
    "connect http": (
        {"CONNECT": b"HTTP/1.1 400 Bad Request\r\n"},
        State.DEFERRED,
        451,
        "4.5.0",
        "a line that is no SMTP reply",
    ),
    "connect endless line": ({"CONNECT": b"220 " + b"x" * 1_000_000}, State.DEFERRED, 451, "4.5.0", None),
    "connect endless reply": (
        {"CONNECT": b"220-x\r\n" * (MAX_LINES + 5)},
        State.DEFERRED,
        451,
        "4.5.0",
        "a reply of too many lines",
    ),
    "ehlo 4xx": ({"EHLO": b"450 4.3.2 later\r\n"}, State.DEFERRED, 450, "4.3.2", "later"),
    "ehlo 5xx": ({"EHLO": b"550 5.7.1 go away jane@ext.example\r\n"}, State.DEFERRED, 550, "4.7.1", "go ..."),
    "ehlo close": ({"EHLO": Turn.CLOSE}, State.DEFERRED, 451, "4.4.2", "the server closed the connection"),
    "helo 5xx": ({"EHLO": b"502 5.5.1 what\r\n", "HELO": b"550 5.7.1 no\r\n"}, State.DEFERRED, 550, "4.7.1", "no"),
}


@pytest.mark.parametrize(("on", "state", "code", "enhanced", "text"), FAULTS.values(), ids=FAULTS)
async def test_s20_no_session_without_a_welcome(on, state, code, enhanced, text):
    async with Peer(on) as peer:
        found = await refusal(peer)

    assert found[:3] == (state, code, enhanced)
    assert text in (None, found[3])


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO"])
async def test_a_stranger_that_refuses_us_does_so_for_good(verb):
    async with Peer({verb: b"554 5.7.1 not from there\r\n"}) as peer:
        assert (await refusal(peer, foreign=True))[:3] == (State.FAILED, 554, "5.7.1")


@pytest.mark.parametrize(
    ("verb", "phase"), [("CONNECT", "greeting"), ("EHLO", "ehlo"), ("STARTTLS", "tls"), ("AUTH", "mail")]
)
async def test_a_server_that_stalls_is_left(verb, phase, certificates):
    timeouts = replace(PATIENT, **{phase: 0.05})
    async with Peer({verb: Turn.STALL}, ("AUTH PLAIN",), tls=certificates.server) as peer:
        found = await refusal(peer, REQUIRED, timeouts, credentials=LOGIN)

    assert found == (State.DEFERRED, 451, "4.4.2", "no reply in time")


async def test_nobody_listens():
    async with Peer() as peer:
        pass

    assert await refusal(peer) == (State.DEFERRED, 451, "4.4.1", "no connection")


async def test_a_host_that_does_not_answer_is_left():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        # A full backlog: the kernel leaves further connections unanswered.
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(silent.getsockname())
        found = await refusal(Peer(port=silent.getsockname()[1]), timeouts=replace(PATIENT, connect=0.2))
        for filler in fillers:
            filler.close()

    assert found == (State.DEFERRED, 451, "4.4.1", "no connection in time")


async def test_a_name_that_does_not_exist_is_a_deferral():
    endpoint = Endpoint(Hop("no-such-host.invalid", 25), CLEAR)
    with pytest.raises(DeliveryError) as caught:
        await open_session(endpoint, context(CLEAR), HOSTNAME, PATIENT)

    assert caught.value.result.enhanced == "4.4.1"


@pytest.mark.parametrize("name", ["x" * 64 + ".example", "a..example", ".example"])
@pytest.mark.parametrize("address", [None, "127.0.0.1"])
async def test_a_name_that_is_no_name_is_a_deferral(name, address, certificates):
    async with Peer(tls=certificates.server) as peer:
        endpoint = Endpoint(Hop(name, peer.port, address), REQUIRED)
        with pytest.raises(DeliveryError) as caught:
            await open_session(endpoint, context(REQUIRED), HOSTNAME, PATIENT)

    assert caught.value.result.enhanced in ("4.4.1", "4.7.5")


async def test_a_smart_host_is_found_by_the_names_of_the_system():
    async with Peer(host="127.0.0.1") as peer:
        session = await open_session(Endpoint(Hop("localhost", peer.port), CLEAR), context(CLEAR), HOSTNAME, PATIENT)
        results = await send(session, mail())
        session.wire.abort()

    assert results[0].host == "localhost"


async def test_an_old_server_is_greeted_with_helo():
    async with Peer({"EHLO": b"502 5.5.1 not implemented\r\n"}) as peer, session_with(peer, MAY) as session:
        results = await send(session, mail())

    assert results[0].state is State.DELIVERED
    assert peer.commands[:3] == [f"EHLO {HOSTNAME}", f"HELO {HOSTNAME}", "MAIL FROM:<ann@westendonsixth.com>"]


async def test_extensions_are_read_in_any_case_with_their_arguments():
    async with (
        Peer(extensions=("pipelining", "Size 1000 ", "AUTH PLAIN LOGIN", "")) as peer,
        session_with(peer) as session,
    ):
        assert session.extensions == {"PIPELINING": "", "SIZE": "1000", "AUTH": "PLAIN LOGIN"}


@pytest.mark.parametrize(
    ("foreign", "name", "loops"), [(True, HOSTNAME.upper(), True), (False, HOSTNAME, False), (True, "x", False)]
)
async def test_d05_a_foreign_host_that_greets_with_our_name_is_a_loop(foreign, name, loops):
    async with Peer({"CONNECT": f"220 {name} ESMTP\r\n".encode()}) as peer:
        if loops:
            assert (await refusal(peer, foreign=foreign))[:3] == (State.FAILED, 554, "5.4.6")
        else:
            async with session_with(peer, foreign=foreign) as session:
                assert session.usable


def verified(certificates, **more):
    return TlsPolicy(TlsMode.VERIFIED, ca_file=certificates.authority, **more)


POLICIES = {
    "none": lambda _: CLEAR,
    "may": lambda _: MAY,
    "required": lambda _: REQUIRED,
    "verified": verified,
}

# What the server does about TLS, and what comes of it under each policy: "clear", "tls", or the enhanced code.
TLS = {
    "trusted": {"none": "clear", "may": "tls", "required": "tls", "verified": "tls"},
    "not offered": {"none": "clear", "may": "clear", "required": "4.7.4", "verified": "4.7.4"},
    "refused": {"none": "clear", "may": "clear", "required": "4.7.4", "verified": "4.7.4"},
    "stranger": {"none": "clear", "may": "tls", "required": "tls", "verified": "4.7.5"},
    "other name": {"none": "clear", "may": "tls", "required": "tls", "verified": "4.7.5"},
    "broken": {"none": "clear", "may": "clear", "required": "4.7.5", "verified": "4.7.5"},
    "injected": {"none": "clear", "may": "4.7.5", "required": "4.7.5", "verified": "4.7.5"},
}


def server_side(certificates, case):
    on = {}
    tls = certificates.server
    name = "peer.example"
    if case == "not offered":
        tls = None
    elif case == "refused":
        on = {"STARTTLS": b"454 4.7.0 not now\r\n"}
    elif case == "stranger":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("peer.example").configure_cert(tls)
    elif case == "other name":
        name = "other.example"
    elif case == "broken":
        on = {"STARTTLS": (b"220 go\r\n", b"", Turn.CLOSE)}
    elif case == "injected":
        on = {"STARTTLS": b"220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n"}
    return Peer(on, tls=tls), name


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("case", TLS)
async def test_the_tls_policy_is_kept(case, policy, certificates):
    peer, name = server_side(certificates, case)
    tls = POLICIES[policy](certificates)
    expected = TLS[case][policy]
    async with peer:
        if expected in ("clear", "tls"):
            async with session_with(peer, tls, name=name) as session:
                results = await send(session, mail())
            assert results[0].state is State.DELIVERED
            assert peer.taken[0].tls == (expected == "tls")
            assert bool(results[0].tls) == (expected == "tls")
            assert ("unverified" in results[0].tls) == (expected == "tls" and policy != "verified")
        else:
            assert (await refusal(peer, tls, name=name))[:3] == (State.DEFERRED, 451, expected)
            assert not any(line.startswith(("MAIL", "AUTH")) for line in peer.commands)


async def test_the_session_is_greeted_anew_after_tls_and_forgets_what_it_knew(certificates):
    ehlo = in_turn(b"250-peer\r\n250-XBEFORE\r\n250 STARTTLS\r\n", b"250-peer\r\n250 XAFTER\r\n")
    async with Peer({"EHLO": ehlo}, tls=certificates.server) as peer, session_with(peer, REQUIRED) as session:
        assert session.extensions == {"XAFTER": ""}
        assert session.tls.startswith("TLSv1.")


async def test_s02_text_injected_before_tls_is_never_read_as_a_reply(certificates):
    """CVE-2021-38371 and GHSA-vxj7-4xrp-5vr4: the line is dropped, and not tried again in the clear."""
    on = {"STARTTLS": b"220 go\r\n250-evil\r\n250 XEVIL\r\n"}
    async with Peer(on, tls=certificates.server) as peer:
        found = await refusal(peer, MAY)

    assert found == (State.DEFERRED, 451, "4.7.5", "the server sent text between STARTTLS and TLS")
    assert peer.connections == 1
    assert peer.commands == [f"EHLO {HOSTNAME}", "STARTTLS"]


@pytest.mark.parametrize("injected", [b"250", b"\n", b"nonsense\r\n", b"250 a\r\nnonsense\r\n", b"x" * 5000])
async def test_s02_whatever_is_injected_before_tls_is_enough_to_stop(injected, certificates):
    async with Peer({"STARTTLS": b"220 go\r\n" + injected}, tls=certificates.server) as peer:
        assert (await refusal(peer, MAY))[2] == "4.7.5"

    assert peer.connections == 1


async def test_old_tls_is_not_taken_for_tls(certificates):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.leaf.configure_cert(old)
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    async with Peer(tls=old) as peer:
        assert (await refusal(peer, REQUIRED))[2] == "4.7.5"


async def test_a_wanted_name_replaces_that_of_the_host(certificates):
    async with (
        Peer(tls=certificates.server) as peer,
        session_with(peer, verified(certificates, name="peer.example"), name="relay-7.local") as session,
    ):
        assert session.tls.endswith(" verified")


async def test_an_address_is_verified_like_a_name(certificates):
    async with (
        Peer(tls=certificates.server) as peer,
        session_with(peer, verified(certificates), name="127.0.0.1") as session,
    ):
        assert session.tls.endswith(" verified")


def pin(leaf):
    key = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes()).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@pytest.mark.parametrize("spelled", [str, str.upper, lambda text: ":".join(text[i : i + 2] for i in range(0, 64, 2))])
async def test_a_pinned_key_is_accepted(spelled, certificates):
    policy = verified(certificates, pins=("00" * 32, spelled(pin(certificates.leaf))))
    async with Peer(tls=certificates.server) as peer, session_with(peer, policy) as session:
        assert session.usable


async def test_another_key_than_the_pinned_one_is_not(certificates):
    async with Peer(tls=certificates.server) as peer:
        found = await refusal(peer, verified(certificates, pins=("00" * 32,)))

    assert found[2:] == ("4.7.5", "the key of the next hop is none of the pinned ones")


@pytest.mark.parametrize("case", ["trusted", "stranger"])
async def test_implicit_tls(case, certificates):
    peer, _ = server_side(certificates, case)
    peer.implicit = True
    policy = verified(certificates, implicit=True)
    async with peer:
        if case == "trusted":
            async with session_with(peer, policy) as session:
                assert (await send(session, mail()))[0].tls.endswith(" verified")
        else:
            assert (await refusal(peer, policy))[2:] == ("4.7.5", "TLS failed: certificate verify failed")


def plain(user, password):
    return "AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode()


async def test_a_login_by_plain(certificates):
    async with (
        Peer({"AUTH": b"235 2.7.0 welcome\r\n"}, ("AUTH LOGIN PLAIN",), tls=certificates.server) as peer,
        session_with(peer, REQUIRED, credentials=LOGIN) as session,
    ):
        assert session.usable

    assert peer.commands[-1] == plain("gateway", "s3cret")


async def test_a_login_by_login(certificates):
    class Asking(Peer):
        async def _react(self, writer, verb, line, default):
            if line.startswith("AUTH"):
                default = b"334 VXNlcm5hbWU6\r\n"
            elif line == base64.b64encode(b"gateway").decode():
                default = b"334 UGFzc3dvcmQ6\r\n"
            elif line == base64.b64encode(b"s3cret").decode():
                default = b"235 2.7.0 welcome\r\n"
            return await super()._react(writer, verb, line, default)

    async with (
        Asking({}, ("AUTH LOGIN",), tls=certificates.server) as peer,
        session_with(peer, REQUIRED, credentials=LOGIN) as session,
    ):
        assert session.usable


@pytest.mark.parametrize(
    ("extensions", "reply", "enhanced"),
    [
        (("AUTH PLAIN",), b"535 5.7.8 wrong password\r\n", "4.7.8"),
        (("AUTH LOGIN",), b"535 5.7.8 wrong user\r\n", "4.7.8"),
        (("AUTH LOGIN",), b"334 again\r\n", "4.7.8"),
        (("AUTH PLAIN",), b"454 4.7.0 Temporary authentication failure\r\n", "4.7.0"),
        (("AUTH LOGIN",), b"421 4.3.2 shutting down\r\n", "4.3.2"),
        (("AUTH CRAM-MD5",), b"", "4.7.4"),
        ((), b"", "4.7.4"),
    ],
)
async def test_a_login_that_fails_is_no_fault_of_the_message(extensions, reply, enhanced, certificates):
    async with Peer({"AUTH": reply, "Z2F0ZXDHEQ==": reply}, extensions, tls=certificates.server) as peer:
        if reply.startswith(b"334"):
            peer.on["Z2F0ZXDHEQ=="] = reply
            for word in (b"gateway", b"s3cret"):
                peer.on[base64.b64encode(word).decode().upper()] = reply
        state, _, found, text = await refusal(peer, REQUIRED, credentials=LOGIN)

    assert (state, found) == (State.DEFERRED, enhanced)
    assert "s3cret" not in text


@pytest.mark.parametrize("policy", [CLEAR, MAY])
async def test_the_password_is_never_sent_in_the_clear(policy):
    async with Peer({}, ("AUTH PLAIN LOGIN",)) as peer:
        found = await refusal(peer, policy, credentials=LOGIN)

    assert found[2] == "4.7.11"
    assert peer.commands == [f"EHLO {HOSTNAME}"]


async def test_credentials_do_not_show_in_a_representation(certificates):
    async with (
        Peer({"AUTH": b"235 ok\r\n"}, ("AUTH PLAIN",), tls=certificates.server) as peer,
        session_with(peer, REQUIRED, credentials=LOGIN) as session,
    ):
        assert "s3cret" not in repr(session)
        assert "gateway'" not in repr(session.endpoint.credentials)


async def test_an_open_that_is_cancelled_leaves_no_connection():
    async with Peer({"EHLO": Turn.STALL}) as peer:
        opening = asyncio.create_task(
            open_session(Endpoint(Hop("127.0.0.1", peer.port), CLEAR), context(CLEAR), HOSTNAME, PATIENT)
        )
        await peer.until(lambda: bool(peer.commands))
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        peer.release()
        await peer.until(lambda: peer.at_once == 0)
