"""What an inspection says, sorted by the questions the rules ask.

Worked out once a message and shared by all its recipients.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

from dlp_gateway.model import Attachment, Finding, Grade, Inspection, Role, Tier, Unscanned, Zone
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.places import Places
from dlp_gateway.policy.rules import HighRiskRule

MOST_REASONS = 12  # distinct reasons a rule names on record; a list of 5,000 people needs no 5,000 lines

_GRADES = (Grade.NONE, Grade.WEAK, Grade.ADEQUATE, Grade.STRONG)

Reasons = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """Reasons, by question; an empty tuple means no.

    ``sealed`` are the encrypted attachments nobody looked into; ``unread`` is
    what else was not read, ``subject_unread`` the part of it that leaves the
    Subject unknown.
    """

    subject: Reasons
    personal: Reasons
    high_risk: Reasons
    risky_schemes: Reasons
    weak: Reasons
    sealed: Reasons
    people: int
    exposed: tuple[int, int]
    unread: Reasons
    subject_unread: Reasons


def facts_of(policy: Policy, inspection: Inspection, today: dt.date) -> Facts:
    """Sort the facts of ``inspection`` for ``policy``."""
    findings, rules, teller = inspection.findings, policy.rules, _Teller(inspection)
    signs = _told(inspection.risk, lambda sign: f"sign of high-risk content in {teller.places.of(sign.where)}")
    risky_schemes = teller.attachments(lambda attachment: _not_enough(attachment, rules.high_risk)) if signs else ()
    return Facts(
        subject=teller.findings(
            finding
            for finding in findings
            if finding.role is Role.SUBJECT and finding.entity not in rules.subject.not_personal
        ),
        personal=teller.findings(finding for finding in findings if finding.tier is Tier.PERSONAL),
        high_risk=teller.findings(finding for finding in findings if finding.tier is Tier.HIGH_RISK),
        risky_schemes=signs + risky_schemes if risky_schemes else (),
        weak=teller.attachments(lambda attachment: _weakness(attachment, rules.encryption.at_least)),
        sealed=teller.attachments(
            lambda attachment: "is encrypted, so what it holds is unknown" if _sealed(attachment) else None
        ),
        people=inspection.people,
        exposed=_exposed(policy, inspection, today),
        unread=teller.unread(inspection.unscanned),
        subject_unread=teller.unread(
            item for item in inspection.unscanned if _leaves_subject_unknown(item, teller.places, inspection.scope)
        ),
    )


class _Teller:
    """Puts the facts of one inspection into words without its names."""

    def __init__(self, inspection: Inspection) -> None:
        self.places = Places(inspection.attachments)
        self._attachments = inspection.attachments

    def findings(self, findings: Iterable[Finding]) -> Reasons:
        # A sheet of 10,000 people has as many findings: only those that are told are put into words.
        distinct = {(finding.entity, finding.where, finding.role): finding for finding in findings}
        return _told(distinct.values(), lambda finding: f"{finding.entity} in {self.places.of_finding(finding)}")

    def attachments(self, reason: Callable[[Attachment], str | None]) -> Reasons:
        said = [(attachment.where, what) for attachment in self._attachments if (what := reason(attachment))]
        return _told(said, lambda one: f"{self.places.of(one[0])} {one[1]}")

    def unread(self, items: Iterable[Unscanned]) -> Reasons:
        return _told(tuple(items), lambda item: f"{self.places.of(item.where)}: {item.why}")


def _not_enough(attachment: Attachment, rule: HighRiskRule) -> str | None:
    if not _sealed(attachment) or rule.accepts(attachment.protection.scheme):
        return None
    return f"has {attachment.protection.scheme} only, which is not enough for it"


def _sealed(attachment: Attachment) -> bool:
    """Whether nobody looked into it. What a message says of a password may be untrue, so only an open one is known."""
    return attachment.protection.state is not Grade.NONE and not attachment.protection.password_inside


def _weakness(attachment: Attachment, at_least: Grade) -> str | None:
    protection = attachment.protection
    if protection.comes_with_password:
        return "comes with its password in the same message"
    if protection.state is not Grade.NONE and _GRADES.index(protection.state) < _GRADES.index(at_least):
        return f"is encrypted with {protection.scheme}, which is {protection.state}"
    return None


def _exposed(policy: Policy, inspection: Inspection, today: dt.date) -> tuple[int, int]:
    """Outsiders in the fields that show recipients, and their domains."""
    outsiders = {
        mailbox.lower()
        for mailbox in inspection.visible
        if policy.zones.zone_of_text(mailbox, today) is not Zone.INTERNAL
    }
    return len(outsiders), len({mailbox.rpartition("@")[2] for mailbox in outsiders})


def _leaves_subject_unknown(item: Unscanned, places: Places, scope: str) -> bool:
    # Where nothing but the Subject was asked for, it is what a reader or worker failed on. An odd header ("header")
    # is read in every way it can be, so the Subject is known all the same.
    place = places.of(item.where)
    return place == "subject" or (scope == "subject" and place != "header")


def _told(items: Collection[T], say: Callable[[T], str]) -> Reasons:
    """What ``say`` makes of the items, without repetition; of many the first, and how many there are besides."""
    told: dict[str, None] = {}
    for taken, item in enumerate(items):
        if len(told) == MOST_REASONS:
            return (*told, f"and {len(items) - taken} more")
        told[say(item)] = None
    return tuple(told)
