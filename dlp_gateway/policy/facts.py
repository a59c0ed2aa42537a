"""What an inspection says, sorted by the questions the rules ask.

Worked out once a message and shared by all its recipients.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dlp_gateway.model import Attachment, Finding, Grade, Inspection, Role, Tier, Unscanned, Zone
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.places import Places

MOST_REASONS = 12  # distinct reasons a rule names on record; a list of 5,000 people needs no 5,000 lines

_GRADES = (Grade.NONE, Grade.WEAK, Grade.ADEQUATE, Grade.STRONG)

Reasons = tuple[str, ...]


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
    places = Places(inspection.attachments)
    rules = policy.rules

    def named(findings: Iterable[Finding]) -> Reasons:
        return _distinct(f"{finding.entity} in {places.of_finding(finding)}" for finding in findings)

    def of_tier(tier: Tier) -> Reasons:
        return named(finding for finding in inspection.findings if finding.tier is tier)

    def attachments(reason: Callable[[Attachment], str | None]) -> Reasons:
        said = ((places.of(attachment.where), reason(attachment)) for attachment in inspection.attachments)
        return _distinct(f"{place} {what}" for place, what in said if what)

    def risky(attachment: Attachment) -> str | None:
        if not _sealed(attachment) or rules.high_risk.accepts(attachment.protection.scheme):
            return None
        return f"has {attachment.protection.scheme} only, which is not enough for it"

    signs = _distinct(f"sign of high-risk content in {places.of(sign.where)}" for sign in inspection.risk)
    risky_schemes = attachments(risky) if signs else ()
    return Facts(
        subject=named(
            finding
            for finding in inspection.findings
            if finding.role is Role.SUBJECT and finding.entity not in rules.subject.not_personal
        ),
        personal=of_tier(Tier.PERSONAL),
        high_risk=of_tier(Tier.HIGH_RISK),
        risky_schemes=signs + risky_schemes if risky_schemes else (),
        weak=attachments(lambda attachment: _weakness(attachment, rules.encryption.at_least)),
        sealed=attachments(
            lambda attachment: "is encrypted, so what it holds is unknown" if _sealed(attachment) else None
        ),
        people=inspection.people,
        exposed=_exposed(policy, inspection, today),
        unread=_distinct(f"{places.of(item.where)}: {item.why}" for item in inspection.unscanned),
        subject_unread=_distinct(
            f"{places.of(item.where)}: {item.why}"
            for item in inspection.unscanned
            if _leaves_subject_unknown(item, places, inspection.scope)
        ),
    )


def _sealed(attachment: Attachment) -> bool:
    return attachment.protection.state is not Grade.NONE and not attachment.protection.password_inside


def _weakness(attachment: Attachment, at_least: Grade) -> str | None:
    protection = attachment.protection
    if protection.password_inside:
        return "comes with its password in the same message"
    if protection.state is not Grade.NONE and _GRADES.index(protection.state) < _GRADES.index(at_least):
        return f"is encrypted with {protection.scheme}, which is {protection.state}"
    return None


def _exposed(policy: Policy, inspection: Inspection, today: dt.date) -> tuple[int, int]:
    """Outsiders in To and Cc, and their domains."""
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


def _distinct(reasons: Iterable[str]) -> Reasons:
    unique = tuple(dict.fromkeys(reasons))
    if len(unique) <= MOST_REASONS:
        return unique
    return (*unique[:MOST_REASONS], f"and {len(unique) - MOST_REASONS} more")
