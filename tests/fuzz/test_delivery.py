"""Servers that say anything at any time: the client ends, knows what it knows, and claims no more."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.delivery.client import Endpoint, open_session
from dlp_gateway.delivery.replies import MAX_LINE, MAX_LINES, MAX_UNREAD, MalformedReplyError, ReplyParser
from dlp_gateway.delivery.result import DeliveryError
from dlp_gateway.delivery.routing import Hop
from dlp_gateway.delivery.settings import Timeouts
from dlp_gateway.delivery.tls import TlsPolicy, context
from dlp_gateway.delivery.transaction import Transaction
from dlp_gateway.model import TlsMode
from dlp_gateway.store.values import State
from tests.unit.delivery.examples import HOSTNAME, mail

# A piece that is no whole reply is waited on until the time is over; no claim below depends on how long that is.
QUICK = Timeouts(20, *[0.02] * 9)

LINES = st.sampled_from(
    [
        b"220 hello\r\n",
        b"250 ok\r\n",
        b"250-PIPELINING\r\n",
        b"250-SIZE 99999\r\n",
        b"250 STARTTLS\r\n",
        b"354 go\r\n",
        b"421 bye\r\n",
        b"451 later\r\n",
        b"550 5.1.1 no\r\n",
        b"250",
        b"-\r\n",
        b"\r\n",
        b"\n",
        b"250-x\r\n251 y\r\n",
        b"999 what\r\n",
        b"\x00",
        b"250 " + b"x" * 600,
        b"250-x\r\n" * 50,
    ]
)
PIECES = st.one_of(LINES, st.lists(LINES, max_size=6).map(b"".join), st.binary(max_size=20))
FRIENDLY = [b"220 hello\r\n", b"250-peer\r\n250-PIPELINING\r\n250 SIZE 99999\r\n"]


async def exchange(script: list[bytes], mode: TlsMode) -> tuple[list, bytes, bytes]:
    """Talk to a server that sends one piece for each thing it hears, then hangs up."""
    heard, said = bytearray(), bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for piece in script:
                writer.write(piece)
                said.extend(piece)
                await writer.drain()
                data = await reader.read(65536)
                if not data:
                    break
                heard.extend(data)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    policy = TlsPolicy(mode)
    try:
        session = await open_session(Endpoint(Hop("127.0.0.1", port), policy), context(policy), HOSTNAME, QUICK)
    except DeliveryError as error:
        return [error.result], bytes(heard), bytes(said)
    finally:
        server.close()
    transaction = Transaction(session, mail("a@ext.example", "b@ext.example"), QUICK)
    await transaction.run()
    session.wire.abort()
    await server.wait_closed()
    return transaction.results, bytes(heard), bytes(said)


@given(st.lists(PIECES, max_size=8), st.booleans(), st.sampled_from([TlsMode.NONE, TlsMode.MAY, TlsMode.REQUIRED]))
def test_s20_any_server_is_survived_and_none_is_believed_without_reason(pieces, friendly, mode):
    results, heard, said = asyncio.run(exchange([*FRIENDLY, *pieces] if friendly else pieces, mode))

    for result in results:
        assert result.state in State
        assert result.text.isascii()
        # A smart host that greets with 5xx is a fault of our configuration: the mail waits.
        assert result.enhanced[0] == {"delivered": "2", "failed": "5"}.get(result.state.value, "4")
        assert str(result.code)[0] in {result.enhanced[0], "5" if result.state is State.DEFERRED else ""}
        if result.state is State.DELIVERED:
            assert b"\r\n.\r\n" in heard
            assert said.count(b"\n250") + said.count(b"\n251") >= 4
        if result.state is State.UNCERTAIN:
            assert said.count(b"354") >= 1
        if mode is TlsMode.REQUIRED:
            assert b"MAIL" not in heard


@given(st.lists(st.binary(max_size=200), max_size=30))
def test_the_parser_holds_a_bounded_amount(pieces):
    parser = ReplyParser()
    try:
        for piece in pieces:
            parser.feed(piece)
    except MalformedReplyError:
        pass
    assert len(parser._rest) <= MAX_LINE + 200
    assert len(parser._lines) <= MAX_LINES + 1
    assert len(parser.replies) <= MAX_UNREAD
