"""A held message for a reviewer's eyes: masked as long as it is sealed, with what was found once it is opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dlp_gateway.inspection.pool import WorkerPool
from dlp_gateway.model import Attachment, Finding, RuleHit, Tier
from dlp_gateway.policy.explain import wording
from dlp_gateway.quarantine.held import Held


@dataclass(frozen=True, slots=True)
class Revealed:
    """What was found, in the clear: ``subject`` and for each finding its kind, place and value."""

    subject: str = field(repr=False)
    found: tuple[tuple[str, str, str], ...] = field(repr=False)


def masked(message: Held) -> list[str]:
    """Lines about a held message that hold none of its content; findings are counted by kind and place."""
    lines = [f"Message {message.message_id}, {message.size} bytes, SHA-256 {message.digest}"]
    lines.append(f"From <{message.sender.literal if message.sender else ''}>")
    if message.restricted_at is not None:
        lines.append("Restricted: nothing may be done with it, and its clock stands still")
    for recipient in message.recipients:
        lines += ["", f"To <{recipient.address.literal}> ({recipient.zone}): {recipient.state}"]
        for hit in recipient.hits:
            because = f": {', '.join(hit.reasons)}" if hit.reasons else ""
            lines.append(f"  {hit.rule} (clause {hit.clause}{_idle(hit)}), {wording(hit.rule).fault}{because}")
        if recipient.approvals > 1:
            given = ", ".join(map(str, recipient.approved_by)) or "none yet"
            lines.append(f"  needs {recipient.approvals} different reviewers; approved by: {given}")
    inspection = message.inspection
    if counted := _counted(inspection.findings):
        lines += ["", "Found (values are sealed):", *counted]
    if inspection.attachments:
        lines += ["", "Attachments:"]
        lines += [f"  {a.where}: {a.type}, {a.size} bytes, {_protection(a)}" for a in inspection.attachments]
    if inspection.unscanned:
        lines += ["", "Not inspected:", *(f"  {item.where}: {item.why}" for item in inspection.unscanned)]
    return lines


async def reveal(pool: WorkerPool, content: bytes) -> Revealed:
    """Inspect the opened ``content`` again, in a confined worker, for the values; raises WorkerFailed."""
    reply, _ = await pool.request({"raw": content, "scope": "all", "pictures": False, "reveal": True})
    found = tuple((str(kind), str(where), str(value)) for kind, where, value in reply["values"])
    return Revealed(str(reply["subject"]), found)


def in_clear(revealed: Revealed) -> list[str]:
    """Lines with the Subject and every value that was found."""
    lines = [f"Subject: {revealed.subject}", "", "Found:"]
    return lines + [f"  {kind} in {where}: {value}" for kind, where, value in revealed.found]


def _counted(findings: Sequence[Finding]) -> list[str]:
    counts: dict[tuple[str, str, str], int] = {}
    for finding in findings:
        if finding.tier is not Tier.CONTACT:
            key = (finding.entity, finding.tier.value.replace("_", "-"), finding.where)
            counts[key] = counts.get(key, 0) + 1
    return [f"  {entity} ({tier}) in {where}{_times(count)}" for (entity, tier, where), count in sorted(counts.items())]


def _idle(hit: RuleHit) -> str:
    """Why it is no reason for the hold, where it is none."""
    excepted = f"; excepted by {hit.excepted_by}" if hit.excepted_by is not None else ""
    return ("; only monitored" if hit.monitored else "") + excepted


def _times(count: int) -> str:
    return f", {count} times" if count > 1 else ""


def _protection(attachment: Attachment) -> str:
    protection = attachment.protection
    readable = f", readable: {', '.join(protection.readable)}" if protection.readable else ""
    scheme = f" ({protection.scheme})" if protection.scheme else ""
    return f"protection {protection.state}{scheme}{readable}"


def addresses(message: Held, wanted: Iterable[str] | None) -> list[int]:
    """The numbers of the recipients with these addresses (None: all that wait); raises ValueError for one unknown."""
    if wanted is None:
        return [recipient.id for recipient in message.waiting]
    by_address = {recipient.address.literal.lower(): recipient.id for recipient in message.waiting}
    missing = [address for address in wanted if address.lower() not in by_address]
    if missing:
        raise ValueError(f"the message is not held for <{missing[0]}> (any more)")
    return [by_address[address.lower()] for address in wanted]
