"""What is kept of an inspection, in two versions: in the clear without names, and in full for the reviewers.

In the clear, a place is the role of its text and a number ("document 2"),
because the exact place may be a file name, and file names say who and what.
That is enough to explain a verdict and to judge it again under other rules. The
full version is sealed together with the content it speaks of.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlp_gateway.model import (
    Action,
    Attachment,
    Finding,
    Grade,
    Inspection,
    Protection,
    Role,
    RuleHit,
    Tier,
    Unscanned,
    Verdict,
    Zone,
)

# A spreadsheet of a staff has more findings than anyone reads: the rest is counted.
KEPT = 1000
_LISTS = ("findings", "attachments", "unscanned", "risk", "visible")


def _fields(value: Any) -> dict[str, Any]:
    """A dataclass as JSON has it; an eighth of the time ``asdict`` takes for tens of thousands of findings."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, default=_fields).encode


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings of each entity there are."""
    return dict(Counter(finding.entity for finding in findings))


def encode(inspection: Inspection) -> str:
    """The version in the clear: JSON without places' names, attachments' names or local parts of addresses."""
    numbers: dict[str, int] = {}

    def place(where: str) -> int:
        return numbers.setdefault(where, len(numbers) + 1)

    facts: dict[str, Any] = {
        "scope": inspection.scope,
        "ms": round(inspection.milliseconds, 2),
        "people": inspection.people,
        "received": inspection.received,
        "findings": [_kept(finding, place(finding.where)) for finding in inspection.findings[:KEPT]],
        "attachments": [[place(a.where), a.type, a.size, a.protection] for a in inspection.attachments[:KEPT]],
        "unscanned": [[place(u.where), u.why] for u in inspection.unscanned[:KEPT]],
        "risk": [[place(u.where), u.why] for u in inspection.risk[:KEPT]],
        "visible": [address.rpartition("@")[2] for address in inspection.visible[:KEPT]],
    }
    omitted = {name: len(getattr(inspection, name)) - KEPT for name in _LISTS if len(getattr(inspection, name)) > KEPT}
    if omitted:
        facts["omitted"] = {**omitted, "entities": counts(inspection.findings[KEPT:])}
    return _encode(facts)


def decode(text: str) -> Inspection:
    """The inspection as far as it is kept in the clear; what was omitted is missing, local parts are numbers."""
    facts = json.loads(text)
    findings = tuple(_found(*finding) for finding in facts["findings"])
    attachments = tuple(
        Attachment("", _place("attachment", number), kind, size, _protected(protection))
        for number, kind, size, protection in facts["attachments"]
    )
    return Inspection(
        findings=findings,
        attachments=attachments,
        unscanned=tuple(Unscanned(_place("place", number), why) for number, why in facts["unscanned"]),
        risk=tuple(Unscanned(_place("place", number), why) for number, why in facts["risk"]),
        people=facts["people"],
        visible=tuple(f"{number}@{domain}" for number, domain in enumerate(facts["visible"])),
        received=facts["received"],
        scope=facts["scope"],
        milliseconds=facts["ms"],
    )


def encode_sealed(inspection: Inspection, verdicts: Sequence[Verdict]) -> bytes:
    """The full version, with every name, for sealing."""
    details = _fields(inspection)
    details["reasons"] = [[hit.rule, list(hit.reasons)] for verdict in verdicts for hit in verdict.hits]
    return _encode(details).encode("ascii")


def decode_sealed(data: bytes) -> tuple[Inspection, list[tuple[str, tuple[str, ...]]]]:
    """The full inspection, and the reasons of each rule that spoke."""
    details = json.loads(data)
    reasons = [(rule, tuple(texts)) for rule, texts in details.pop("reasons")]
    build: Mapping[str, Callable[[Any], Any]] = {
        "findings": _finding,
        "attachments": lambda d: Attachment(**{**d, "protection": _protected(d["protection"])}),
        "unscanned": lambda d: Unscanned(**d),
        "risk": lambda d: Unscanned(**d),
        "visible": str,
    }
    for name, make in build.items():
        details[name] = tuple(make(item) for item in details[name])
    return Inspection(**details), reasons


def encode_hits(hits: Sequence[RuleHit]) -> str:
    """The rules that spoke for one recipient; their reasons name places in the policy's words, never in a file's."""
    if not hits:
        return "[]"
    return _encode([[h.rule, h.clause, h.action, h.monitored, h.excepted_by, list(h.reasons)] for h in hits])


def decode_hits(text: str) -> tuple[RuleHit, ...]:
    """What ``encode_hits`` kept."""
    return tuple(
        RuleHit(rule, clause, Action(action), tuple(reasons), monitored, excepted_by)
        for rule, clause, action, monitored, excepted_by, reasons in json.loads(text)
    )


def _kept(finding: Finding, place: int) -> list[Any]:
    score = round(finding.score, 4)
    text = [finding.entity, finding.tier, finding.role, place, finding.start, finding.end, score, finding.detector]
    return [*text, finding.evidence, finding.allowed]


def _found(  # the fields of a finding, in the order in which they are kept
    entity: str,
    tier: str,
    role: str,
    place: int,
    start: int,
    end: int,
    score: float,
    detector: str,
    evidence: Sequence[str],
    allowed: Sequence[str] = (),
) -> Finding:
    where, zones = _place(role, place), tuple(Zone(zone) for zone in allowed)
    return Finding(entity, Tier(tier), where, start, end, score, Role(role), detector, tuple(evidence), zones)


def _finding(details: Mapping[str, Any]) -> Finding:
    exact = {
        "tier": Tier(details["tier"]),
        "role": Role(details["role"]),
        "evidence": tuple(details["evidence"]),
        "allowed": tuple(Zone(zone) for zone in details.get("allowed", ())),
    }
    return Finding(**{**details, **exact})


def _place(role: str, number: int) -> str:
    return role if role == Role.SUBJECT else f"{role} {number}"


def _protected(details: Mapping[str, Any]) -> Protection:
    return Protection(**{**details, "state": Grade(details["state"]), "readable": tuple(details["readable"])})
