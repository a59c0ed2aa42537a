"""A gateway's database after three months of mail, for measuring the console.

Decisions, holds, acts of reviewers and the record are written by the store's own statements, many to a
transaction; only the ends of deliveries are set afterwards, because nobody delivers anything here.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.model import (
    Action,
    Address,
    Attachment,
    Client,
    Decision,
    Envelope,
    Finding,
    Grade,
    Inspection,
    Protection,
    Recipient,
    Role,
    RuleHit,
    Tier,
    Unscanned,
    Verdict,
    Zone,
)
from dlp_gateway.store import database, hours, record, requests
from dlp_gateway.store.identifiers import new_id
from dlp_gateway.store.intake import Rows, prepare
from dlp_gateway.store.keys import GatewayKeys
from dlp_gateway.store.requests import DataSubject, RequestKind
from dlp_gateway.store.values import Intake, SenderLink

DAY = 86400.0
DAYS = 90
_BATCH = 1000
_CONTENT = b"Subject: file\r\n\r\n" + b"The file that you asked for is attached. " * 40
_CLAUSES = {
    "external": "5.14(a)",
    "high-risk": "5.14(a)",
    "subject": "5.14(c)",
    "bulk": "2.1",
    "unscannable": "5.14(a)",
}
_PERSONAL = ("AU_TFN", "DATE_OF_BIRTH", "AU_MEDICARE", "SALARY", "PASSPORT")
_HIGH = ("HEALTH", "CREDIT_CARD", "CRIMINAL_RECORD")
_DOMAINS = tuple(f"client{n}.example" for n in range(400)) + ("mail.example",) * 100
_REVIEWERS = ("anna", "ben", "carla")
LINK = "k" * 43  # the key in the link to the sender's page of the newest held message


@dataclass(slots=True)
class _Batch:
    """What one transaction inserts, and what is set afterwards."""

    rows: Rows = field(default_factory=Rows)
    notes: list[Note] = field(default_factory=list)
    delivered: list[tuple[float, str]] = field(default_factory=list)
    ended: list[tuple[str, float, str]] = field(default_factory=list)


def fill(keys: GatewayKeys, now: float, *, decisions: int, held: int, queued: int = 300, seed: int = 7) -> None:
    """Write so many decisions of the last 90 days, the last ``held`` holds of them still open, some mail queued.

    The database must be empty and its schema up to date. Ends with the hours counted.
    """
    chance = random.Random(seed)
    moments = sorted(_moments(chance, now, decisions))
    verdicts = [_verdicts(chance) for _ in moments]
    holding = [n for n, made in enumerate(verdicts) if any(v.action is Action.HOLD for v in made)]
    open_from = holding[-held] if 0 < held <= len(holding) else 0
    later: list[Note] = []
    for start in range(0, decisions, _BATCH):
        batch = _Batch(notes=later)
        for n in range(start, min(start + _BATCH, decisions)):
            decision = _decision(chance, moments[n], verdicts[n])
            link = SenderLink(hashlib.sha256(LINK.encode()).hexdigest(), now + DAY) if n == holding[-1] else None
            _add(
                chance,
                batch,
                Intake(decision, _CONTENT, link=link),
                keys,
                now,
                (n >= open_from, n >= decisions - queued),
            )
        last = start + _BATCH >= decisions
        later = _write(batch, keys, now if last else moments[start + _BATCH - 1])
    requests.register(DataSubject(("person77@client7.example",)), RequestKind.ACCESS, now - DAY, actor="anna", now=now)
    hours.keep(now)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")


def _moments(chance: random.Random, now: float, count: int) -> Iterator[float]:
    """Working days and hours have most of the mail."""
    while count:
        at = now - chance.random() * DAYS * DAY
        busy = (0.15 if int(at // DAY) % 7 in (2, 3) else 1.0) * (1.0 if 8 <= at % DAY / 3600 < 18 else 0.1)
        if chance.random() < busy:
            count -= 1
            yield at


def _verdicts(chance: random.Random) -> tuple[Verdict, ...]:
    made = []
    internal = chance.random() < 0.4
    fate = chance.random()
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3))):
        domain = "westendonsixth.com" if internal else chance.choice(_DOMAINS)
        zone = Zone.INTERNAL if internal else Zone.EXTERNAL
        local = f"person{chance.randrange(3000)}"
        to = Recipient(Address(local, domain, f"{local}@{domain}"))
        made.append(_verdict(chance, to, zone, fate))
    return tuple(made)


def _verdict(chance: random.Random, to: Recipient, zone: Zone, fate: float) -> Verdict:
    if fate < 0.02:
        hit = RuleHit("subject", _CLAUSES["subject"], Action.REFUSE, ("PERSON in subject",))
        return Verdict(to, zone, Action.REFUSE, (hit,))
    if zone is Zone.INTERNAL or fate > 0.27:
        return Verdict(to, zone, Action.DELIVER)
    if fate > 0.24:
        hit = RuleHit("bulk", "2.1", Action.HOLD, ("60 people in body",), monitored=True)
        return Verdict(to, zone, Action.DELIVER, (hit,))
    rule = "high-risk" if fate < 0.06 else "unscannable" if fate < 0.08 else "bulk" if fate < 0.1 else "external"
    kind = chance.choice(_HIGH if rule == "high-risk" else _PERSONAL)
    hit = RuleHit(rule, _CLAUSES.get(rule, "5.14(a)"), Action.HOLD, (f"{kind} in body",))
    return Verdict(to, zone, Action.HOLD, (hit,), 2 if rule == "high-risk" else 1)


def _decision(chance: random.Random, at: float, verdicts: tuple[Verdict, ...]) -> Decision:
    number = chance.randrange(800)
    sender = Address(f"user{number}", "westendonsixth.com", f"user{number}@westendonsixth.com")
    stopped = any(verdict.hits for verdict in verdicts)
    return Decision(
        id=new_id(at),
        at=at,
        envelope=Envelope(sender, tuple(v.recipient for v in verdicts), Client("192.0.2.7", "pc.example")),
        verdicts=verdicts,
        inspection=_inspection(chance, internal=verdicts[0].zone is Zone.INTERNAL, stopped=stopped),
        policy=f"{int(at // (30 * DAY)):012x}",
        size=len(_CONTENT),
        digest=hashlib.sha256(_CONTENT).hexdigest(),
    )


def _inspection(chance: random.Random, *, internal: bool, stopped: bool) -> Inspection:
    if internal:
        return Inspection(scope="subject", milliseconds=0.8)
    findings = [
        Finding(kind, Tier.CONTACT, "body", n * 20, n * 20 + 12, 0.85, Role.BODY, "names", ("context",))
        for n, kind in enumerate(chance.choices(("PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER"), k=chance.randrange(1, 8)))
    ]
    for n in range(chance.randrange(1, 12) if stopped else 0):
        kind = chance.choice(_PERSONAL + _HIGH)
        tier = Tier.HIGH_RISK if kind in _HIGH else Tier.PERSONAL
        evidence = ("checksum", "context: file number")
        findings.append(Finding(kind, tier, "list.xlsx > A", n * 30, n * 30 + 9, 0.97, Role.DOCUMENT, "pack", evidence))
    attachments = (Attachment("list.xlsx", "list.xlsx", "xlsx", 4711, Protection(Grade.NONE, "")),) if stopped else ()
    unscanned = (Unscanned("list.xlsx > image1", "picture not read"),) if stopped and chance.random() < 0.1 else ()
    return Inspection(tuple(findings), attachments, unscanned, people=1, milliseconds=40 * chance.random())


def _add(
    chance: random.Random, batch: _Batch, intake: Intake, keys: GatewayKeys, now: float, fate: tuple[bool, bool]
) -> None:
    """``fate`` says whether its hold is still open, and whether its deliveries are still queued."""
    decision, (waits, queued) = intake.decision, fate
    rows = prepare(intake, keys, 60 * DAY)
    if not queued:
        rows.wraps = [row for row in rows.wraps if row[1] == "reviewers"]
        batch.delivered.append((min(now, decision.at + 2), decision.id))
    held = [v for v in decision.verdicts if v.action is Action.HOLD]
    if not rows.wraps or (held and not waits):
        rows.wraps, rows.chunks = [], []
    batch.rows.extend(rows)
    if not queued:
        batch.notes += [_delivered(decision, v) for v in decision.verdicts if v.action is Action.DELIVER]
    if held and not waits:
        _end(chance, batch, decision, now)


def _delivered(decision: Decision, verdict: Verdict) -> Note:
    texts = Texts()
    details = {
        "recipient": texts.address(verdict.recipient.address.literal),
        "zone": verdict.zone.value,
        "message": "mail",
        "attempt": 1,
        "code": 250,
        "enhanced": "2.0.0",
        "host": "mx.example",
        "tls": "TLSv1.3",
        "reported": False,
    }
    return Note(EntryKind.DELIVER, decision.at + 2, "gateway", decision.id, details, tuple(texts.items))


def _end(chance: random.Random, batch: _Batch, decision: Decision, now: float) -> None:
    """A reviewer opens the message and decides, some hours later."""
    who, at = chance.choice(_REVIEWERS), min(now, decision.at + chance.expovariate(1 / 20000.0))
    kind, state = chance.choice(
        (
            (EntryKind.RELEASE, "delivered"),
            (EntryKind.RETURN, "returned"),
            (EntryKind.DELETE, "deleted"),
            (EntryKind.EXPIRE, "expired"),
        )
    )
    for act in (EntryKind.VIEW, kind) if kind is not EntryKind.EXPIRE else (kind,):
        texts = Texts()
        details = {} if act is EntryKind.EXPIRE else {"reason": texts.reason("looked at in the morning")}
        batch.notes.append(
            Note(act, at, "gateway" if act is EntryKind.EXPIRE else who, decision.id, details, tuple(texts.items))
        )
    batch.ended.append((state, at, decision.id))


def _write(batch: _Batch, keys: GatewayKeys, until: float) -> list[Note]:
    """One transaction with the entries up to a moment; returns the entries that are of later ones."""
    notes = sorted(batch.rows.notes + batch.notes, key=lambda note: note.at)
    with database.transact():
        cursor = database.cursor()
        batch.rows.insert(cursor)
        cursor.executemany(
            "UPDATE dlp_recipient SET state = 'delivered', due = NULL, attempts = 1, code = 250, enhanced = '2.0.0',"
            " text = 'ok', host = 'mx.example', tls = 'TLSv1.3', settled_at = %s"
            " WHERE message_id = %s AND state = 'queued'",
            batch.delivered,
        )
        cursor.executemany(
            "UPDATE dlp_recipient SET state = %s, settled_at = %s, released_at = settled_at"
            " WHERE message_id = %s AND state = 'held'",
            [(state, at, key) for state, at, key in batch.ended if state != "delivered"],
        )
        cursor.executemany(
            "UPDATE dlp_recipient SET released_at = %s, settled_at = %s, state = 'delivered'"
            " WHERE message_id = %s AND state = 'held'",
            [(at, at, key) for state, at, key in batch.ended if state == "delivered"],
        )
        cursor.executemany(
            "UPDATE dlp_hold SET closed_at = %s WHERE message_id = %s", [(at, key) for _, at, key in batch.ended]
        )
        record.append(cursor, [note for note in notes if note.at <= until])
        record.add_checkpoint(cursor, until, *keys.audit)
    return [note for note in notes if note.at > until]
