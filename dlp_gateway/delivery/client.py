"""Opening a session with a next hop: connection, greeting, EHLO, STARTTLS, login."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass, field

from dlp_gateway.delivery.replies import Reply
from dlp_gateway.delivery.result import DeliveryError, deferred, failed, from_reply, postponed
from dlp_gateway.delivery.routing import Hop
from dlp_gateway.delivery.settings import Credentials, Timeouts
from dlp_gateway.delivery.tls import PinError, TlsPolicy, describe
from dlp_gateway.delivery.wire import InjectedError, Wire, WireError, tls_reason
from dlp_gateway.model import TlsMode


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and how to talk to it: what connections are kept for.

    ``foreign`` is true for a host that DNS named; one that greets with our
    own name is a loop then, and one that refuses us outright does so for good.
    """

    hop: Hop
    tls: TlsPolicy
    credentials: Credentials | None = None
    foreign: bool = False


@dataclass(slots=True)
class Session:
    """An open session between transactions.

    ``extensions`` are the EHLO keywords in upper case with their arguments.
    ``dirty`` asks for RSET before the next transaction, ``broken`` forbids
    one. ``transactions`` counts those begun.
    """

    endpoint: Endpoint
    wire: Wire
    extensions: dict[str, str]
    tls: str
    transactions: int = 0
    dirty: bool = False
    broken: bool = False
    idle_since: float = field(default=0.0)

    @property
    def host(self) -> str:
        """The name of the server, for the record."""
        return self.endpoint.hop.name

    @property
    def usable(self) -> bool:
        """True when another transaction may begin: the line is up and the server said nothing unasked."""
        return not self.broken and self.wire.quiet


async def open_session(endpoint: Endpoint, context: ssl.SSLContext, hostname: str, timeouts: Timeouts) -> Session:
    """Open a session as ``hostname``; raises DeliveryError when it cannot be had as the TLS policy wants it.

    With the TLS mode ``may`` a handshake that fails is followed by a second
    try in the clear: opportunistic means that mail flows (RFC 7435).
    """
    try:
        return await _open(endpoint, context, hostname, timeouts, endpoint.tls.mode)
    except _HandshakeError:
        if endpoint.tls.mode is not TlsMode.MAY:
            raise
    return await _open(endpoint, context, hostname, timeouts, TlsMode.NONE)


class _HandshakeError(DeliveryError):
    """TLS was offered and did not come about."""


async def _open(
    endpoint: Endpoint, context: ssl.SSLContext, hostname: str, timeouts: Timeouts, mode: TlsMode
) -> Session:
    wire = await _connect(endpoint, context, timeouts)
    try:
        session = Session(endpoint, wire, {}, "")
        if endpoint.tls.implicit:
            session.tls = _described(wire.tls_line(), endpoint)
        _welcome(await wire.reply(timeouts.greeting), endpoint, hostname)
        await _hello(session, hostname, timeouts)
        if mode is not TlsMode.NONE and not endpoint.tls.implicit:
            await _upgrade(session, context, hostname, timeouts)
        if endpoint.credentials is not None:
            await _login(session, endpoint.credentials, timeouts)
    except WireError as error:
        wire.abort()
        raise DeliveryError(deferred(error.enhanced, error.text, host=endpoint.hop.name, elsewhere=True)) from error
    except BaseException:
        wire.abort()
        raise
    return session


async def _connect(endpoint: Endpoint, context: ssl.SSLContext, timeouts: Timeouts) -> Wire:
    hop = endpoint.hop
    try:
        async with asyncio.timeout(timeouts.connect):
            # Several addresses of a smart host are tried in parallel after a short while (RFC 8305).
            _, wire = await asyncio.get_running_loop().create_connection(
                Wire,
                hop.address or hop.name,
                hop.port,
                ssl=context if endpoint.tls.implicit else None,
                server_hostname=_tls_name(endpoint) if endpoint.tls.implicit else None,
                happy_eyeballs_delay=0.5,
            )
    except (ssl.SSLError, ssl.CertificateError) as error:
        raise DeliveryError(deferred("4.7.5", tls_reason(error), host=hop.name, elsewhere=True)) from error
    except TimeoutError as error:
        raise DeliveryError(deferred("4.4.1", "no connection in time", host=hop.name, elsewhere=True)) from error
    except (OSError, ValueError) as error:  # ValueError: a name that cannot be looked up at all
        raise DeliveryError(deferred("4.4.1", "no connection", host=hop.name, elsewhere=True)) from error
    return wire


