"""What is wrong with a policy that has the right form: contradictions, leftovers, unknown names."""

from __future__ import annotations

import datetime as dt
import difflib
from collections import Counter
from collections.abc import Collection, Iterator

from dlp_gateway.configfile import Location, Problem, Severity, Source
from dlp_gateway.model import Tier, Zone
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.rules import Mode

LONGEST_EXCEPTION = dt.timedelta(days=366)  # longer is not an exception but a rule nobody decided on

Found = tuple[Location, str, Severity]


def lint(policy: Policy, source: Source, today: dt.date, entities: Collection[str] | None = None) -> list[Problem]:
    """Problems of ``policy`` by line; ``entities`` are the names the detectors know (None: not checked)."""
    found = [
        *_partners(policy, today),
        *_exceptions(policy, today),
        *_rules(policy),
        *(_entities(policy, entities) if entities is not None else ()),
    ]
    problems = [source.problem(location, reason, severity) for location, reason, severity in found]
    return sorted(problems, key=lambda problem: problem.line)


def _partners(policy: Policy, today: dt.date) -> Iterator[Found]:
    times = Counter(partner.domain for partner in policy.partners)
    for index, partner in enumerate(policy.partners):
        place: Location = ("partners", index)
        if policy.organisation.owns(partner.domain):
            yield (*place, "domain"), "belongs to the organisation and cannot be a partner", Severity.ERROR
        if times[partner.domain] > 1:
            yield (*place, "domain"), "is listed more than once", Severity.ERROR
        if not partner.valid(today):
            reason = "the agreement has ended: this partner is treated as any outsider"
            yield (*place, "until"), reason, Severity.WARNING
        elif partner.clear is Tier.HIGH_RISK:
            yield (*place, "clear"), "lets high-risk data travel in clear text", Severity.WARNING


def _exceptions(policy: Policy, today: dt.date) -> Iterator[Found]:
    times = Counter(exception.id for exception in policy.exceptions)
    for index, exception in enumerate(policy.exceptions):
        place: Location = ("exceptions", index)
        if times[exception.id] > 1:
            yield (*place, "id"), "is used more than once", Severity.ERROR
        if not exception.valid(today):
            yield (*place, "until"), "the exception has ended: it does nothing, remove it", Severity.WARNING
        elif exception.until - today > LONGEST_EXCEPTION:
            reason = f"ends more than {LONGEST_EXCEPTION.days} days from now; an exception is decided on every year"
            yield (*place, "until"), reason, Severity.ERROR
        if policy.zones.zone_of_domain(exception.sender.rpartition("@")[2], today) is not Zone.INTERNAL:
            yield (*place, "sender"), "is not of the organisation, so it never sends through here", Severity.ERROR


def _rules(policy: Policy) -> Iterator[Found]:
    for name, rule in policy.rules.stopping():
        if rule.mode is not Mode.ENFORCE:
            effect = "does not look at anything" if rule.mode is Mode.OFF else "records but stops nothing"
            yield ("rules", name.value, "mode"), f"is {rule.mode.value}: the rule {effect}", Severity.WARNING
    if policy.rules.high_risk.accepts("office"):
        reason = "Office encryption is accepted for high-risk data, which the policy's clause rules out"
        yield ("rules", "high-risk", "schemes"), reason, Severity.WARNING


def _entities(policy: Policy, entities: Collection[str]) -> Iterator[Found]:
    for index, name in enumerate(policy.rules.subject.not_personal):
        if name not in entities:
            close = difflib.get_close_matches(name, entities, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            yield ("rules", "subject", "not_personal", index), f"no detector knows {name}{hint}", Severity.ERROR
