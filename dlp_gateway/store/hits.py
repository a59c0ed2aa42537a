"""What detectors found, message by message: how often each entity is found, and how often it stops mail wrongly.

A row for each entity found in a message is written with the decision and goes
with it. Nothing here says where or what was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlp_gateway.model import DAY, Action, Decision, Finding, Role, Tier
from dlp_gateway.policy.rules import RuleName
from dlp_gateway.store import database

PERIODS = (7, 30, 90)  # days

_COUNTS = (
    "SELECT entity, SUM(CASE WHEN at >= %s THEN 1 ELSE 0 END), SUM(CASE WHEN at >= %s THEN 1 ELSE 0 END), COUNT(*),"
    " SUM(CASE WHEN stopped THEN 1 ELSE 0 END) FROM dlp_hit WHERE at >= %s GROUP BY entity"
)
# A message that was let go after all, or a finding that a reviewer marked, was stopped by mistake, very likely.
_WRONG = (
    "SELECT h.entity, COUNT(*) FROM dlp_hit h WHERE h.stopped AND h.at >= %s AND ("
    "EXISTS (SELECT 1 FROM dlp_recipient r WHERE r.message_id = h.message_id AND r.released_at IS NOT NULL)"
    " OR EXISTS (SELECT 1 FROM dlp_mark k WHERE k.message_id = h.message_id AND k.entity = h.entity))"
    " GROUP BY h.entity"
)
_MARKS = "SELECT entity, COUNT(*) FROM dlp_mark WHERE at >= %s GROUP BY entity"
_DETECTORS = (
    "SELECT detectors, SUM(CASE WHEN at >= %s THEN 1 ELSE 0 END), SUM(CASE WHEN at >= %s THEN 1 ELSE 0 END), COUNT(*)"
    " FROM dlp_hit WHERE entity = %s AND at >= %s GROUP BY detectors"
)
_RECENT = (
    "SELECT h.message_id, h.at, h.findings, h.detectors, h.stopped,"
    " EXISTS (SELECT 1 FROM dlp_recipient r WHERE r.message_id = h.message_id AND r.released_at IS NOT NULL),"
    " EXISTS (SELECT 1 FROM dlp_mark k WHERE k.message_id = h.message_id AND k.entity = h.entity)"
    " FROM dlp_hit h WHERE h.entity = %s ORDER BY h.at DESC LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Tally:
    """An entity in figures: messages it was found in, by period; the rest is of the longest period.

    ``stopped`` are the messages stopped because of it, ``wrong`` those of them
    that a reviewer released or in which one marked it, ``marks`` the marks.
    """

    entity: str
    found: tuple[int, int, int] = (0, 0, 0)
    stopped: int = 0
    wrong: int = 0
    marks: int = 0

    @property
    def share(self) -> float | None:
        """The share of stopped messages that were stopped by mistake, very likely; None when none was stopped."""
        return self.wrong / self.stopped if self.stopped else None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One decision about a message in which an entity was found so many times."""

    decision: str
    at: float
    findings: int
    detectors: tuple[str, ...]
    stopped: bool
    released: bool
    marked: bool


def rows(decision: Decision) -> list[tuple[Any, ...]]:
    """What is to be inserted for a decision: message, entity, time, findings, detectors, whether it stopped it."""
    found = decision.inspection.findings
    if not found:
        return []
    counts = Counter(finding.entity for finding in found)
    detectors: dict[str, set[str]] = {}
    for entity, detector in {(finding.entity, finding.detector) for finding in found}:
        detectors.setdefault(entity, set()).add(detector)
    stopping = blamed(decision)
    return [
        (decision.id, entity, decision.at, count, ",".join(sorted(detectors[entity])), entity in stopping)
        for entity, count in sorted(counts.items())
    ]


def blamed(decision: Decision) -> frozenset[str]:
    """The entities because of which a message was stopped for anybody."""
    found = decision.inspection.findings
    names = {finding.entity for finding in found}
    reasons = {
        (hit.rule, reason)
        for verdict in decision.verdicts
        if verdict.action is not Action.DELIVER
        for hit in verdict.hits
        if not hit.monitored and hit.excepted_by is None
        for reason in hit.reasons
    }
    told = {reason.partition(" in ")[0] for _, reason in reasons} & names
    # Of many reasons the last says how many more there are: then everything the rule asks for is to blame.
    for rule in {rule for rule, reason in reasons if reason.startswith("and ")}:
        told |= {finding.entity for finding in found if _asked_for(rule, finding)}
    return frozenset(told)


def _asked_for(rule: str, finding: Finding) -> bool:
    match rule:
        case RuleName.SUBJECT:
            return finding.role is Role.SUBJECT
        case RuleName.HIGH_RISK:
            return finding.tier is Tier.HIGH_RISK
        case RuleName.EXTERNAL | RuleName.TRANSFER:
            return finding.tier is not Tier.CONTACT
        case _:
            return False


def tallies(now: float) -> Mapping[str, Tally]:
    """Every entity that was found in the longest period or marked in it; raises StoreError."""
    week, month, quarter = (now - days * DAY for days in PERIODS)
    with database.failures("the findings were not counted"), database.cursor() as cursor:
        cursor.execute(_COUNTS, (week, month, quarter))
        counted: Sequence[Any] = cursor.fetchall()
        cursor.execute(_WRONG, (quarter,))
        wrong = dict(cursor.fetchall())
        cursor.execute(_MARKS, (quarter,))
        marks = dict(cursor.fetchall())
    found = {
        entity: Tally(entity, (int(a), int(b), int(c)), int(stopped), int(wrong.get(entity, 0)), marks.get(entity, 0))
        for entity, a, b, c, stopped in counted
    }
    return found | {entity: Tally(entity, marks=count) for entity, count in marks.items() if entity not in found}


def by_detector(entity: str, now: float) -> Mapping[str, tuple[int, int, int]]:
    """For each detector that found an entity: in how many messages, by period; raises StoreError."""
    week, month, quarter = (now - days * DAY for days in PERIODS)
    found: dict[str, tuple[int, int, int]] = {}
    with database.failures("the findings were not counted"), database.cursor() as cursor:
        cursor.execute(_DETECTORS, (week, month, entity, quarter))
        for detectors, *counts in cursor.fetchall():
            for detector in detectors.split(","):
                before = found.get(detector, (0, 0, 0))
                found[detector] = (before[0] + counts[0], before[1] + counts[1], before[2] + counts[2])
    return found


def recent(entity: str, limit: int = 25) -> list[Sighting]:
    """The last decisions about messages in which an entity was found, newest first; raises StoreError."""
    with database.failures("the decisions were not read"), database.cursor() as cursor:
        cursor.execute(_RECENT, (entity, limit))
        return [
            Sighting(decision, at, findings, tuple(detectors.split(",")), bool(stopped), bool(released), bool(marked))
            for decision, at, findings, detectors, stopped, released, marked in cursor.fetchall()
        ]
