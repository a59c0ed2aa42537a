"""Past decisions, decided again: what another policy would have done with the facts that are kept of them.

Pure functions. The facts are as they were found then; what was not looked for
cannot be decided on, and is said to be unknown rather than guessed.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from dlp_gateway.model import Action, Address, Client, Envelope, Finding, Inspection, Recipient, Verdict
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.evaluate import decide_all, demand

Stands = Callable[[Finding], bool]


@dataclass(frozen=True, slots=True)
class Past:
    """A past decision as far as it is kept; ``at`` is seconds since the epoch (UTC).

    ``complete`` is false when some of its facts were too many to be kept one by one.
    """

    id: str
    at: float
    sender: Address | None
    recipients: tuple[Address, ...]
    inspection: Inspection = field(repr=False)
    complete: bool = True


class Direction(StrEnum):
    """What a change does to a message."""

    STOPPED = "would be stopped"
    PASSED = "would pass"
    OTHERWISE = "would be stopped in another way"


@dataclass(frozen=True, slots=True)
class Flip:
    """A decision that would be another one; counts are of its recipients.

    ``new`` are the rules that would speak against somebody for the first time, ``gone`` those that no longer would.
    """

    id: str
    at: float
    directions: frozenset[Direction]
    changes: tuple[tuple[Action, Action, int], ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """Something to decide by: a policy, and which of the kept findings stand by the thresholds that go with it.

    ``day`` is the organisation's calendar day of a moment, in UTC without it.
    """

    policy: Policy
    stands: Stands | None = None
    day: Callable[[float], dt.date] = lambda moment: dt.datetime.fromtimestamp(moment, dt.UTC).date()


@dataclass(slots=True)
class Comparison:
    """What became of the decisions that were decided again, in figures, and the first flips one by one.

    ``unknown`` could not be decided: the changed policy asks about parts of
    them that nobody looked at. ``approvals`` are held either way, with another
    number of reviewers. ``rules`` counts decisions by rule and whether it is
    new to them or gone.
    """

    decided: int = 0
    unknown: int = 0
    incomplete: int = 0
    approvals: int = 0
    flipped: int = 0
    directions: Counter[Direction] = field(default_factory=Counter)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    flips: list[Flip] = field(default_factory=list)


def replay(rules: Rules, past: Past) -> tuple[Verdict, ...] | None:
    """Decide again, on the day of the decision; None when it takes more than was looked at then."""
    on = rules.day(past.at)
    recipients = tuple(Recipient(address) for address in past.recipients)
    if past.inspection.scope == "subject" and demand(rules.policy, recipients, on).scope == "all":
        return None
    inspection = past.inspection
    if rules.stands is not None:
        inspection = replace(inspection, findings=tuple(filter(rules.stands, inspection.findings)))
    return decide_all(rules.policy, inspection, Envelope(past.sender, recipients, Client("")), on)


def compare(before: Rules, after: Rules, decisions: Iterable[Past], most: int = 500) -> Comparison:
    """Decide ``decisions`` by both; at most ``most`` flips are kept one by one, all are counted."""
    found = Comparison()
    for past in decisions:
        found.incomplete += not past.complete
        old, new = replay(before, past), replay(after, past)
        if old is None or new is None:
            found.unknown += 1
            continue
        found.decided += 1
        flip = _flip(past, old, new)
        if flip is None:
            found.approvals += any(a.approvals != b.approvals for a, b in zip(old, new, strict=True))
            continue
        found.flipped += 1
        found.directions.update(flip.directions)
        found.rules.update([*((rule, "new") for rule in flip.new), *((rule, "gone") for rule in flip.gone)])
        if len(found.flips) < most:
            found.flips.append(flip)
    return found


def unseen(before: Policy, after: Policy) -> tuple[str, ...]:
    """What a change does that the kept facts cannot show; sentences."""
    if before.pictures == after.pictures:
        return ()
    return ("The setting of pictures changes: which pictures were read, and how large the others are, was not kept.",)


def _flip(past: Past, old: tuple[Verdict, ...], new: tuple[Verdict, ...]) -> Flip | None:
    changes = Counter((a.action, b.action) for a, b in zip(old, new, strict=True) if a.action is not b.action)
    if not changes:
        return None
    spoke = dict.fromkeys(rule for verdict in old for rule in verdict.rules)
    speaks = dict.fromkeys(rule for verdict in new for rule in verdict.rules)
    return Flip(
        past.id,
        past.at,
        frozenset(_direction(before, after) for before, after in changes),
        tuple((before, after, count) for (before, after), count in sorted(changes.items())),
        tuple(rule for rule in speaks if rule not in spoke),
        tuple(rule for rule in spoke if rule not in speaks),
        past.complete,
    )


def _direction(before: Action, after: Action) -> Direction:
    if after is Action.DELIVER:
        return Direction.PASSED
    return Direction.STOPPED if before is Action.DELIVER else Direction.OTHERWISE
