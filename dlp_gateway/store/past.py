"""Decisions of a period, read to be decided again: envelope and facts, no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlp_gateway.model import Address
from dlp_gateway.policy.replay import Past
from dlp_gateway.store import database, facts
from dlp_gateway.store.values import Kind

_BATCH = 500
_IDS = "SELECT id FROM dlp_message WHERE at >= %s AND at < %s AND kind = %s ORDER BY at DESC"
_MESSAGES = "SELECT id, at, sender_literal, sender_local, sender_domain, facts FROM dlp_message WHERE id IN ({})"
_RECIPIENTS = "SELECT message_id, literal, local, domain FROM dlp_recipient WHERE message_id IN ({}) ORDER BY id"


@dataclass(frozen=True, slots=True)
class Sample:
    """Some of the ``total`` decisions of a period: all, or as many as were asked for, spread evenly over it."""

    total: int
    ids: tuple[str, ...] = field(repr=False)

    def decisions(self) -> Iterator[Past]:
        """Read them, newest first, without those that were removed meanwhile; raises StoreError."""
        for start in range(0, len(self.ids), _BATCH):
            yield from _read(self.ids[start : start + _BATCH])


def sample(since: float, before: float, most: int) -> Sample:
    """Choose at most ``most`` of the decisions from ``since`` up to ``before``; raises StoreError."""
    with database.failures("the decisions were not read"), database.cursor() as cursor:
        cursor.execute(_IDS, (since, before, Kind.MAIL.value))
        found = [row[0] for row in cursor.fetchall()]
    count = len(found)
    if count > most:
        return Sample(count, tuple(found[number * count // most] for number in range(most)))
    return Sample(count, tuple(found))


def _read(ids: Sequence[str]) -> Iterator[Past]:
    marks = database.marks(ids)
    with database.failures("the decisions were not read"), database.cursor() as cursor:
        cursor.execute(_MESSAGES.format(marks), ids)
        messages: dict[str, Any] = {row[0]: row for row in cursor.fetchall()}
        cursor.execute(_RECIPIENTS.format(marks), ids)
        recipients: dict[str, list[Address]] = {}
        for message_id, literal, local, domain in cursor.fetchall():
            recipients.setdefault(message_id, []).append(Address(local, domain, literal))
    for identifier in ids:
        if identifier in messages and identifier in recipients:
            _, at, literal, local, domain, text = messages[identifier]
            sender = Address(local, domain, literal) if literal else None
            yield Past(identifier, at, sender, tuple(recipients[identifier]), facts.decode(text), facts.complete(text))
