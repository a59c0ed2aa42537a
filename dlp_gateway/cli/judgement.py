"""One message judged offline, as data and in words. Nothing here is stored or sent."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any, Protocol

from dlp_gateway.cli.context import plain
from dlp_gateway.detection.values import Candidate
from dlp_gateway.inspection.inspector import Examination, Scope
from dlp_gateway.model import Action, Envelope, Finding, Inspection, Role, Verdict, unread
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.evaluate import decide_all, demand
from dlp_gateway.policy.explain import story
from dlp_gateway.policy.places import Places


class Examiner(Protocol):
    """Looks at messages; ``inspection.inspector.Inspector``."""

    def examine(
        self, raw: bytes, *, scope: Scope = "all", pictures: bool = False, explain: bool = False
    ) -> Examination:
        """Return the facts about ``raw`` and, with ``explain``, all candidates."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """What would be decided, and by what; ``milliseconds`` are for reading, finding and deciding."""

    id: str
    verdicts: tuple[Verdict, ...]
    inspection: Inspection
    candidates: tuple[Candidate, ...]
    milliseconds: float

    @property
    def stopped(self) -> bool:
        """Whether any recipient would not get the message."""
        return any(verdict.action is not Action.DELIVER for verdict in self.verdicts)


def judge(
    identifier: str,
    raw: bytes,
    envelope: Envelope,
    policy: Policy,
    examiner: Examiner,
    today: dt.date,
    *,
    explain: bool = False,
) -> Judgement:
    """Inspect and decide as the gateway would.

    A reader that fails leaves the message unread; the gateway would try the Subject once more.
    """
    started = time.perf_counter()
    needs = demand(policy, envelope.recipients, today)
    try:
        examination = examiner.examine(raw, scope=needs.scope, pictures=needs.pictures, explain=explain)
    except Exception as error:  # noqa: BLE001 - whatever fails while reading must stop the message, not the run
        why = f"could not be inspected ({type(error).__name__})"
        examination = Examination(unread(why, needs.scope))
    verdicts = decide_all(policy, examination.inspection, envelope, today)
    milliseconds = (time.perf_counter() - started) * 1000
    return Judgement(identifier, verdicts, examination.inspection, examination.candidates, milliseconds)


def as_data(judged: Judgement) -> dict[str, Any]:
    """The judgement in the form of the command line's contract; no finding repeats its value."""
    inspection = judged.inspection
    places = Places(inspection.attachments)
    return {
        "id": judged.id,
        "recipients": [
            {
                "address": verdict.recipient.address.literal,
                "zone": verdict.zone.value,
                "action": verdict.action.value,
                "rules": list(verdict.rules),
                "clauses": list(verdict.clauses),
            }
            for verdict in judged.verdicts
        ],
        "findings": [
            {
                "entity": finding.entity,
                "tier": finding.tier.value,
                "where": _where(finding, places),
                "start": finding.start,
                "end": finding.end,
                "score": round(finding.score, 3),
            }
            for finding in inspection.findings
        ],
        "attachments": [
            {
                "name": attachment.name,
                "type": attachment.type,
                "protection": {"state": attachment.protection.state.value, "scheme": attachment.protection.scheme},
            }
            for attachment in inspection.attachments
        ],
        "unscanned": [{"where": item.where, "why": item.why} for item in inspection.unscanned],
        "ms": round(judged.milliseconds, 1),
    }


def explanation(judged: Judgement, policy: Policy) -> dict[str, Any]:
    """Why, for ``as_data``: the story of each verdict, and what raised and sank each candidate."""
    return {
        "explanation": {verdict.recipient.address.literal: list(story(policy, verdict)) for verdict in judged.verdicts},
        "candidates": [
            {
                "entity": candidate.entity,
                "where": candidate.where,
                "score": round(candidate.score, 3),
                "detector": candidate.detector,
                "raised": list(candidate.raised),
                "sank": list(candidate.sank),
                "kept": candidate.kept,
            }
            for candidate in judged.candidates
        ],
    }


def in_words(judged: Judgement, policy: Policy, *, explain: bool) -> str:
    """The judgement for people: a line for each recipient, and with ``explain`` the story below it."""
    lines = [judged.id]
    for verdict in judged.verdicts:
        rules = f"  ({', '.join(verdict.rules)}: clause {', '.join(verdict.clauses)})" if verdict.rules else ""
        lines.append(f"  {verdict.action.value:<8} {verdict.recipient.address.literal}  {verdict.zone.value}{rules}")
        if explain:
            lines += [f"             {line}" for line in story(policy, verdict)]
    if explain:
        lines += _considered(judged)
    return "\n".join(map(plain, lines))


def _considered(judged: Judgement) -> list[str]:
    inspection = judged.inspection
    lines = [f"  not read   {item.where}: {item.why}" for item in inspection.unscanned]
    lines += [f"  risk sign  {item.where}: {item.why}" for item in inspection.risk]
    for attachment in inspection.attachments:
        protection = attachment.protection
        lines.append(
            f"  attached   {attachment.name} ({attachment.type}), {protection.state.value}, {protection.scheme}"
        )
    for candidate in judged.candidates:
        kept = "finding   " if candidate.kept else "no finding"
        evidence = [f"+ {one}" for one in candidate.raised] + [f"- {one}" for one in candidate.sank]
        place = f"{candidate.where} {candidate.start}-{candidate.end}"
        lines.append(
            f"  {kept} {candidate.entity} in {place}, {candidate.score:.2f} by {candidate.detector}"
            + (f": {', '.join(evidence)}" if evidence else "")
        )
    return lines


def _where(finding: Finding, places: Places) -> str:
    # What is found in a file name stands in the name of that place itself.
    return places.of_finding(finding) if finding.role is Role.FILENAME else finding.where
