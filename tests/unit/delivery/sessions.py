"""Opening sessions with peers, as the pool would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dlp_gateway.delivery.client import Endpoint, Session, open_session
from dlp_gateway.delivery.result import Result
from dlp_gateway.delivery.routing import Hop
from dlp_gateway.delivery.settings import Credentials, Timeouts
from dlp_gateway.delivery.tls import TlsPolicy, context
from dlp_gateway.delivery.transaction import Mail, Transaction
from dlp_gateway.model import TlsMode
from tests.unit.delivery.examples import HOSTNAME, PATIENT
from tests.unit.delivery.peer import Peer

CLEAR = TlsPolicy(TlsMode.NONE)


def endpoint(
    peer: Peer,
    tls: TlsPolicy = CLEAR,
    *,
    name: str = "peer.example",
    credentials: Credentials | None = None,
    foreign: bool = False,
) -> Endpoint:
    return Endpoint(Hop(name, peer.port, peer.host), tls, credentials, foreign)


@asynccontextmanager
async def session_with(
    peer: Peer, tls: TlsPolicy = CLEAR, timeouts: Timeouts = PATIENT, **more
) -> AsyncIterator[Session]:
    session = await open_session(endpoint(peer, tls, **more), context(tls), HOSTNAME, timeouts)
    try:
        yield session
    finally:
        session.wire.abort()


async def send(session: Session, mail: Mail, timeouts: Timeouts = PATIENT) -> list[Result | None]:
    transaction = Transaction(session, mail, timeouts)
    await transaction.run()
    return transaction.results
