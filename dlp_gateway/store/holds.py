"""Looking through what is held: filters and order in a list of many, without opening or decoding any message.

Only slim columns are read. What a rule found is told by its reasons ("TFN in
body"), which name kinds and places, never values or names of files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from dlp_gateway.store import database

_HELD = (
    "SELECT h.message_id, h.held_at, h.expires_at, h.restricted_at, m.sender_literal, r.literal, r.domain, r.hits,"
    " r.approvals, CASE WHEN r.approvals > 1 THEN"
    " (SELECT COUNT(*) FROM dlp_approval a WHERE a.recipient_id = r.id) ELSE 0 END"
    " FROM dlp_hold h JOIN dlp_message m ON m.id = h.message_id"
    " JOIN dlp_recipient r ON r.message_id = h.message_id AND r.state = 'held'"
    " WHERE h.closed_at IS NULL"
)
_ANY_RECIPIENT = (
    " AND EXISTS (SELECT 1 FROM dlp_recipient x WHERE x.message_id = h.message_id AND x.state = 'held' AND {})"
)
_APPEALED = "SELECT message_id FROM dlp_appeal WHERE answer = ''"
_IN_ORDER = " ORDER BY h.expires_at, h.message_id, r.id"
_KIND = re.compile(r"([A-Z][A-Z0-9_]*) in ")


class Order(StrEnum):
    """In which order held messages are listed."""

    EXPIRY = "expiry"
    OLDEST = "oldest"
    NEWEST = "newest"
    SENDER = "sender"
    RISK = "risk"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; "" and None ask for nothing.

    ``sender`` and ``recipient`` are parts of addresses, ``rule`` and ``kind``
    (an entity) whole names, ``message_id`` the beginning of one. Times in
    seconds since the epoch.
    """

    message_id: str = ""
    sender: str = ""
    recipient: str = ""
    rule: str = ""
    kind: str = ""
    high_risk: bool | None = None
    restricted: bool | None = None
    appealed: bool | None = None
    held_before: float | None = None
    expires_before: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held message in a list: who, which rules, and what they say of it, for the recipients that still wait.

    ``approvals`` are the most that a recipient needs, ``approved`` the most that one has.
    """

    message_id: str
    held_at: float
    expires_at: float
    restricted: bool
    appealed: bool
    sender: str
    recipients: tuple[str, ...]
    domains: tuple[str, ...]
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    approvals: int
    approved: int

    @property
    def likeness(self) -> tuple[str, tuple[str, ...], tuple[str, ...], int]:
        """What similar messages have in common: the sender, the rules, the recipients' domains and the approvals."""
        return (self.sender.lower(), self.rules, self.domains, self.approvals)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The entities that the rules' reasons name."""
        named = (_KIND.match(reason) for reason in self.reasons)
        return tuple(dict.fromkeys(match[1] for match in named if match))


@dataclass(frozen=True, slots=True)
class Similar:
    """Messages that are alike, in the order of the list; ``first`` stands for them."""

    first: Waiting
    others: tuple[Waiting, ...]


def search(wanted: Wanted, order: Order = Order.EXPIRY) -> list[Waiting]:
    """The messages that wait for a reviewer and match everything given; raises StoreError."""
    statement, values = _statement(wanted)
    with database.failures("the held messages were not read"), database.cursor() as cursor:
        cursor.execute(_APPEALED)
        appealed = {row[0] for row in cursor.fetchall()}
        cursor.execute(statement, values)
        rows: list[Any] = cursor.fetchall()
    found = [_waiting(list(lines), appealed) for _, lines in groupby(rows, itemgetter(0))]
    if wanted.appealed is not None:
        found = [one for one in found if one.appealed is wanted.appealed]
    return _sorted(found, order)


def alike(found: Iterable[Waiting]) -> list[Similar]:
    """Put similar messages together, where the first of them stands."""
    groups: dict[Any, list[Waiting]] = {}
    for one in found:
        groups.setdefault(one.likeness, []).append(one)
    return [Similar(members[0], tuple(members[1:])) for members in groups.values()]


def following(found: Sequence[Waiting], message_id: str) -> str | None:
    """The message behind ``message_id`` in a list, the first when it is the last or not in it; None without others."""
    ids = [one.message_id for one in found]
    at = ids.index(message_id) + 1 if message_id in ids else 0
    return next((one for one in (*ids[at:], *ids[:at]) if one != message_id), None)


def _statement(wanted: Wanted) -> tuple[str, list[Any]]:
    statement, values = _HELD, []
    for clause, value in _conditions(wanted):
        statement += clause
        values += [value] * clause.count("%s")
    return statement + _IN_ORDER, values


def _conditions(wanted: Wanted) -> Iterator[tuple[str, Any]]:
    like = "LIKE %s ESCAPE '!'"
    if wanted.message_id:
        yield f" AND h.message_id {like}", f"{_literally(wanted.message_id)}%"
    if wanted.sender:
        yield f" AND LOWER(m.sender_literal) {like}", f"%{_literally(wanted.sender.lower())}%"
    if wanted.recipient:
        yield _ANY_RECIPIENT.format(f"LOWER(x.literal) {like}"), f"%{_literally(wanted.recipient.lower())}%"
    if wanted.rule:
        yield _ANY_RECIPIENT.format(f"x.hits {like}"), f'%["{_literally(wanted.rule)}",%'
    if wanted.kind:
        yield f" AND m.facts {like}", f'%["{_literally(wanted.kind)}",%'
    if wanted.high_risk is not None:
        yield (" AND" if wanted.high_risk else " AND NOT") + _ANY_RECIPIENT.format("x.approvals > 1")[4:], None
    if wanted.restricted is not None:
        yield f" AND h.restricted_at IS {'NOT ' if wanted.restricted else ''}NULL", None
    if wanted.held_before is not None:
        yield " AND h.held_at < %s", wanted.held_before
    if wanted.expires_before is not None:
        yield " AND h.expires_at < %s AND h.restricted_at IS NULL", wanted.expires_before


def _literally(text: str) -> str:
    """What LIKE takes for exactly this text, with ! to escape."""
    return re.sub(r"([!%_])", r"!\1", text)


def _waiting(lines: Sequence[Any], appealed: set[str]) -> Waiting:
    message_id, held_at, expires_at, restricted_at, sender, *_ = lines[0]
    rules: dict[str, None] = {}
    reasons: dict[str, None] = {}
    for hits in {line[7] for line in lines}:
        for rule, _, _, monitored, excepted_by, why in json.loads(hits):
            if not monitored and excepted_by is None:
                rules[rule] = None
                reasons.update(dict.fromkeys(why))
    return Waiting(
        message_id=message_id,
        held_at=held_at,
        expires_at=expires_at,
        restricted=restricted_at is not None,
        appealed=message_id in appealed,
        sender=sender,
        recipients=tuple(line[5] for line in lines),
        domains=tuple(sorted({line[6] for line in lines})),
        rules=tuple(sorted(rules)),
        reasons=tuple(reasons),
        approvals=max(line[8] for line in lines),
        approved=max(line[9] for line in lines),
    )


def _sorted(found: list[Waiting], order: Order) -> list[Waiting]:
    if order is Order.EXPIRY:
        return found  # as the statement has it
    if order is Order.RISK:
        return sorted(found, key=lambda one: (-one.approvals, one.expires_at))
    if order is Order.SENDER:
        return sorted(found, key=lambda one: one.sender.lower())
    return sorted(found, key=attrgetter("held_at"), reverse=order is Order.NEWEST)
