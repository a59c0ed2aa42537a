"""The statements of the outgoing queue: lease, renew, settle, read, erase.

A lease is a due date in the future: a delivery that nobody settles is due
again when its lease ends. Whoever changes what becomes of a message's
recipients locks the message first (``lock``), so that the last of them, and
only the last, destroys its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.model import Address, Recipient, Zone
from dlp_gateway.store import sealing, wraps
from dlp_gateway.store.database import is_postgresql, marks
from dlp_gateway.store.intake import Rows, add_outgoing
from dlp_gateway.store.keys import GatewayKeys
from dlp_gateway.store.values import ACTOR, Due, Kind, Outcome, Outgoing, State

_BATCH = 500

_DUE = (
    "SELECT r.id, r.message_id, m.kind, m.sender_literal, r.local, r.domain, r.literal, r.notify, r.orcpt, r.zone,"
    " r.attempts, r.queued_at, m.eight_bit, m.smtputf8, m.ret, m.envid, m.content_size, r.due, r.leased_by, r.lost"
    " FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id"
    " WHERE r.state = 'queued' AND r.due <= %s ORDER BY r.due, r.message_id, r.zone, r.id LIMIT %s"
)
_LEASE = "UPDATE dlp_recipient SET due = %s, leased_by = %s, lost = %s WHERE id = %s"
_TAKE_OVER = (
    "UPDATE dlp_recipient SET due = %s WHERE state = 'queued' AND due > %s AND (leased_by <> '' OR attempts = 0)"
)
# What has not been tried yet is due when it was queued. A minute apart, clocks of several gateways still agree.
_RECALL = (
    "UPDATE dlp_recipient SET due = %s WHERE state = 'queued' AND leased_by = '' AND due > %s"
    " AND (due = queued_at OR due > %s)"
)
_APART = 60.0
_NEXT_DUE = "SELECT due FROM dlp_recipient WHERE state = 'queued' ORDER BY due LIMIT 1"
# Of a lease that was renewed the count is kept below zero: -1 for 0, -2 for 1, so that its end adds nothing.
# A renewal never shortens a lease: one that ends later is of another worker, who took over in the meantime.
_RENEW = (
    "UPDATE dlp_recipient SET due = %s, lost = CASE WHEN lost < 0 THEN lost ELSE -1 - lost END"
    " WHERE id = %s AND state = 'queued' AND leased_by <> '' AND due <= %s"
)
_ACCUSE = (
    "UPDATE dlp_recipient SET lost = -1 - lost WHERE id = %s AND state = 'queued' AND leased_by <> '' AND lost < 0"
)
_GIVE_BACK = "UPDATE dlp_recipient SET due = %s, lost = 0, leased_by = '' WHERE id = %s AND state = 'queued'"
_SETTLED = (
    "SELECT r.id, r.message_id, r.local, r.domain, r.zone, r.state, r.attempts, r.settled_at, m.kind, r.due,"
    " r.leased_by FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id WHERE r.id IN ({})"
)
_SETTLE = (
    "UPDATE dlp_recipient SET state = %s, due = %s, leased_by = '', lost = 0, attempts = attempts + %s, code = %s,"
    " enhanced = %s, text = %s, host = %s, tls = %s, settled_at = %s WHERE id = %s"
)
_ERASE_WRAP = (
    "DELETE FROM dlp_wrap WHERE message_id = %s AND holder = %s AND NOT EXISTS"
    " (SELECT 1 FROM dlp_recipient r WHERE r.message_id = dlp_wrap.message_id AND r.state = %s)"
)
_ERASE_CHUNKS = (
    "DELETE FROM dlp_chunk WHERE message_id = %s AND NOT EXISTS"
    " (SELECT 1 FROM dlp_wrap w WHERE w.message_id = dlp_chunk.message_id)"
)
_WRAPPED = "SELECT key_id, wrapped FROM dlp_wrap WHERE message_id = %s AND holder = %s"
_WRAP = "INSERT INTO dlp_wrap (message_id, holder, key_id, wrapped) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
_RELEASE = (
    "UPDATE dlp_recipient SET state = 'queued', queued_at = %s, due = %s, released_at = %s"
    " WHERE id = %s AND state = 'held'"
)
_CONTENT = "SELECT body FROM dlp_chunk WHERE message_id = %s AND part = %s ORDER BY n"


@dataclass(frozen=True, slots=True)
class Leased:
    """What was leased; if that was ``all`` that is due, the next is due at ``next_due`` (None: there is none)."""

    deliveries: list[Due]
    all: bool
    next_due: float | None = None


def lease(cursor: Any, worker: str, limit: int, now: float, seconds: float) -> Leased:
    """Lease due deliveries, as ``values.Queue.lease`` promises."""
    cursor.execute(_DUE + " FOR UPDATE OF r SKIP LOCKED" if is_postgresql() else _DUE, (now, limit + 1))
    rows = cursor.fetchall()
    leased = [_due(row) for row in _whole(rows, limit)]
    if leased:
        cursor.executemany(_LEASE, [(now + seconds, worker, due.lost, due.delivery_id) for due in leased])
    if len(rows) > limit:
        return Leased(leased, all=False)
    cursor.execute(_NEXT_DUE)
    row = cursor.fetchone()
    return Leased(leased, all=True, next_due=None if row is None else row[0])


def take_over(cursor: Any, now: float) -> None:
    """Let be due what a gateway that is no more had in hand, and what a clock that was ahead has queued."""
    cursor.execute(_TAKE_OVER, (now, now))


def recall(cursor: Any, now: float, seconds: float) -> bool:
    """Let be due what a clock that was ahead has put off, as ``values.Queue.recall`` says; whether there was any."""
    cursor.execute(_RECALL, (now, now + _APART, now + seconds + _APART))
    return bool(cursor.rowcount)


def renew(cursor: Any, delivery_ids: Sequence[int], now: float, seconds: float) -> None:
    """Let leases end at ``now + seconds``, unless they end later already; 0 gives them back."""
    if seconds > 0:
        end = now + seconds
        cursor.executemany(_RENEW, [(end, delivery_id, end) for delivery_id in delivery_ids])
    else:
        cursor.executemany(_GIVE_BACK, [(now, delivery_id) for delivery_id in delivery_ids])


def accuse(cursor: Any, delivery_ids: Sequence[int]) -> None:
    """Let the end of leases count although they were renewed."""
    cursor.executemany(_ACCUSE, [(delivery_id,) for delivery_id in delivery_ids])


def settle(cursor: Any, outcomes: Sequence[Outcome], now: float, keys: GatewayKeys) -> tuple[Rows, set[str]]:
    """Record the ends of attempts; returns what is still to be inserted, and the messages that may be finished.

    An outcome for a delivery that is no longer queued changes nothing, with
    one exception that must not go unseen: it was delivered once more. Nor
    does one that was recorded before, which its ``now`` and its
    ``next_attempt`` show: whoever settled it did not hear of it. One report
    may be the ``bounce`` of several outcomes: it is added once, if any of
    them changes something.
    """
    known = _known(cursor, [outcome.delivery_id for outcome in outcomes])
    rows, updates, finished = Rows(), [], set()
    reports: dict[int, Outgoing] = {}
    for outcome in outcomes:
        row = known.get(outcome.delivery_id)
        if row is None:
            continue
        message_id, state = row[1], row[5]
        again = state != "queued"
        if _recorded(row, outcome, now) or (again and outcome.state is not State.DELIVERED):
            continue
        note = _ended(row, outcome, now)
        if note is not None:
            rows.notes.append(note)
        if again:
            continue
        updates.append(_update(outcome, now))
        if outcome.bounce is not None and id(outcome.bounce) not in reports:
            reports[id(outcome.bounce)] = outcome.bounce
            add_outgoing(rows, outcome.bounce, keys, now)
        if outcome.final:
            finished.add(message_id)
            known[outcome.delivery_id] = (*row[:5], outcome.state.value, *row[6:])
    if updates:
        cursor.executemany(_SETTLE, updates)
    return rows, finished


def erase(cursor: Any, message_ids: Iterable[str], holder: str = wraps.DELIVERY) -> None:
    """Destroy the keys of messages that ``holder`` needs no more, and content that nobody can open."""
    waiting = "queued" if holder == wraps.DELIVERY else "held"
    ordered = sorted(message_ids)
    cursor.executemany(_ERASE_WRAP, [(message_id, holder, waiting) for message_id in ordered])
    cursor.executemany(_ERASE_CHUNKS, [(message_id,) for message_id in ordered])


def content(cursor: Any, message_id: str, keys: GatewayKeys) -> bytes:
    """The bytes to send.

    Raises:
        KeyError: the message is unknown or its key destroyed.
        SealError: the content was altered, or the key directory is not the right one.
    """
    wrap = wrapped(cursor, message_id, wraps.DELIVERY)
    if wrap is None:
        raise KeyError(message_id)
    key = wraps.open_for_delivery(keys, *wrap, message_id)
    return read(cursor, message_id, key, sealing.Part.CONTENT)


def wrapped(cursor: Any, message_id: str, holder: str) -> tuple[str, bytes] | None:
    """The identifier of the wrapping key and the content key wrapped for ``holder``; None when that is destroyed."""
    cursor.execute(_WRAPPED, (message_id, holder))
    row = cursor.fetchone()
    return None if row is None else (row[0], bytes(row[1]))


def release(cursor: Any, message_id: str, wrap: tuple[str, bytes], recipients: Iterable[int], now: float) -> None:
    """Let deliveries to held recipients be due; ``wrap`` is what ``wrapped`` gives from now on."""
    cursor.execute(_WRAP, (message_id, wraps.DELIVERY, *wrap))
    cursor.executemany(_RELEASE, [(now, now, now, recipient) for recipient in recipients])


def read(cursor: Any, message_id: str, key: bytes, part: sealing.Part) -> bytes:
    """A sealed part, opened with its content key; raises SealError."""
    cursor.execute(_CONTENT, (message_id, int(part)))
    return b"".join(sealing.unseal(key, message_id, part, (bytes(row[0]) for row in cursor)))


def lock(cursor: Any, delivery_ids: Sequence[int]) -> None:
    """Lock the messages of some deliveries against other writers, in an order that cannot deadlock."""
    if is_postgresql():
        cursor.execute(
            "SELECT id FROM dlp_message WHERE id IN (SELECT message_id FROM dlp_recipient WHERE id = ANY(%s))"
            " ORDER BY id FOR UPDATE",
            (list(delivery_ids),),
        )


def _known(cursor: Any, delivery_ids: Sequence[int]) -> dict[int, Any]:
    lock(cursor, delivery_ids)
    known = {}
    for start in range(0, len(delivery_ids), _BATCH):
        batch = delivery_ids[start : start + _BATCH]
        cursor.execute(_SETTLED.format(marks(batch)), list(batch))
        known.update({row[0]: row for row in cursor.fetchall()})
    return known


def _whole(rows: list[Any], limit: int) -> list[Any]:
    """The first ``limit`` rows, without those of a message and zone that the limit cuts, unless there are no others."""
    if len(rows) <= limit:
        return rows
    cut = (rows[limit][1], rows[limit][9])
    whole = [row for row in rows[:limit] if (row[1], row[9]) != cut]
    return whole or rows[:limit]


def _due(row: Any) -> Due:
    literal, notify = row[6], row[7]
    recipient = Recipient(Address(row[4], row[5], literal), tuple(notify.split(",")) if notify else (), row[8])
    return Due(
        delivery_id=row[0],
        message_id=row[1],
        kind=Kind(row[2]),
        sender=row[3],
        recipient=recipient,
        zone=Zone(row[9]),
        attempts=row[10],
        queued_at=row[11],
        eight_bit=bool(row[12]),
        smtputf8=bool(row[13]),
        ret=row[14],
        envid=row[15],
        size=row[16],
        due_at=row[17],
        lost=_lost(row[19]) if row[18] else 0,
    )


def _lost(stored: int) -> int:
    """How many leases ran out unrenewed, the one that ends now included."""
    return stored + 1 if stored >= 0 else -1 - stored


def _recorded(row: Any, outcome: Outcome, now: float) -> bool:
    """Whether the row is as exactly this outcome leaves it: its times are not met by chance."""
    state, settled_at, due, leased_by = row[5], row[7], row[9], row[10]
    if state != "queued":
        return bool(settled_at == now)
    return not outcome.final and not leased_by and bool(due == _next(outcome, now))


def _next(outcome: Outcome, now: float) -> float:
    return now if outcome.next_attempt is None else outcome.next_attempt


def _update(outcome: Outcome, now: float) -> tuple[Any, ...]:
    end = (outcome.attempts, outcome.code, outcome.enhanced, outcome.text, outcome.host, outcome.tls)
    if outcome.final:
        return (outcome.state.value, None, *end, now, outcome.delivery_id)
    return ("queued", _next(outcome, now), *end, None, outcome.delivery_id)


def _ended(row: Any, outcome: Outcome, now: float) -> Note | None:
    """The entry for the end of an attempt; an ordinary deferral needs none, the recipient's row tells."""
    kinds = {State.DELIVERED: EntryKind.DELIVER, State.FAILED: EntryKind.BOUNCE, State.UNCERTAIN: EntryKind.UNCERTAIN}
    kind = kinds.get(outcome.state, EntryKind.DEFER)
    if kind is EntryKind.DEFER and outcome.bounce is None:
        return None
    _, message_id, local, domain, zone, state, attempts, _, message_kind, *_ = row
    texts = Texts()
    details: dict[str, Any] = {
        "recipient": texts.address(f"{local}@{domain}"),
        "zone": zone,
        "message": message_kind,
        "attempt": attempts + outcome.attempts,
        "code": outcome.code,
        "enhanced": outcome.enhanced,
        "host": outcome.host,
        "tls": outcome.tls,
        "reported": outcome.bounce is not None,
    }
    if state != "queued":
        details["after"] = state
    return Note(kind, now, ACTOR, message_id, details, tuple(texts.items))
