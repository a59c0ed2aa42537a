"""Whether a new policy lets more through than the running one.

Nothing here weighs one change against another: whatever could let a message
through that is stopped today is named, and needs consent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dlp_gateway.configfile import Location, Problem
from dlp_gateway.model import Action, Address, Grade, Tier
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.exceptions import PolicyException
from dlp_gateway.policy.load import LoadedPolicy
from dlp_gateway.policy.rules import Mode
from dlp_gateway.policy.zones import Partner, parents

_MODES = (Mode.ENFORCE, Mode.MONITOR, Mode.OFF)
_TIERS = (Tier.CONTACT, Tier.PERSONAL, Tier.HIGH_RISK)
_GRADES = (Grade.STRONG, Grade.ADEQUATE)
_UNREAD = ("hold-all", "hold-large", "pass")


@dataclass(frozen=True, slots=True)
class Weakening:
    """One way in which the new policy is weaker; ``location`` is where it stands in the new one."""

    location: Location
    reason: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.location))}: {self.reason}"


def weaker(old: Policy, new: Policy) -> list[Weakening]:
    """Every way in which ``new`` lets more through than ``old``; empty when it is at least as strict."""
    return [
        *_organisation(old, new),
        *_rules(old, new),
        *_thresholds(old, new),
        *_pictures(old, new),
        *_countries(old, new),
        *_partners(old, new),
        *_exceptions(old, new),
    ]


def unapproved(old: Policy, new: Policy) -> list[Weakening]:
    """The weakenings that nobody consented to: all, unless ``new.supersedes`` names ``old``."""
    consent = new.supersedes
    if consent is not None and old.fingerprint.startswith(consent.fingerprint):
        return []
    return weaker(old, new)


def refusals(old: Policy, new: LoadedPolicy) -> list[Problem]:
    """Why ``new`` may not replace the running ``old``, by line, ending with how to consent; empty when it may."""
    found = unapproved(old, new.policy)
    if not found:
        return []
    consent = (
        f"weaker than the running policy; to consent, add supersedes: {{fingerprint: {old.fingerprint[:12]}, "
        "approved_by: ..., reason: ...}"
    )
    named = [new.source.problem(one.location, f"weaker than the running policy: {one.reason}") for one in found]
    return [*sorted(named, key=lambda problem: problem.line), Problem(new.source.file, 0, consent)]


def _organisation(old: Policy, new: Policy) -> Iterator[Weakening]:
    for index, domain in enumerate(new.organisation.domains):
        if not old.organisation.owns(domain):
            yield Weakening(("organisation", "domains", index), f"{domain} becomes internal")


def _rules(old: Policy, new: Policy) -> Iterator[Weakening]:
    for (name, before), (_, after) in zip(old.rules.stopping(), new.rules.stopping(), strict=True):
        if _MODES.index(after.mode) > _MODES.index(before.mode):
            yield Weakening(("rules", name.value, "mode"), f"{after.mode.value} instead of {before.mode.value}")
        if before.mode is Mode.ENFORCE and before.action is not Action.HOLD and after.action is Action.HOLD:
            # What is refused or returned leaves by nobody's hand; what is held, a reviewer can release.
            reason = f"hold instead of {before.action.value}, so a reviewer can let it go"
            yield Weakening(("rules", name.value, "action"), reason)
        if after.approvals < before.approvals:
            reason = f"{after.approvals} instead of {before.approvals} have to approve a release"
            yield Weakening(("rules", name.value, "approvals"), reason)


def _thresholds(old: Policy, new: Policy) -> Iterator[Weakening]:
    for rule, key, before, after in (
        ("bulk", "people", old.rules.bulk.people, new.rules.bulk.people),
        ("exposure", "recipients", old.rules.exposure.recipients, new.rules.exposure.recipients),
        ("exposure", "domains", old.rules.exposure.domains, new.rules.exposure.domains),
    ):
        if after > before:
            yield Weakening(("rules", rule, key), f"{after} instead of {before}")
    before_grade, after_grade = old.rules.encryption.at_least, new.rules.encryption.at_least
    if _GRADES.index(after_grade) > _GRADES.index(before_grade):
        reason = f"{after_grade.value} instead of {before_grade.value} encryption is enough"
        yield Weakening(("rules", "encryption", "at_least"), reason)
    for index, entity in enumerate(new.rules.subject.not_personal):
        if entity not in old.rules.subject.not_personal:
            yield Weakening(("rules", "subject", "not_personal", index), f"{entity} may stand in a Subject")
    for index, scheme in enumerate(new.rules.high_risk.schemes):
        if not old.rules.high_risk.accepts(scheme):
            yield Weakening(("rules", "high-risk", "schemes", index), f"{scheme} becomes enough for high-risk data")


def _pictures(old: Policy, new: Policy) -> Iterator[Weakening]:
    before, after = old.pictures, new.pictures
    if before.read and not after.read:
        yield Weakening(("pictures", "read"), "text in pictures is no longer read")
    if _UNREAD.index(after.unread) > _UNREAD.index(before.unread):
        yield Weakening(("pictures", "unread"), f"{after.unread} instead of {before.unread}")
    elif after.unread == "hold-large" == before.unread:
        for key, then, now in (
            ("small_side", before.small_side, after.small_side),
            ("small_area", before.small_area, after.small_area),
        ):
            if now > then:
                yield Weakening(("pictures", key), f"pictures count as small up to {now} instead of {then}")


def _countries(old: Policy, new: Policy) -> Iterator[Weakening]:
    def becomes_safe(country: str) -> bool:
        return not old.countries.safe(country, old.organisation.country)

    if becomes_safe(new.organisation.country):
        yield Weakening(("organisation", "country"), f"{new.organisation.country} becomes the home country")
    for index, country in enumerate(new.countries.safeguards):
        if becomes_safe(country):
            yield Weakening(("countries", "safeguards", index), f"{country} counts as a country with safeguards")
    if old.countries.unknown == "unsafe" and new.countries.unknown == "safe":
        yield Weakening(("countries", "unknown"), "an unknown country counts as safe")
    for label in sorted({*old.countries.generic_domains, *new.countries.generic_domains}):
        if _moves_to_safety(old, new, label):
            yield Weakening(("countries", "generic_domains"), f"recipients under .{label} count as safe")


def _moves_to_safety(old: Policy, new: Policy, domain: str) -> bool:
    """Whether ``domain`` counts as being in another country, and personal data may go there for the first time."""
    recipient = Address(local="", domain=domain, literal="")
    before, after = old.country(recipient), new.country(recipient)
    return (
        before != after
        and not old.countries.safe(before, old.organisation.country)
        and new.countries.safe(after, new.organisation.country)
    )


def _partners(old: Policy, new: Policy) -> Iterator[Weakening]:
    listed = {partner.domain: index for index, partner in enumerate(new.partners)}
    for domain in sorted({*listed, *(partner.domain for partner in old.partners)}):
        # A domain whose own entry is gone falls under the entry above it, or becomes an outsider like any other.
        before, after = old.zones.partner_entry(domain), new.zones.partner_entry(domain)
        reasons = []
        if after is not None:
            reasons = ["is a new partner"] if before is None else list(_wider(before, after))
        if _moves_to_safety(old, new, domain):
            reasons.append("counts as being in a country with safeguards")
        if reasons:
            location = ("partners", listed[domain]) if domain in listed else ("partners",)
            yield Weakening(location, f"{domain} {', '.join(reasons)}")


def _wider(before: Partner, after: Partner) -> Iterator[str]:
    if after.until > before.until:
        yield f"has its agreement until {after.until} instead of {before.until}"
    if _TIERS.index(after.clear) > _TIERS.index(before.clear):
        yield f"may have {after.clear.value} instead of {before.clear.value} data in clear text"
    if after.bulk and not before.bulk:
        yield "may have lists of people"
    if after.safeguards is not None and before.safeguards is None:
        yield "has safeguards for transfers"


def _exceptions(old: Policy, new: Policy) -> Iterator[Weakening]:
    for index, exception in enumerate(new.exceptions):
        if not any(_contains(before, exception) for before in old.exceptions):
            yield Weakening(("exceptions", index), f"{exception.id} is a new or wider exception")


def _contains(before: PolicyException, after: PolicyException) -> bool:
    return (
        set(after.rules) <= set(before.rules)
        and after.until <= before.until
        and _pattern_within(after.sender, before.sender)
        and _pattern_within(after.recipient, before.recipient)
    )


def _pattern_within(inner: str, outer: str) -> bool:
    if "@" in outer:
        return inner.lower() == outer.lower()
    return outer in parents(inner.rpartition("@")[2])
