"""What is kept of an inspection, in two versions: in the clear without names, and in full for the reviewers.

In the clear, a place is the role of its text and a number ("document 2"),
because the exact place may be a file name, and file names say who and what.
That is enough to explain a verdict and to judge it again under other rules. The
full version is sealed together with the content it speaks of.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dlp_gateway.inspection.encoding import from_plain
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
from dlp_gateway.policy.places import Places
from dlp_gateway.policy.zones import carries_route

# A spreadsheet of a staff has more findings than anyone reads: the rest is counted.
KEPT = 1000
_NAMED = ("subject", "header")
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

    findings, rest = _worth_keeping(inspection.findings)
    visible = tuple(dict.fromkeys(address.lower() for address in inspection.visible))
    facts: dict[str, Any] = {
        "scope": inspection.scope,
        "ms": round(inspection.milliseconds, 2),
        "people": inspection.people,
        "received": inspection.received,
        "findings": [_kept(finding, place(finding.where)) for finding in findings],
        "attachments": [[place(a.where), a.type, a.size, a.protection] for a in inspection.attachments[:KEPT]],
        "unscanned": _unscanned(inspection, place),
        "risk": [[place(u.where), u.why] for u in inspection.risk[:KEPT]],
        "visible": [_nameless(address) for address in visible[:KEPT]],
    }
    lengths = {name: len(getattr(inspection, name)) for name in _LISTS} | {"visible": len(visible)}
    omitted = {name: length - KEPT for name, length in lengths.items() if length > KEPT}
    if omitted:
        facts["omitted"] = {**omitted, "entities": counts(rest)}
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
        unscanned=tuple(
            Unscanned(next(iter(known), _place("place", number)), why) for number, why, *known in facts["unscanned"]
        ),
        risk=tuple(Unscanned(_place("place", number), why) for number, why in facts["risk"]),
        people=facts["people"],
        visible=tuple(f"{number}{'' if '@' in kept else '@'}{kept}" for number, kept in enumerate(facts["visible"])),
        received=facts["received"],
        scope=facts["scope"],
        milliseconds=facts["ms"],
    )


def complete(text: str) -> bool:
    """Whether all facts are kept one by one; what is omitted beyond ``KEPT`` is counted only."""
    return '"omitted":{' not in text


def encode_sealed(inspection: Inspection, verdicts: Sequence[Verdict]) -> bytes:
    """The full version, with every name, for sealing."""
    details = _fields(inspection)
    details["reasons"] = [[hit.rule, list(hit.reasons)] for verdict in verdicts for hit in verdict.hits]
    return _encode(details).encode("ascii")


def decode_sealed(data: bytes) -> tuple[Inspection, list[tuple[str, tuple[str, ...]]]]:
    """The full inspection, and the reasons of each rule that spoke."""
    details = json.loads(data)
    reasons = [(rule, tuple(texts)) for rule, texts in details.pop("reasons")]
    return from_plain(details), reasons


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


def _worth_keeping(findings: Sequence[Finding]) -> tuple[Sequence[Finding], Sequence[Finding]]:
    """The findings that are kept, and the rest: of each kind the surest, because rules ask whether there is one."""
    if len(findings) <= KEPT:
        return findings, ()
    surest: dict[Any, int] = {}
    for number, finding in enumerate(findings):
        kind = (finding.entity, finding.detector, finding.tier, finding.role, finding.allowed)
        if kind not in surest or finding.score > findings[surest[kind]].score:
            surest[kind] = number
    chosen = set(itertools.islice(itertools.chain(surest.values(), _others(len(findings), surest.values())), KEPT))
    kept = [finding for number, finding in enumerate(findings) if number in chosen]
    return kept, [finding for number, finding in enumerate(findings) if number not in chosen]


def _others(count: int, chosen: Iterable[int]) -> Iterator[int]:
    taken = set(chosen)
    return (number for number in range(count) if number not in taken)


def _unscanned(inspection: Inspection, number: Callable[[str], int]) -> list[list[Any]]:
    """Place and reason; the Subject and the header are named, because what is not read there weighs differently."""
    if not inspection.unscanned:
        return []
    places = Places(inspection.attachments)
    kept: list[list[Any]] = []
    for item in inspection.unscanned[:KEPT]:
        place = places.of(item.where)
        kept.append([number(item.where), item.why, *([place] if place in _NAMED else [])])
    return kept


def _nameless(address: str) -> str:
    """The domain, and before it a sign in place of a local part that may lead elsewhere (``other%example@``)."""
    local, _, domain = address.rpartition("@")
    return f"%@{domain}" if carries_route(local) else domain


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


def _place(role: str, number: int) -> str:
    return role if role == Role.SUBJECT else f"{role} {number}"


def _protected(details: Mapping[str, Any]) -> Protection:
    return Protection(**{**details, "state": Grade(details["state"]), "readable": tuple(details["readable"])})
