"""A policy as a text that people read: what each rule asks for, in sentences with their clauses."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from dlp_gateway.console.allowlist import standing
from dlp_gateway.model import Action, Tier
from dlp_gateway.policy.countries import Countries
from dlp_gateway.policy.definition import Pictures, Policy
from dlp_gateway.policy.exceptions import PolicyException
from dlp_gateway.policy.explain import wording
from dlp_gateway.policy.rules import Mode, Rule, RuleName, Rules
from dlp_gateway.policy.zones import Partner

_DOES = {
    Action.REFUSE: "Such a message is refused at once; the sender's program says so.",
    Action.HOLD: "Such a message is held for review.",
    Action.RETURN: "Such a message is returned to the sender.",
}
_WOULD = {
    Action.REFUSE: "Such a message is delivered all the same; enforced, it would be refused. It is on record.",
    Action.HOLD: "Such a message is delivered all the same; enforced, it would be held. It is on record.",
    Action.RETURN: "Such a message is delivered all the same; enforced, it would be returned. It is on record.",
}
_CLEAR = {
    Tier.CONTACT: "contact information only",
    Tier.PERSONAL: "personal data, not high-risk",
    Tier.HIGH_RISK: "all personal data",
}
_UNREAD = {
    "hold-all": "An unread picture to an outsider holds the message.",
    "hold-large": "A large unread picture to an outsider holds the message; logos and signatures pass: a shorter side "
    "below {side} pixels, or an area below {area:,} pixels.",
    "pass": "An unread picture does not stop a message.",
}


@dataclass(frozen=True, slots=True)
class ReadableRule:
    """A rule in words; ``sentences`` end with what happens to a message it speaks against."""

    name: str
    clause: str
    mode: Mode
    action: Action
    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """A partner or an exception, what it allows, and how many days are left of it."""

    name: str
    about: str
    allows: str
    owner: str
    reason: str
    until: dt.date
    left: int

    @property
    def standing(self) -> str:
        """``ended``, ``soon`` or ``holds``."""
        return standing(self.left)


@dataclass(frozen=True, slots=True)
class Readable:
    """A whole policy in words."""

    rules: tuple[ReadableRule, ...]
    inside: str
    accountability: str
    partners: tuple[Ending, ...]
    exceptions: tuple[Ending, ...]
    countries: tuple[str, ...]
    pictures: tuple[str, ...]

    @property
    def ending(self) -> list[Ending]:
        """What has ended or ends soon, first what ends first."""
        found = [one for one in (*self.exceptions, *self.partners) if one.standing != "holds"]
        return sorted(found, key=lambda one: one.until)


def readable(policy: Policy, today: dt.date) -> Readable:
    """Put a policy into words, as it stands on a day."""
    rules = policy.rules
    return Readable(
        rules=tuple(_rule(name, rule, rules) for name, rule in rules.stopping()),
        inside=rules.internal.clause,
        accountability=rules.accountability.clause,
        partners=tuple(_partner(one, today) for one in sorted(policy.partners, key=lambda one: one.domain)),
        exceptions=tuple(_exception(one, today) for one in sorted(policy.exceptions, key=lambda one: one.until)),
        countries=_countries(policy.countries, policy.organisation.country),
        pictures=_pictures(policy.pictures),
    )


def _rule(name: RuleName, rule: Rule, rules: Rules) -> ReadableRule:
    words = wording(name)
    if rule.mode is Mode.OFF:
        does = "The rule is off: nothing is looked at and nothing is recorded."
    else:
        does = (_DOES if rule.mode is Mode.ENFORCE else _WOULD)[rule.action]
    sentences = [words.meaning, *_limits(name, rules), does]
    if rule.approvals > 1:
        sentences.append(f"{rule.approvals} different reviewers have to agree to a release.")
    return ReadableRule(name.value, rule.clause, rule.mode, rule.action, words.title, tuple(sentences))


def _limits(name: RuleName, rules: Rules) -> list[str]:
    """What numbers and lists of a rule say."""
    match name:
        case RuleName.SUBJECT if rules.subject.not_personal:
            return [f"These may stand in a Subject: {', '.join(rules.subject.not_personal)}."]
        case RuleName.HIGH_RISK:
            schemes = ", ".join(rules.high_risk.schemes) or "none"
            return [f"Encryption that is good enough for it, by how its name begins: {schemes}."]
        case RuleName.ENCRYPTION:
            return [f"At least {rules.encryption.at_least.value} encryption is asked for."]
        case RuleName.BULK:
            return [f"The limit is {rules.bulk.people} people."]
        case RuleName.EXPOSURE:
            limits = rules.exposure
            return [f"The limit is {limits.recipients} outsiders of {limits.domains} domains in To, Cc or Bcc."]
        case _:
            return []


def _partner(partner: Partner, today: dt.date) -> Ending:
    allows = [f"{_CLEAR[partner.clear]} in clear text"]
    if partner.bulk:
        allows.append("lists of people")
    if partner.safeguards is not None:
        allows.append(f"transfers, by {partner.safeguards}")
    about = f"in {partner.country}" if partner.country else ""
    left = (partner.until - today).days
    return Ending(partner.domain, about, ", ".join(allows), partner.owner, partner.agreement, partner.until, left)


def _exception(exception: PolicyException, today: dt.date) -> Ending:
    return Ending(
        exception.id,
        f"from {exception.sender} to {exception.recipient}",
        ", ".join(exception.rules),
        exception.owner,
        exception.reason,
        exception.until,
        (exception.until - today).days,
    )


def _countries(countries: Countries, home: str) -> tuple[str, ...]:
    safe = ", ".join(sorted(countries.safeguards)) or "none"
    lines = [f"The home country is {home}.", f"Countries with safeguards for personal data: {safe}."]
    if countries.generic_domains:
        lines.append(
            "Names directly under these country-code domains say nothing about the country: "
            f"{', '.join(sorted(countries.generic_domains))}."
        )
    return (*lines, f"A country that is not known counts as {countries.unknown}.")


def _pictures(pictures: Pictures) -> tuple[str, ...]:
    reading = (
        "Text in pictures is read, where character recognition is installed and a verdict can change."
        if pictures.read
        else "Text in pictures is not read."
    )
    return reading, _UNREAD[pictures.unread].format(side=pictures.small_side, area=pictures.small_area)
