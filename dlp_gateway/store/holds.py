"""Looking through what is held: filters and order in a list of many, without opening or decoding any message.

Only slim columns are read. What a rule found is told by its reasons ("TFN in
body"), which name kinds and places, never values or names of files.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Any

from dlp_gateway.store import database

_HELD = (
    "SELECT h.message_id, h.held_at, h.expires_at, h.restricted_at, m.sender_literal, r.literal, r.domain, r.hits,"
    " r.approvals, r.id"
    " FROM dlp_hold h JOIN dlp_message m ON m.id = h.message_id"
    " JOIN dlp_recipient r ON r.message_id = h.message_id AND r.state = 'held'"
    " WHERE h.closed_at IS NULL"
)
_APPROVED = (
    "SELECT a.recipient_id, a.reviewer FROM dlp_approval a JOIN dlp_recipient r ON r.id = a.recipient_id"
    " WHERE r.state = 'held' AND r.approvals > 1"
)
_ANY_RECIPIENT = "EXISTS (SELECT 1 FROM dlp_recipient x WHERE x.message_id = h.message_id AND x.state = 'held' AND {})"
_IDS = (
    "SELECT h.message_id FROM dlp_hold h JOIN dlp_message m ON m.id = h.message_id WHERE h.closed_at IS NULL"
    " AND EXISTS (SELECT 1 FROM dlp_recipient r WHERE r.message_id = h.message_id AND r.state = 'held')"
)
_APPEALED = "SELECT message_id FROM dlp_appeal WHERE answer = ''"
_Told = tuple[list[str], list[str]]
_KIND = re.compile(r"([A-Z][A-Z0-9_]*) in ")


class Order(StrEnum):
    """In which order held messages are listed."""

    EXPIRY = "expiry"
    OLDEST = "oldest"
    NEWEST = "newest"
    SENDER = "sender"
    RISK = "risk"


_ORDERS = {
    Order.EXPIRY: "h.expires_at",
    Order.OLDEST: "h.held_at",
    Order.NEWEST: "h.held_at DESC",
    Order.SENDER: "LOWER(m.sender_literal)",
    Order.RISK: "(SELECT MAX(x.approvals) FROM dlp_recipient x WHERE x.message_id = h.message_id AND x.state = 'held')"
    " DESC",
}


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

    ``approvals`` are the most that a recipient needs, ``approved`` the most that one has, of those that count.
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


def search(
    wanted: Wanted, order: Order = Order.EXPIRY, *, counts: Callable[[str], bool] = lambda _giver: True
) -> list[Waiting]:
    """The messages that wait for a reviewer and match everything given; raises StoreError.

    ``counts`` says whether an approval does, by what it says whose it is; all do without it.
    """
    conditions, values = _conditions(wanted)
    with database.failures("the held messages were not read"), database.cursor() as cursor:
        cursor.execute(_APPEALED)
        appealed = {row[0] for row in cursor.fetchall()}
        cursor.execute(_APPROVED)
        approved = Counter(recipient for recipient, giver in cursor.fetchall() if counts(giver))
        cursor.execute(f"{_HELD}{conditions}{_by(order)}, r.id", values)
        rows: list[Any] = cursor.fetchall()
    told: dict[str, _Told] = {}
    return [_waiting(list(lines), appealed, approved, told) for _, lines in groupby(rows, itemgetter(0))]


def ids(wanted: Wanted, order: Order = Order.EXPIRY) -> list[str]:
    """The identifiers of what ``search`` gives, in the same order, at a fraction of its cost; raises StoreError."""
    conditions, values = _conditions(wanted)
    with database.failures("the held messages were not read"), database.cursor() as cursor:
        cursor.execute(f"{_IDS}{conditions}{_by(order)}", values)
        return [row[0] for row in cursor.fetchall()]


def alike(found: Iterable[Waiting]) -> list[Similar]:
    """Put similar messages together, where the first of them stands."""
    groups: dict[Any, list[Waiting]] = {}
    for one in found:
        groups.setdefault(one.likeness, []).append(one)
    return [Similar(members[0], tuple(members[1:])) for members in groups.values()]


def following(listed: Sequence[str], message_id: str) -> str | None:
    """The message behind ``message_id`` in a list, the first when it is the last or not in it; None without others."""
    at = listed.index(message_id) + 1 if message_id in listed else 0
    return next((one for one in (*listed[at:], *listed[:at]) if one != message_id), None)


def _by(order: Order) -> str:
    return f" ORDER BY {_ORDERS[order]}, h.expires_at, h.message_id"


def _conditions(wanted: Wanted) -> tuple[str, list[Any]]:
    clauses, values = [], []
    for clause, value in _clauses(wanted):
        clauses.append(f" AND {clause}")
        values += [value] * clause.count("%s")
    return "".join(clauses), values


def _clauses(wanted: Wanted) -> Iterator[tuple[str, Any]]:
    like = "LIKE %s ESCAPE '!'"
    if wanted.message_id:
        yield f"h.message_id {like}", f"{database.literally(wanted.message_id)}%"
    if wanted.sender:
        yield f"LOWER(m.sender_literal) {like}", f"%{database.literally(wanted.sender.lower())}%"
    if wanted.recipient:
        yield _ANY_RECIPIENT.format(f"LOWER(x.literal) {like}"), f"%{database.literally(wanted.recipient.lower())}%"
    if wanted.rule:
        yield _ANY_RECIPIENT.format(f"x.hits {like}"), f'%["{database.literally(wanted.rule)}",%'
    if wanted.kind:
        yield f"m.facts {like}", f'%["{database.literally(wanted.kind)}",%'
    if wanted.high_risk is not None:
        yield ("" if wanted.high_risk else "NOT ") + _ANY_RECIPIENT.format("x.approvals > 1"), None
    if wanted.restricted is not None:
        yield f"h.restricted_at IS {'NOT ' if wanted.restricted else ''}NULL", None
    if wanted.appealed is not None:
        yield f"h.message_id {'IN' if wanted.appealed else 'NOT IN'} ({_APPEALED})", None
    if wanted.held_before is not None:
        yield "h.held_at < %s", wanted.held_before
    if wanted.expires_before is not None:
        yield "h.expires_at < %s AND h.restricted_at IS NULL", wanted.expires_before


def _told(hits: str, told: dict[str, _Told]) -> _Told:
    """The enforced rules of a recipient and their reasons; ``told`` knows those that were met before."""
    if hits not in told:
        enforced = [hit for hit in json.loads(hits) if not hit[3] and hit[4] is None]
        told[hits] = [hit[0] for hit in enforced], [reason for hit in enforced for reason in hit[5]]
    return told[hits]


def _waiting(lines: Sequence[Any], appealed: set[str], approved: Mapping[int, int], told: dict[str, _Told]) -> Waiting:
    message_id, held_at, expires_at, restricted_at, sender, *_ = lines[0]
    rules, reasons = _told(lines[0][7], told)
    for line in lines[1:]:
        more = _told(line[7], told)
        rules, reasons = rules + more[0], reasons + more[1]
    return Waiting(
        message_id=message_id,
        held_at=held_at,
        expires_at=expires_at,
        restricted=restricted_at is not None,
        appealed=message_id in appealed,
        sender=sender,
        recipients=tuple(line[5] for line in lines),
        domains=tuple(sorted({line[6] for line in lines})),
        rules=tuple(sorted(set(rules))),
        reasons=tuple(dict.fromkeys(reasons)),
        approvals=max(line[8] for line in lines),
        approved=max(approved.get(line[9], 0) for line in lines),
    )
