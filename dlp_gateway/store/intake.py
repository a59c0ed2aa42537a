"""From a decided message to the rows that make it true, and their insertion."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.model import Action, Address, Decision, Recipient, Verdict, Zone
from dlp_gateway.store import facts, hits, sealing, wraps
from dlp_gateway.store.errors import StoreInvalidError
from dlp_gateway.store.identifiers import new_id
from dlp_gateway.store.keys import GatewayKeys, ReviewKeys, SealingKeys
from dlp_gateway.store.values import ACTOR, Intake, Kind, Outgoing

_STATES = {
    Action.DELIVER: "queued",
    Action.HOLD: "held",
    Action.REFUSE: "refused",
    Action.RETURN: "returned",
}


def _insert(table: str, columns: str) -> str:
    marks = ", ".join("%s" for _ in columns.split(","))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  # constants of this module


_MESSAGE = _insert(
    "dlp_message",
    "id, kind, about, at, sender_literal, sender_local, sender_domain, client_host, client_user, eight_bit, smtputf8,"
    " ret, envid, size, digest, policy, facts, content_size, content_digest",
)
_RECIPIENT = _insert(
    "dlp_recipient",
    "message_id, literal, local, domain, notify, orcpt, zone, action, hits, approvals, state, queued_at, due",
)
_WRAP = _insert("dlp_wrap", "message_id, holder, key_id, wrapped")
_CHUNK = _insert("dlp_chunk", "message_id, part, n, body")
_HOLD = _insert("dlp_hold", "message_id, held_at, expires_at")
_HIT = _insert("dlp_hit", "message_id, entity, at, findings, detectors, stopped")
_LINK = _insert("dlp_link", "digest, message_id, at, expires_at")


@dataclass(slots=True)
class Rows:
    """What is to be inserted in one transaction; several intakes may share it."""

    messages: list[tuple[Any, ...]] = field(default_factory=list)
    recipients: list[tuple[Any, ...]] = field(default_factory=list)
    wraps: list[tuple[Any, ...]] = field(default_factory=list)
    chunks: list[tuple[Any, ...]] = field(default_factory=list, repr=False)
    holds: list[tuple[Any, ...]] = field(default_factory=list)
    links: list[tuple[Any, ...]] = field(default_factory=list)
    hits: list[tuple[Any, ...]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def extend(self, other: Rows) -> None:
        """Take over another intake's rows."""
        self.messages += other.messages
        self.recipients += other.recipients
        self.wraps += other.wraps
        self.chunks += other.chunks
        self.holds += other.holds
        self.links += other.links
        self.hits += other.hits
        self.notes += other.notes

    def insert(self, cursor: Any) -> None:
        """Write all rows but the notes, which go to the end of the record's chain."""
        for statement, rows in (
            (_MESSAGE, self.messages),
            (_RECIPIENT, self.recipients),
            (_WRAP, self.wraps),
            (_CHUNK, self.chunks),
            (_HOLD, self.holds),
            (_LINK, self.links),
            (_HIT, self.hits),
        ):
            if rows:
                cursor.executemany(statement, rows)

    @property
    def queued(self) -> bool:
        """Whether something is to be delivered at once."""
        return any(row[10] == "queued" for row in self.recipients)

    def delivers(self, message_id: str) -> bool:
        """Whether the message itself, not only a notice about it, is to be delivered at once."""
        return any(row[0] == message_id and row[10] == "queued" for row in self.recipients)


def canonical(address: Address) -> str:
    """The form in which addresses are compared and recorded."""
    return f"{address.local}@{address.domain}".lower()


def prepare(intake: Intake, keys: GatewayKeys, hold_seconds: float) -> Rows:
    """Seal the content and lay out the rows of one intake.

    Raises:
        StoreInvalidError: verdicts and content contradict each other.
    """
    decision = intake.decision
    actions = {verdict.action for verdict in decision.verdicts}
    stored = bool(actions & {Action.DELIVER, Action.HOLD})
    if not actions:
        raise StoreInvalidError(f"decision {decision.id} has no recipient")
    if stored and intake.content is None:
        raise StoreInvalidError(f"decision {decision.id} delivers or holds a message without content")
    content = intake.content if stored else None
    clear = facts.encode(decision.inspection)
    digest = "" if content is None else hashlib.sha256(content).hexdigest()
    rows = Rows()
    rows.messages.append(_message(decision, clear, content, digest))
    rows.recipients += [_verdict(decision, verdict) for verdict in decision.verdicts]
    rows.hits += hits.rows(decision)
    rows.notes.append(_decided(decision, clear))
    if content is not None:
        reviewers = _seal(rows, decision, content, actions, keys)
        if Action.HOLD in actions:
            expires = decision.at + hold_seconds
            rows.holds.append((decision.id, decision.at, expires))
            rows.notes.append(_held(decision, digest, reviewers, expires))
            if intake.link is not None:
                rows.links.append((intake.link.digest, decision.id, decision.at, intake.link.expires_at))
    for outgoing in intake.outgoing:
        add_outgoing(rows, outgoing, keys, decision.at)
    return rows


