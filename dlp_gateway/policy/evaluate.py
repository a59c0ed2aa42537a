"""The decision: facts about a message and one recipient go in, a verdict comes out.

Pure functions. Each recipient is judged alone; only the reply to the client is
common to all, so a message that is refused for some and not for others is held
for those (a 550 would refuse it for everybody).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dlp_gateway.model import (
    Action,
    Address,
    Envelope,
    Inspection,
    Recipient,
    RuleHit,
    Tier,
    Verdict,
    Zone,
)
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.facts import Facts, Reasons, facts_of
from dlp_gateway.policy.rules import Mode, Rule, RuleName
from dlp_gateway.policy.zones import Partner

# When several rules stop a message for one recipient, the first of these that any of them asks for is done.
PRIORITY = (Action.REFUSE, Action.RETURN, Action.HOLD)


@dataclass(frozen=True, slots=True)
class Needs:
    """How much of a message has to be inspected before it can be decided."""

    scope: Literal["subject", "all"]
    pictures: bool


def demand(policy: Policy, recipients: Sequence[Recipient], today: dt.date) -> Needs:
    """The least inspection that can decide for all ``recipients``: the Subject alone when all are internal."""
    inside = all(policy.zones.zone(recipient.address, today) is Zone.INTERNAL for recipient in recipients)
    return Needs("subject", pictures=False) if inside else Needs("all", pictures=policy.pictures.read)


def decide_all(policy: Policy, inspection: Inspection, envelope: Envelope, today: dt.date) -> tuple[Verdict, ...]:
    """Verdicts for all recipients of ``envelope``, in its order.

    Either every verdict is ``refuse`` or none is: in a mixed envelope a
    ``refuse`` becomes ``hold``. So does ``return`` where there is nobody
    inside to return to: a program's report without a sender, or an outsider.
    """
    recipients = [(recipient, policy.zones.zone(recipient.address, today)) for recipient in envelope.recipients]
    facts = _facts_by_zone(policy, inspection, {zone for _, zone in recipients}, today)
    verdicts = tuple(
        _verdict(policy, facts[zone], inspection.scope, envelope.sender, recipient, today)
        for recipient, zone in recipients
    )
    if all(verdict.action is Action.REFUSE for verdict in verdicts):
        return verdicts
    return tuple(
        replace(verdict, action=Action.HOLD) if verdict.action is Action.REFUSE else verdict for verdict in verdicts
    )


def _facts_by_zone(
    policy: Policy, inspection: Inspection, zones: Collection[Zone], today: dt.date
) -> Mapping[Zone, Facts]:
    """The facts as they hold towards each zone: a value that is allowed there is no finding."""
    if not any(finding.allowed for finding in inspection.findings):
        return dict.fromkeys(zones, facts_of(policy, inspection, today))
    return {
        zone: facts_of(
            policy,
            replace(inspection, findings=tuple(f for f in inspection.findings if zone not in f.allowed)),
            today,
        )
        for zone in zones
    }


def _verdict(
    policy: Policy, facts: Facts, scope: str, sender: Address | None, recipient: Recipient, today: dt.date
) -> Verdict:
    zone = policy.zones.zone(recipient.address, today)
    partner = policy.zones.partner(recipient.address.domain, today) if zone is Zone.PARTNER else None
    reasons = dict(_subject(facts, zone))
    if zone is not Zone.INTERNAL:
        safe = policy.may_have_personal_data(recipient.address, today)
        reasons.update(_outsider(policy, facts, partner, scope, safe=safe))
    hits = tuple(
        _hit(policy, name, rule, reasons[name], sender, recipient.address, today)
        for name, rule in policy.rules.stopping()
        if rule.mode is not Mode.OFF and reasons.get(name)
    )
    stopping = [hit for hit in hits if not hit.monitored and hit.excepted_by is None]
    action = next((action for action in PRIORITY if any(hit.action is action for hit in stopping)), Action.DELIVER)
    if action is Action.RETURN and (sender is None or policy.zones.zone(sender, today) is not Zone.INTERNAL):
        # It goes back by the secure route or not at all: it was just judged unfit to leave.
        action = Action.HOLD
    enforced = {hit.rule for hit in stopping}
    approvals = max((rule.approvals for name, rule in policy.rules.stopping() if name in enforced), default=1)
    return Verdict(recipient, zone, action, hits, approvals)


def _hit(
    policy: Policy,
    name: RuleName,
    rule: Rule,
    reasons: Reasons,
    sender: Address | None,
    recipient: Address,
    today: dt.date,
) -> RuleHit:
    exception = next((e.id for e in policy.exceptions if e.covers(name, sender, recipient, today)), None)
    return RuleHit(
        rule=name.value,
        clause=rule.clause,
        action=rule.action,
        reasons=reasons,
        monitored=rule.mode is Mode.MONITOR,
        excepted_by=exception,
    )


def _subject(facts: Facts, zone: Zone) -> Iterator[tuple[RuleName, Reasons]]:
    """What holds for everybody, insiders included."""
    yield RuleName.SUBJECT, facts.subject
    if zone is Zone.INTERNAL:
        yield RuleName.UNSCANNABLE, facts.subject_unread


def _outsider(
    policy: Policy, facts: Facts, partner: Partner | None, scope: str, *, safe: bool
) -> Iterator[tuple[RuleName, Reasons]]:
    """What holds for recipients outside, as far as a partner's agreement does not allow it."""
    clear = partner.clear if partner is not None else Tier.CONTACT
    personal = facts.personal if clear is Tier.CONTACT else ()
    high_risk = facts.high_risk if clear is not Tier.HIGH_RISK else ()
    yield RuleName.EXTERNAL, personal + high_risk
    yield RuleName.HIGH_RISK, high_risk + (facts.risky_schemes if clear is not Tier.HIGH_RISK else ())
    yield RuleName.ENCRYPTION, facts.weak
    if not safe:
        yield RuleName.TRANSFER, facts.personal + facts.high_risk + facts.sealed
    recipients, domains = facts.exposed
    if not (partner is not None and partner.bulk):
        yield RuleName.BULK, tuple(_bulk(facts.people, recipients, policy.rules.bulk.people))
    if recipients >= policy.rules.exposure.recipients and domains >= policy.rules.exposure.domains:
        yield RuleName.EXPOSURE, (f"{recipients} outsiders of {domains} domains see each other in To, Cc or Bcc",)
    unread = facts.unread
    if scope != "all":
        unread = (*unread, "body and attachments were not inspected")
    yield RuleName.UNSCANNABLE, unread


def _bulk(people: int, shown: int, limit: int) -> Iterator[str]:
    """The same list is one in the text and in the fields that show recipients; a reply quotes the latter, so no sum."""
    if people >= limit:
        yield f"contact details of {people} people, the limit is {limit}"
    if shown >= limit:
        yield f"{shown} outsiders in To, Cc or Bcc, the limit is {limit}"
