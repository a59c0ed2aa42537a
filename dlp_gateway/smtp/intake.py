"""From the 354 reply to the reply about the message: read, check, hand over.

The handler's work belongs to the server, not to the connection: once the end
of data was read, a client that hangs up, or a timer that rings, changes
nothing about what becomes of the message (aiosmtpd issues 110 and 162).
"""

from __future__ import annotations

import asyncio

import structlog

from dlp_gateway.model import Envelope
from dlp_gateway.smtp.connection import Connection, Phase
from dlp_gateway.smtp.data import DataReader, Spoiled, has_line_over, header_size
from dlp_gateway.smtp.limits import ReceivingLimits, Reservation
from dlp_gateway.smtp.replies import RefusedError, Reply
from dlp_gateway.smtp.stream import DATA_READ_BYTES
from dlp_gateway.smtp.trace import count_received

log = structlog.get_logger()


async def read_message(connection: Connection, reservation: Reservation) -> bytes:
    """Read DATA to its end and return the message, for which ``reservation`` then holds memory.

    Raises RefusedError when there is an end but no message that may be taken,
    or no end within the limits; HungUpError when the stream ends first.
    """
    limits = connection.limits
    reader = DataReader(limits.message_bytes, normalise=connection.may_normalise)
    connection.enter_phase(Phase.DATA)
    try:
        connection.return_input(await _read_to_end(connection, reader, reservation))
        _refuse_spoiled(reader, limits)
        content = reader.content()
        _check(content, limits, connection.hostname)
    except BaseException:
        reservation.release()
        raise
    return content


async def _read_to_end(connection: Connection, reader: DataReader, reservation: Reservation) -> bytes:
    """Feed the reader to the end of data; return what came behind it."""
    limits = connection.limits
    block = connection.take_input()
    while True:
        rest = reader.feed(block)
        if not reservation.resize(reader.stored):
            reader.spoil(Spoiled.NO_MEMORY)
            reservation.release()
        if rest is not None:
            return rest
        if reader.received > limits.message_bytes + limits.discarded_bytes:
            raise RefusedError(too_big(limits).reply, hang_up=True, limit="message_bytes")
        block = await connection.receive(DATA_READ_BYTES)
        connection.sign_of_life()


async def hand_over(connection: Connection, envelope: Envelope, content: bytes, reservation: Reservation) -> Reply:
    """Give a message to the handler and return its reply; the handler goes on when this is cancelled.

    After ``handler_seconds`` the client is told to try again although the
    message may still be taken: better twice than not at all (RFC 1047).
    """
    state, size = connection.state, len(content)
    connection.enter_phase(Phase.HANDLER)
    began = state.clock()
    task = asyncio.create_task(_handle(connection, envelope, content))
    state.handle(task)
    task.add_done_callback(lambda _: reservation.release())
    try:
        async with asyncio.timeout(connection.limits.handler_seconds):
            reply = await asyncio.shield(task)
    except TimeoutError:
        state.observer.rejected("handler_seconds")
        log.warning("smtp handler too slow", session=connection.id, size=size)
        reply = Reply(451, "4.3.0", "Handling the message takes too long (limit handler_seconds), try again later")
    state.observer.answered(reply.code, size, state.clock() - began)
    return reply


async def _handle(connection: Connection, envelope: Envelope, content: bytes) -> Reply:
    try:
        return await connection.state.handler.accept(envelope, content)
    except Exception as error:  # noqa: BLE001 the handler's fault must not end the session, nor show
        return connection.fault(error)


def too_big(limits: ReceivingLimits) -> RefusedError:
    """Return the refusal of a message that is larger than SIZE."""
    text = f"Message is larger than {limits.message_bytes} octets (limit message_bytes)"
    return RefusedError(Reply(552, "5.3.4", text), limit="message_bytes")


def no_memory(limit: int) -> RefusedError:
    """Return the refusal for now of a message that does not fit beside the others."""
    text = f"Too much mail at this moment (limit data_in_memory_bytes: {limit}), try again later"
    return RefusedError(Reply(452, "4.3.1", text), limit="data_in_memory_bytes")


def _refuse_spoiled(reader: DataReader, limits: ReceivingLimits) -> None:
    match reader.spoiled:
        case Spoiled.LINE_ENDING:
            text = "Message refused: it holds a bare CR, a bare LF or a NUL; lines end in CRLF (RFC 5321 section 2.3.8)"
            raise RefusedError(Reply(554, "5.6.0", text))
        case Spoiled.TOO_BIG:
            raise too_big(limits)
        case Spoiled.NO_MEMORY:
            raise no_memory(limits.data_in_memory_bytes)
        case None:
            return


def _check(content: bytes, limits: ReceivingLimits, hostname: str) -> None:
    """Refuse what is over a limit of form. Raises RefusedError."""
    size = header_size(content)
    if size > limits.header_bytes:
        text = f"Header is longer than {limits.header_bytes} octets (limit header_bytes)"
        raise RefusedError(Reply(552, "5.3.4", text), limit="header_bytes")
    if has_line_over(content, limits.line_bytes):
        text = f"A line is longer than {limits.line_bytes} octets (limit line_bytes)"
        raise RefusedError(Reply(554, "5.6.0", text), limit="line_bytes")
    received, own = count_received(content[:size], hostname)
    if received > limits.received_fields:
        text = f"Mail loop: more than {limits.received_fields} Received fields (limit received_fields)"
        raise RefusedError(Reply(554, "5.4.6", text), limit="received_fields")
    if own >= limits.own_received_fields:
        text = f"Mail loop: it was here {own} times before (limit own_received_fields)"
        raise RefusedError(Reply(554, "5.4.6", text), limit="own_received_fields")
