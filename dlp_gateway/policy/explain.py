"""Decisions in plain words, with the clause and the way out, never with a value.

One wording serves the reply to the mail client, the notice to the sender,
``check --explain`` and the console.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dlp_gateway.model import Action, RuleHit, Verdict, Zone
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.rules import RuleName

LONGEST_REPLY = 400  # characters; RFC 5321 4.5.3.1.5 allows 512 octets with the codes and CRLF


@dataclass(frozen=True, slots=True)
class Wording:
    """What a rule says: the fault in a few words, why it is one, and what to do."""

    fault: str
    meaning: str
    remedy: str

    @property
    def title(self) -> str:
        """The fault as a sentence begins."""
        return self.fault[:1].upper() + self.fault[1:]


_WORDINGS: dict[str, Wording] = {
    RuleName.SUBJECT: Wording(
        "the Subject holds personal information",
        "No personal information may stand in the Subject of an email, whoever receives it.",
        "Write a Subject without names, numbers or facts of a person (a case or ticket number is fine) and send again.",
    ),
    RuleName.EXTERNAL: Wording(
        "personal data beyond contact information would leave in clear text",
        "Email to outsiders may say of people only name, email, telephone, address, job title and place of work.",
        "Take out what goes beyond that, or move it into an encrypted attachment and give the password another way.",
    ),
    RuleName.HIGH_RISK: Wording(
        "high-risk personal data is not protected well enough",
        "Special categories, offences, payment cards and credentials need more than Office encryption to leave.",
        "Use S/MIME, PGP, an AES-encrypted archive with its password sent apart, or an approved secure transfer.",
    ),
    RuleName.ENCRYPTION: Wording(
        "an attachment is not adequately encrypted",
        "Weak encryption, or a password that travels in the same message, protects nothing.",
        "Encrypt with AES (Office 2007 or later, PDF, ZIP AES, 7z) and give the password by telephone or text message.",
    ),
    RuleName.TRANSFER: Wording(
        "personal data would go to a country without safeguards",
        "Recipients in such a country may have contact information only, encrypted or not.",
        "Take the personal data out, or ask the data protection officer for an agreement with safeguards.",
    ),
    RuleName.BULK: Wording(
        "it lists contact details of many people",
        "A list of many people's contact details is no longer simple contact information.",
        "Send it as an adequately encrypted attachment, or only the entries needed; reach many by a mailing list.",
    ),
    RuleName.EXPOSURE: Wording(
        "many outsiders would see each other's addresses",
        "Recipients of different organisations are not shown to each other in large numbers.",
        "Put the recipients into Bcc, or use a mailing list, and send again.",
    ),
    RuleName.UNSCANNABLE: Wording(
        "a part of it could not be read",
        "What cannot be looked into does not leave the organisation.",
        "Send it in a common format, undamaged and without nested archives, or ask for a release.",
    ),
}

ZONES = {
    Zone.INTERNAL: "inside the organisation",
    Zone.PARTNER: "a partner with a written agreement",
    Zone.EXTERNAL: "outside the organisation",
}
OUTCOMES = {
    Action.DELIVER: "delivered",
    Action.HOLD: "held for review",
    Action.REFUSE: "refused",
    Action.RETURN: "returned to the sender",
}


def wording(rule: str) -> Wording:
    """The words for a rule by its name.

    Raises:
        KeyError: no such rule.
    """
    return _WORDINGS[rule]


def enforced_hits(verdicts: Sequence[Verdict]) -> tuple[RuleHit, ...]:
    """One hit for every rule that is enforced against any recipient, in rule order.

    Its reasons are those towards all of them: whoever cures these can send the message again.
    """
    found: dict[str, RuleHit] = {}
    reasons: dict[str, dict[str, None]] = {}
    for verdict in verdicts:
        for hit in verdict.hits:
            if not hit.monitored and hit.excepted_by is None:
                found.setdefault(hit.rule, hit)
                reasons.setdefault(hit.rule, {}).update(dict.fromkeys(hit.reasons))
    return tuple(replace(found[name], reasons=tuple(reasons[name])) for name in RuleName if name in found)


def reply(verdicts: Sequence[Verdict], decision_id: str) -> str:
    """One printable ASCII line for the client whose message is refused: fault, clause, remedy, id.

    Without reply codes; at most ``LONGEST_REPLY`` characters. Where that is too short, faults behind the first are
    counted, and the remedy is still whole.
    """
    hits = enforced_hits(verdicts)
    ending = f" [{_printable(decision_id)[:80]}]"
    if not hits:
        return f"Message refused{ending}"
    ending = f". {wording(hits[0].rule).remedy}{ending}"
    begun = "Not sent: "
    return _printable(begun + _faults(hits, LONGEST_REPLY - len(begun) - len(ending)) + ending)


def _faults(hits: Sequence[RuleHit], room: int) -> str:
    """As many faults, from the first on, as there is room for, and how many there are besides."""
    faults = [f"{wording(hit.rule).fault} (clause {hit.clause}, {hit.rule})" for hit in hits]
    for told in range(len(faults), 1, -1):
        left = len(faults) - told
        text = "; ".join(faults[:told]) + (f"; and {left} more" if left else "")
        if len(text) <= room:
            return text
    return faults[0] + (f"; and {len(faults) - 1} more" if len(faults) > 1 else "")


def paragraphs(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """For a notice to the sender: one paragraph a rule with fault, clause, places and remedy; no addresses."""
    said = []
    for hit in enforced_hits(verdicts):
        words = wording(hit.rule)
        where = f" Found: {', '.join(hit.reasons)}." if hit.reasons else ""
        said.append(f"{words.title} (clause {hit.clause}). {words.meaning}{where} {words.remedy}")
    return tuple(said)


def story(policy: Policy, verdict: Verdict) -> tuple[str, ...]:
    """The verdict for one recipient, line by line, for whoever asks why; without the address."""
    country = policy.country(verdict.recipient.address)
    lines = [f"The recipient is {ZONES[verdict.zone]}{f' (country {country})' if country else ''}."]
    if verdict.zone is Zone.INTERNAL:
        lines.append(f"Inside, anything but the Subject is free (clause {policy.rules.internal.clause}).")
    lines.extend(_told(hit) for hit in verdict.hits)
    if not verdict.hits:
        lines.append("No rule speaks against it.")
    approvals = f", {verdict.approvals} different reviewers have to release it" if verdict.approvals > 1 else ""
    lines.append(f"So it is {OUTCOMES[verdict.action]}{approvals if verdict.action is Action.HOLD else ''}.")
    return tuple(lines)


def _told(hit: RuleHit) -> str:
    because = f": {', '.join(hit.reasons)}" if hit.reasons else ""
    line = f"Rule {hit.rule} (clause {hit.clause}), {wording(hit.rule).fault}{because}."
    if hit.excepted_by is not None:
        return f"{line} Excepted by {hit.excepted_by}."
    if hit.monitored:
        return f"{line} Only monitored; enforced, it would be {OUTCOMES[hit.action]}."
    return line


def _printable(text: str) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in text)