def add_outgoing(rows: Rows, outgoing: Outgoing, keys: GatewayKeys | ReviewKeys | SealingKeys, now: float) -> None:
    """Queue a message of our own making."""
    message_id = new_id(now)
    content = outgoing.content
    address = outgoing.recipient.address
    utf8 = not address.literal.isascii()
    sizes = (len(content), hashlib.sha256(content).hexdigest())
    envelope = ("", "", "", "", "", not content.isascii(), utf8, None, None)
    rows.messages.append(
        (message_id, outgoing.kind.value, outgoing.about, now, *envelope, sizes[0], "", "", "", *sizes)
    )
    rows.recipients.append(_recipient(message_id, outgoing.recipient, outgoing.zone, "deliver", "[]", 1, "queued", now))
    key = sealing.new_key()
    rows.wraps.append((message_id, wraps.DELIVERY, *wraps.for_delivery(keys, key, message_id)))
    rows.chunks += _chunks(key, message_id, sealing.Part.CONTENT, content)


def _message(decision: Decision, clear: str, content: bytes | None, digest: str) -> tuple[Any, ...]:
    envelope = decision.envelope
    sender = envelope.sender or Address("", "", "")
    return (
        decision.id,
        Kind.MAIL.value,
        "",
        decision.at,
        sender.literal,
        sender.local,
        sender.domain,
        envelope.client.host,
        envelope.client.user or "",
        envelope.eight_bit,
        envelope.smtputf8,
        envelope.ret,
        envelope.envid,
        decision.size,
        decision.digest,
        decision.policy,
        clear,
        0 if content is None else len(content),
        digest,
    )


def _verdict(decision: Decision, verdict: Verdict) -> tuple[Any, ...]:
    return _recipient(
        decision.id,
        verdict.recipient,
        verdict.zone,
        verdict.action.value,
        facts.encode_hits(verdict.hits),
        verdict.approvals,
        _STATES[verdict.action],
        decision.at,
    )


def _recipient(
    message_id: str, recipient: Recipient, zone: Zone, action: str, hits: str, approvals: int, state: str, at: float
) -> tuple[Any, ...]:
    address = recipient.address
    due = at if state == "queued" else None
    return (
        message_id,
        address.literal,
        address.local,
        address.domain,
        ",".join(recipient.notify),
        recipient.orcpt,
        zone.value,
        action,
        hits,
        approvals,
        state,
        due,
        due,
    )


def _seal(rows: Rows, decision: Decision, content: bytes, actions: set[Action], keys: GatewayKeys) -> str:
    """Add the sealed content and its wraps; returns the identifier of the reviewers' key used, or ''."""
    key = sealing.new_key()
    rows.chunks += _chunks(key, decision.id, sealing.Part.CONTENT, content)
    if Action.DELIVER in actions:
        rows.wraps.append((decision.id, wraps.DELIVERY, *wraps.for_delivery(keys, key, decision.id)))
    if Action.HOLD not in actions:
        return ""
    details = facts.encode_sealed(decision.inspection, decision.verdicts)
    rows.chunks += _chunks(key, decision.id, sealing.Part.DETAILS, details)
    key_id, wrapped = wraps.for_reviewers(keys, key, decision.id)
    rows.wraps.append((decision.id, wraps.REVIEWERS, key_id, wrapped))
    return key_id


def _chunks(key: bytes, message_id: str, part: sealing.Part, content: bytes) -> list[tuple[Any, ...]]:
    return [(message_id, int(part), n, chunk) for n, chunk in enumerate(sealing.seal(key, message_id, part, content))]


def _decided(decision: Decision, clear: str) -> Note:
    texts = Texts()
    sender = decision.envelope.sender
    inspection = decision.inspection
    details: Mapping[str, Any] = {
        "sender": None if sender is None else texts.address(canonical(sender)),
        "recipients": [_summary(verdict, texts) for verdict in decision.verdicts],
        "policy": decision.policy,
        "size": decision.size,
        "digest": decision.digest,
        "facts": hashlib.sha256(clear.encode()).hexdigest(),
        "inspected": inspection.scope,
        "findings": facts.counts(inspection.findings),
        "not_inspected": dict(Counter(item.why for item in inspection.unscanned)),
    }
    return Note(EntryKind.DECIDE, decision.at, ACTOR, decision.id, details, tuple(texts.items))


def _summary(verdict: Verdict, texts: Texts) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "address": texts.address(canonical(verdict.recipient.address)),
        "zone": verdict.zone.value,
        "action": verdict.action.value,
        "rules": verdict.rules,
    }
    monitored = [hit.rule for hit in verdict.hits if hit.monitored]
    if monitored:
        summary["monitored"] = monitored
    excepted = [[hit.rule, hit.excepted_by] for hit in verdict.hits if hit.excepted_by is not None]
    if excepted:
        summary["excepted"] = excepted
    return summary


def _held(decision: Decision, digest: str, key_id: str, expires: float) -> Note:
    texts = Texts()
    held: Sequence[Verdict] = [verdict for verdict in decision.verdicts if verdict.action is Action.HOLD]
    details = {
        "recipients": [
            {"address": texts.address(canonical(v.recipient.address)), "approvals": v.approvals} for v in held
        ],
        "digest": digest,
        "key": key_id,
        "expires": expires,
    }
    return Note(EntryKind.HOLD, decision.at, ACTOR, decision.id, details, tuple(texts.items))
