"""What waits to be delivered, for administrators: list, try again now, drop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.model import Address, Recipient, Zone
from dlp_gateway.store import database, queue
from dlp_gateway.store.change import change
from dlp_gateway.store.intake import add_outgoing
from dlp_gateway.store.keys import GatewayKeys, ReviewKeys, SealingKeys
from dlp_gateway.store.values import Kind, Outgoing


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that is not over; ``code`` to ``host`` are what the last next hop said.

    ``leased_by`` is the worker that is at it; then ``due`` is when its lease ends.
    """

    delivery_id: int
    message_id: str
    kind: Kind
    sender: str
    recipient: str
    zone: Zone
    size: int
    queued_at: float
    due: float
    attempts: int
    leased_by: str
    code: int
    enhanced: str
    text: str
    host: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A delivery that was given up, as far as its sender is told of it."""

    delivery_id: int
    message_id: str
    kind: Kind
    sender: str
    recipient: Recipient
    queued_at: float
    envid: str | None


@dataclass(frozen=True, slots=True)
class Reports:
    """How senders are told of what was dropped: ``of`` makes the messages, ``keys`` seal them for delivery."""

    of: Callable[[Sequence[Dropped]], Sequence[Outgoing]]
    keys: GatewayKeys | ReviewKeys | SealingKeys


def waiting(
    *, message_id: str | None = None, domain: str | None = None, limit: int = 1000, after: int = 0
) -> list[Waiting]:
    """The queue in the order it was filled, at most ``limit`` behind the delivery ``after``; raises StoreError."""
    rows: Any = database.rows("Recipient").filter(state="queued", id__gt=after).select_related("message").order_by("id")
    if message_id is not None:
        rows = rows.filter(message_id=message_id)
    if domain is not None:
        rows = rows.filter(domain=domain.lower())
    with database.failures("the queue was not read"):
        return [_waiting(row) for row in rows[:limit]]


def retry(delivery_ids: Sequence[int] | None, *, actor: str, now: float, pseudonyms: bytes | None = None) -> int:
    """Let deliveries (None: all) be due now, unless a worker is at them; returns how many. Raises StoreError."""
    with change(pseudonyms) as made:
        rows = _idle(made.cursor, delivery_ids, now)
        made.cursor.executemany("UPDATE dlp_recipient SET due = %s WHERE id = %s", [(now, row[0]) for row in rows])
        made.rows.notes += _notes(EntryKind.RETRY, rows, now, actor, None)
        return len(rows)


def drop(
    delivery_ids: Sequence[int],
    *,
    actor: str,
    reason: str,
    now: float,
    pseudonyms: bytes | None = None,
    reports: Reports | None = None,
) -> list[int]:
    """Give up deliveries; returns those that were dropped. ``reports`` tells the senders; without it nobody is told.

    One that a worker is at is left alone: it may be over by now. What nobody
    is to receive any more is erased. Raises StoreError.
    """
    with change(pseudonyms) as made:
        queue.lock(made.cursor, delivery_ids)
        rows = _idle(made.cursor, delivery_ids, now)
        made.cursor.executemany(
            "UPDATE dlp_recipient SET state = 'dropped', due = NULL, leased_by = '', settled_at = %s WHERE id = %s",
            [(now, row[0]) for row in rows],
        )
        if reports is not None:
            for mail in reports.of(_dropped(made.cursor, [row[0] for row in rows])):
                add_outgoing(made.rows, mail, reports.keys, now)
        queue.erase(made.cursor, {row[1] for row in rows})
        made.rows.notes += _notes(EntryKind.DROP, rows, now, actor, reason)
        return [row[0] for row in rows]


def _dropped(cursor: Any, delivery_ids: Iterable[int]) -> list[Dropped]:
    found = []
    for delivery_id in delivery_ids:
        cursor.execute(
            "SELECT r.message_id, m.kind, m.sender_literal, r.local, r.domain, r.literal, r.notify, r.orcpt,"
            " r.queued_at, m.envid FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id WHERE r.id = %s",
            (delivery_id,),
        )
        message_id, kind, sender, local, domain, literal, notify, orcpt, queued_at, envid = cursor.fetchone()
        recipient = Recipient(Address(local, domain, literal), tuple(notify.split(",")) if notify else (), orcpt)
        found.append(Dropped(delivery_id, message_id, Kind(kind), sender, recipient, queued_at, envid))
    return found


def _idle(cursor: Any, delivery_ids: Sequence[int] | None, now: float) -> list[Any]:
    statement = (
        "SELECT id, message_id, local, domain FROM dlp_recipient"
        " WHERE state = 'queued' AND (leased_by = '' OR due <= %s){} ORDER BY id"
    )
    if database.is_postgresql():
        statement += " FOR UPDATE"
    if delivery_ids is None:
        cursor.execute(statement.format(""), (now,))
        return list(cursor.fetchall())
    rows: list[Any] = []
    for delivery_id in sorted(delivery_ids):
        cursor.execute(statement.format(" AND id = %s"), (now, delivery_id))
        rows += cursor.fetchall()
    return rows


def _notes(kind: EntryKind, rows: Iterable[Any], now: float, actor: str, reason: str | None) -> list[Note]:
    notes = []
    for _, message_id, local, domain in rows:
        texts = Texts()
        details = {"recipient": texts.address(f"{local}@{domain}")}
        if reason is not None:
            details["reason"] = texts.reason(reason)
        notes.append(Note(kind, now, actor, message_id, details, tuple(texts.items)))
    return notes


def _waiting(row: Any) -> Waiting:
    return Waiting(
        delivery_id=row.id,
        message_id=row.message_id,
        kind=Kind(row.message.kind),
        sender=row.message.sender_literal,
        recipient=row.literal,
        zone=Zone(row.zone),
        size=row.message.content_size,
        queued_at=row.queued_at,
        due=row.due,
        attempts=row.attempts,
        leased_by=row.leased_by,
        code=row.code,
        enhanced=row.enhanced,
        text=row.text,
        host=row.host,
    )
