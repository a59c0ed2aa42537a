"""A period in figures: what was decided, by which rules, and what became of what was held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dlp_gateway.audit.chain import Kind as Entry
from dlp_gateway.store import database, facts
from dlp_gateway.store.values import Kind

# What reviewers and time did to held messages.
_ACTS = (Entry.VIEW, Entry.APPROVE, Entry.RELEASE, Entry.RETURN, Entry.DELETE, Entry.EXPIRE)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one period: messages; recipients by action and zone, by rule and mode, by state; acts of review."""

    messages: int
    actions: Mapping[tuple[str, str], int]
    rules: Mapping[tuple[str, str], int]
    acts: Mapping[str, int]
    states: Mapping[str, int]


def figures(since: float, before: float) -> Figures:
    """Count what was decided from ``since`` up to ``before`` (seconds since the epoch); raises StoreError."""
    actions: Counter[tuple[str, str]] = Counter()
    rules: Counter[tuple[str, str]] = Counter()
    states: Counter[str] = Counter()
    period = (Kind.MAIL.value, since, before)
    with database.failures("the figures were not read"), database.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM dlp_message WHERE kind = %s AND at >= %s AND at < %s", period)
        messages = int(cursor.fetchone()[0])
        cursor.execute(
            "SELECT r.action, r.zone, r.state, r.hits, COUNT(*) FROM dlp_recipient r JOIN dlp_message m"
            " ON m.id = r.message_id WHERE m.kind = %s AND m.at >= %s AND m.at < %s"
            " GROUP BY r.action, r.zone, r.state, r.hits",
            period,
        )
        for action, zone, state, hits, count in cursor.fetchall():
            actions[action, zone] += count
            states[state] += count
            for hit in facts.decode_hits(hits):
                how = "excepted" if hit.excepted_by else "monitored" if hit.monitored else "enforced"
                rules[hit.rule, how] += count
        cursor.execute(
            "SELECT kind, COUNT(*) FROM dlp_audit_entry WHERE at >= %s AND at < %s GROUP BY kind", (since, before)
        )
        acts = {kind: int(count) for kind, count in cursor.fetchall() if kind in _ACTS}
    return Figures(messages, actions, rules, acts, states)
