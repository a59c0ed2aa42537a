"""Looking through decisions: filters, a page at a time, without decoding what was found.

However many decisions there are, a page costs about the same. Addresses and
rare actions are found by an index; any other filter looks at a bounded number
of decisions, newest first, and says how far back it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from dlp_gateway.model import Action, Zone
from dlp_gateway.store import database, facts, spelling
from dlp_gateway.store.values import Kind

# So many decisions are looked at for one page, and so many that an index names are taken one by one.
_WINDOW = 50_000
_FEW = 1_000

_RECIPIENTS = (
    "SELECT message_id, literal, zone, action, state, hits FROM dlp_recipient WHERE message_id IN ({})"
    " ORDER BY message_id, id"
)
_ANY_RECIPIENT = "EXISTS (SELECT 1 FROM dlp_recipient r WHERE r.message_id = m.id AND {})"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; "" and None ask for nothing.

    ``sender`` and ``recipient`` are addresses, or domains (``example.net``,
    ``@example.net``), without regard to case. ``recipient``, ``action``,
    ``rule`` and ``zone`` are of one and the same recipient. ``entity`` is a
    kind of data that was found, ``policy`` a fingerprint. Times in seconds
    since the epoch.
    """

    decision_id: str = ""
    since: float | None = None
    before: float | None = None
    sender: str = ""
    recipient: str = ""
    action: Action | None = None
    zone: Zone | None = None
    rule: str = ""
    entity: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One recipient of a decision in the list."""

    address: str
    zone: Zone
    action: Action
    state: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """A decision in the list; ``sender`` is "" for the null sender."""

    id: str
    at: float
    sender: str
    size: int
    policy: str
    recipients: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the list: what is older than the decision ``id`` of the moment ``at``."""

    at: float
    id: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the list, newest first.

    ``following`` is where the next page begins, None at the end. When
    ``exhausted`` is false and the page is not full, only the decisions down to
    ``following`` were looked at.
    """

    decisions: tuple[Summary, ...]
    following: Mark | None
    exhausted: bool


@dataclass(slots=True)
class _Where:
    """Conditions of a statement, and their values."""

    clauses: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, clause: str, *values: Any) -> None:
        self.clauses.append(clause)
        self.values += values

    def __str__(self) -> str:
        return " AND ".join(self.clauses) or "1 = 1"


def search(wanted: Wanted, after: Mark | None = None, *, limit: int = 50) -> Found:
    """The decisions that match everything wanted, from ``after`` on; raises StoreError."""
    with database.failures("the decisions were not read"), database.cursor() as cursor:
        where = _of_message(wanted, after)
        few = _few(cursor, wanted)
        lowest: float | None = None
        if few == ():
            return Found((), None, exhausted=True)
        if few is not None:
            where.add(f"m.id IN ({database.marks(few)})", *few)
        elif (lowest := _lowest(cursor, wanted, after)) is not None:
            where.add("m.at >= %s", lowest)
        recipient = _of_recipient(wanted)
        if recipient.clauses:
            where.add(_ANY_RECIPIENT.format(recipient), *recipient.values)
        cursor.execute(
            "SELECT m.id, m.at, m.sender_literal, m.size, m.policy FROM dlp_message m"  # noqa: S608
            f" WHERE {where} ORDER BY m.at DESC, m.id DESC LIMIT %s",
            (*where.values, limit + 1),
        )
        rows = cursor.fetchall()
        decisions = _summaries(cursor, rows[:limit])
    if len(rows) > limit:
        return Found(decisions, Mark(rows[limit - 1][1], rows[limit - 1][0]), exhausted=True)
    following = None if lowest is None else Mark(lowest)
    return Found(decisions, following, exhausted=lowest is None)


def everything(wanted: Wanted, *, page: int = 500) -> Iterator[Summary]:
    """All decisions that match, newest first, read page by page so that mail goes on; raises StoreError."""
    after: Mark | None = None
    while True:
        found = search(wanted, after, limit=page)
        yield from found.decisions
        after = found.following
        if after is None:
            return


def _of_message(wanted: Wanted, after: Mark | None) -> _Where:
    where = _Where()
    where.add("m.kind = %s", Kind.MAIL.value)
    if wanted.decision_id:
        where.add("m.id = %s", wanted.decision_id.strip().lower())
    if wanted.since is not None:
        where.add("m.at >= %s", wanted.since)
    if wanted.before is not None:
        where.add("m.at < %s", wanted.before)
    if after is not None and after.id:
        where.add("m.at <= %s AND (m.at < %s OR m.id < %s)", after.at, after.at, after.id)
    elif after is not None:
        where.add("m.at < %s", after.at)
    if wanted.sender:
        _address(where, wanted.sender, "dlp_message m", "m.sender_domain", "LOWER(m.sender_local)")
    if wanted.policy:
        where.add("m.policy = %s", wanted.policy)
    if wanted.entity:
        where.add("EXISTS (SELECT 1 FROM dlp_hit f WHERE f.message_id = m.id AND f.entity = %s)", wanted.entity)
    return where


def _of_recipient(wanted: Wanted) -> _Where:
    where = _Where()
    if wanted.recipient:
        _address(where, wanted.recipient, "dlp_recipient r", "r.domain", "LOWER(r.local)")
    if wanted.action is not None:
        where.add("r.action = %s", wanted.action.value)
    if wanted.zone is not None:
        where.add("r.zone = %s", wanted.zone.value)
    if wanted.rule:
        where.add("r.hits LIKE %s ESCAPE '!'", f'%["{database.literally(wanted.rule)}",%')
    return where


def _address(where: _Where, text: str, table: str, domain: str, local: str) -> None:
    mailbox, at, host = text.strip().lower().rpartition("@")
    where.add(f"{domain} = %s", host if at else text.strip().lower())
    if mailbox.isascii():
        if mailbox:
            where.add(f"{local} = %s", mailbox)
        return
    spelt = spelling.known(local, f"{table} WHERE {domain} = %s", [host], mailbox)
    where.add(f"{local} IN ({database.marks(spelt)})" if spelt else "1 = 0", *spelt)


def _few(cursor: Any, wanted: Wanted) -> tuple[str, ...] | None:
    """The messages that an index names for what is wanted; None when they are many, or no index helps."""
    if wanted.decision_id:
        return None
    if wanted.recipient or wanted.action not in (None, Action.DELIVER):
        where = _of_recipient(wanted)
        if not wanted.recipient:
            # Nobody is refused or held without a rule that says so, and there is an index of those with one.
            where.add("NOT (r.hits = '[]')")
        found = _named(cursor, "SELECT DISTINCT r.message_id FROM dlp_recipient r WHERE {} LIMIT %s", where)
        if found is not None:
            return found
    if wanted.entity:
        where = _Where(["f.entity = %s"], [wanted.entity])
        return _named(cursor, "SELECT f.message_id FROM dlp_hit f WHERE {} LIMIT %s", where)
    return None


def _named(cursor: Any, statement: str, where: _Where) -> tuple[str, ...] | None:
    cursor.execute(statement.format(where), (*where.values, _FEW + 1))
    found = tuple(row[0] for row in cursor.fetchall())
    return None if len(found) > _FEW else found


def _lowest(cursor: Any, wanted: Wanted, after: Mark | None) -> float | None:
    """The moment down to which a page looks; None when it may look at everything that is left."""
    plain = replace(wanted, recipient="", action=None, zone=None, rule="", entity="", policy="")
    if plain == wanted or wanted.decision_id:
        return None
    where = _of_message(plain, after)
    cursor.execute(
        f"SELECT m.at FROM dlp_message m WHERE {where} ORDER BY m.at DESC LIMIT 1 OFFSET %s",  # noqa: S608
        (*where.values, _WINDOW),
    )
    row = cursor.fetchone()
    return None if row is None else float(row[0])


def _summaries(cursor: Any, rows: Sequence[Any]) -> tuple[Summary, ...]:
    if not rows:
        return ()
    cursor.execute(_RECIPIENTS.format(database.marks(rows)), [row[0] for row in rows])
    lines = {key: tuple(_line(row) for row in group) for key, group in groupby(cursor.fetchall(), itemgetter(0))}
    return tuple(Summary(key, at, sender, size, policy, lines.get(key, ())) for key, at, sender, size, policy in rows)


def _line(row: Any) -> Line:
    _, literal, zone, action, state, hits = row
    rules = () if hits == "[]" else tuple(hit.rule for hit in facts.decode_hits(hits))
    return Line(literal, Zone(zone), Action(action), state, rules)
