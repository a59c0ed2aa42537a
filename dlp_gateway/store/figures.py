"""A period in figures: what was decided, by which rules, and what became of what was held.

Figures are numbers only: no address, nothing of a message. They are counted
from the decisions and the record; hours that are over are counted once and
kept (``hours``), so that nobody reads a year of messages to count them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from dlp_gateway.audit.chain import EntryKind
from dlp_gateway.model import Action
from dlp_gateway.store import database, facts, history
from dlp_gateway.store.values import Kind

HOUR = 3600

# What becomes of held messages, by reviewers, their senders and time; and what else people did.
ENDS = (EntryKind.RELEASE, EntryKind.RETURN, EntryKind.DELETE, EntryKind.WITHDRAW, EntryKind.EXPIRE)
_BY_REVIEWERS = frozenset({EntryKind.RELEASE, EntryKind.RETURN, EntryKind.DELETE})
ACTS = (
    *(EntryKind.VIEW, EntryKind.APPROVE, *ENDS, EntryKind.APPEAL, EntryKind.REFUSE_APPEAL, EntryKind.MARK),
    *(EntryKind.RESTRICT, EntryKind.ERASE, EntryKind.CONFIGURE, EntryKind.VERIFY),
)

_DECIDED = (
    "SELECT m.id, m.at, m.policy, m.facts, r.action, r.zone, r.hits FROM dlp_message m JOIN dlp_recipient r"
    " ON r.message_id = m.id WHERE m.kind = %s AND m.at >= %s AND m.at < %s ORDER BY m.at, m.id"
)
_ACTS = "SELECT at, kind FROM dlp_audit_entry WHERE seq >= %s AND seq < %s AND at >= %s AND at < %s AND kind IN ({})"
_ENDED = (
    "SELECT e.seq, e.at, e.kind, h.held_at, r.hits FROM dlp_audit_entry e JOIN dlp_hold h ON h.message_id = e.subject"
    " JOIN dlp_recipient r ON r.message_id = e.subject AND r.action = 'hold'"
    " WHERE e.seq >= %s AND e.seq < %s AND e.at >= %s AND e.at < %s AND e.kind IN ({}) ORDER BY e.seq"
)
_MARKS = "SELECT at, entity FROM dlp_mark WHERE at >= %s AND at < %s"


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one period.

    ``messages`` by the fingerprint of the policy that decided. ``actions``:
    recipients by action and zone. ``rules``: recipients by rule and how it
    spoke (enforced, monitored, excepted). ``entities``: messages in which a
    kind of data was found, by what became of the message (stopped for anybody,
    or delivered). ``acts``: entries of the record by kind. ``outcomes``: ends
    of holds by rule and kind of end. ``waited``: decisions of reviewers by
    whole minutes since the message was held. ``marks``: findings that a
    reviewer marked as wrong, by entity.
    """

    messages: Counter[str] = field(default_factory=Counter)
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    entities: Counter[tuple[str, str]] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    waited: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)

    @property
    def decided(self) -> int:
        """How many messages were decided on."""
        return self.messages.total()

    def add(self, other: Figures) -> None:
        """Count another period's in."""
        for name in Figures.__dataclass_fields__:
            getattr(self, name).update(getattr(other, name))


def total(parts: Iterable[Figures]) -> Figures:
    """The figures of several periods together."""
    found = Figures()
    for part in parts:
        found.add(part)
    return found


def encode(figures: Figures) -> str:
    """JSON, in which what is not there takes no room."""
    kept = {}
    for name in Figures.__dataclass_fields__:
        counts: Mapping[Any, int] = getattr(figures, name)
        if counts:
            kept[name] = [[*((key,) if isinstance(key, str) else key), count] for key, count in sorted(counts.items())]
    return json.dumps(kept, separators=(",", ":"))


def add_encoded(figures: Figures, text: str) -> None:
    """Count in what ``encode`` kept."""
    for name, rows in json.loads(text).items():
        counts = getattr(figures, name)
        for *key, number in rows:
            counts[key[0] if len(key) == 1 else tuple(key)] += number


def count(since: float, before: float) -> dict[int, Figures]:
    """Count from decisions and record, by hour: its start in seconds since the epoch; hours with nothing are missing.

    Reads everything of the period: for more than a day ask ``hours``. Raises StoreError.
    """
    found: dict[int, Figures] = {}

    def of(at: float) -> Figures:
        return found.setdefault(int(at // HOUR) * HOUR, Figures())

    with database.failures("the figures were not read"), database.cursor() as cursor:
        cursor.execute(_DECIDED, (Kind.MAIL.value, since, before))
        for _, recipients in groupby(cursor.fetchall(), itemgetter(0)):
            rows = list(recipients)
            _count_decision(of(rows[0][1]), rows)
        first, last = history.span(since, before)
        window = (first, last, since, before)
        cursor.execute(_ACTS.format(database.marks(ACTS)), (*window, *ACTS))
        for at, kind in cursor.fetchall():
            of(at).acts[kind] += 1
        cursor.execute(_ENDED.format(database.marks(ENDS)), (*window, *ENDS))
        for _, recipients in groupby(cursor.fetchall(), itemgetter(0)):
            rows = list(recipients)
            _count_end(of(rows[0][1]), rows)
        cursor.execute(_MARKS, (since, before))
        for at, entity in cursor.fetchall():
            of(at).marks[entity] += 1
    return found


def _count_decision(figures: Figures, rows: list[Any]) -> None:
    _, _, policy, kept, *_ = rows[0]
    figures.messages[policy] += 1
    stopped = "delivered"
    for *_, action, zone, hits in rows:
        figures.actions[action, zone] += 1
        if action != Action.DELIVER:
            stopped = "stopped"
        for hit in facts.decode_hits(hits) if hits != "[]" else ():
            figures.rules[hit.rule, hit.mode] += 1
    for entity in {finding[0] for finding in json.loads(kept)["findings"]}:
        figures.entities[entity, stopped] += 1


def _count_end(figures: Figures, rows: list[Any]) -> None:
    _, at, kind, held_at, _ = rows[0]
    if kind in _BY_REVIEWERS:
        figures.waited[str(max(0, int((at - held_at) // 60)))] += 1
    hits = [hit for row in rows for hit in facts.decode_hits(row[-1])]
    for rule in {hit.rule for hit in hits if hit.mode == "enforced"}:
        figures.outcomes[rule, kind] += 1