def _welcome(greeting: Reply, endpoint: Endpoint, hostname: str) -> None:
    _accepted(greeting, endpoint)
    if endpoint.foreign and greeting.lines[0].split(" ", 1)[0].lower() == hostname.lower():
        raise DeliveryError(failed("5.4.6", "mail loops back to this gateway", host=endpoint.hop.name))


def _accepted(reply: Reply, endpoint: Endpoint, tls: str = "") -> Reply:
    """Return ``reply`` if it is a 2xx, else raise its meaning.

    A smart host that will have nothing to do with us has not been offered the
    message yet: that is a fault of a configuration, and all mail waits for
    somebody to mend it. A stranger's refusal stands.
    """
    if reply.code // 100 == 2:
        return reply
    result = from_reply(reply, host=endpoint.hop.name, tls=tls, elsewhere=True)
    raise DeliveryError(result if endpoint.foreign else postponed(result))


async def _command(session: Session, command: bytes, seconds: float) -> Reply:
    session.wire.write(command + b"\r\n")
    return await session.wire.reply(seconds)


async def _hello(session: Session, hostname: str, timeouts: Timeouts) -> None:
    """Say EHLO, or HELO where that is not understood (RFC 5321, 3.2)."""
    reply = await _command(session, b"EHLO " + hostname.encode("ascii"), timeouts.ehlo)
    if reply.code in (500, 502, 504):
        reply = await _command(session, b"HELO " + hostname.encode("ascii"), timeouts.ehlo)
        _accepted(reply, session.endpoint, session.tls)
        session.extensions = {}
        return
    _accepted(reply, session.endpoint, session.tls)
    words = (line.strip().partition(" ") for line in reply.lines[1:])
    session.extensions = {keyword.upper(): argument.strip() for keyword, _, argument in words if keyword}


async def _upgrade(session: Session, context: ssl.SSLContext, hostname: str, timeouts: Timeouts) -> None:
    """Encrypt the session (RFC 3207) and forget what was said before."""
    endpoint = session.endpoint
    host = endpoint.hop.name
    if "STARTTLS" not in session.extensions:
        if endpoint.tls.binding:
            raise DeliveryError(deferred("4.7.4", "the next hop does not offer TLS", host=host, elsewhere=True))
        return
    reply = await _command(session, b"STARTTLS", timeouts.tls)
    if reply.code != 220:
        if endpoint.tls.binding:
            raise DeliveryError(deferred("4.7.4", "the next hop refuses TLS", host=host, elsewhere=True))
        return
    try:
        line = await session.wire.start_tls(context, _tls_name(endpoint), timeouts.tls)
    except InjectedError:
        # No second try in the clear: whoever injects text here would be given just what they want.
        raise
    except WireError as error:
        raise _HandshakeError(deferred(error.enhanced, error.text, host=host, elsewhere=True)) from error
    session.tls = _described(line, endpoint)
    await _hello(session, hostname, timeouts)


def _tls_name(endpoint: Endpoint) -> str:
    return endpoint.tls.name or endpoint.hop.name


def _described(line: ssl.SSLObject, endpoint: Endpoint) -> str:
    try:
        return describe(line, endpoint.tls)
    except PinError as error:
        text = "the key of the next hop is none of the pinned ones"
        raise DeliveryError(deferred("4.7.5", text, host=endpoint.hop.name, elsewhere=True)) from error


async def _login(session: Session, credentials: Credentials, timeouts: Timeouts) -> None:
    """Log in by AUTH PLAIN or LOGIN (RFC 4954), over TLS only.

    A refusal is a fault of our configuration or of the server's, never of the
    message: it is always a deferral, and another host may be asked.
    """
    host = session.host
    offered = session.extensions.get("AUTH", "").upper().split()
    if not session.tls:
        raise DeliveryError(deferred("4.7.11", "no login without TLS", host=host, elsewhere=True))
    user, password = credentials.user.encode(), credentials.password.encode()
    if "PLAIN" in offered:
        answers = [b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password)]
    elif "LOGIN" in offered:
        answers = [b"AUTH LOGIN", base64.b64encode(user), base64.b64encode(password)]
    else:
        raise DeliveryError(deferred("4.7.4", "the next hop offers no login we know", host=host, elsewhere=True))
    reply = await _command(session, answers[0], timeouts.mail)
    for answer in answers[1:]:
        if reply.code == 334:
            reply = await _command(session, answer, timeouts.mail)
    if reply.code // 100 == 4:
        # It cannot tell now whether the login is good (454), or is stopping (421): it says so itself.
        raise DeliveryError(from_reply(reply, host=host, tls=session.tls, elsewhere=True))
    if reply.code != 235:
        text = "the next hop refuses our login"
        raise DeliveryError(deferred("4.7.8", text, host=host, tls=session.tls, elsewhere=True))
