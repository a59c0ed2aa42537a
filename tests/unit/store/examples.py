"""Decisions and mail to put into a store."""

import hashlib
import itertools

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
from dlp_gateway.store.values import Intake, Kind, Outcome, Outgoing, State

NOW = 1_800_000_000.0
SENDER = "jo@westendonsixth.com"

# Words that stand in content, Subject, names of attachments and places only: no column may hold them.
PLANTED = ("Quillfeather", "wombat-4471.xlsx", "123 456 782")
CONTENT = b"Subject: Quillfeather\r\n\r\nTFN 123 456 782, see wombat-4471.xlsx\r\n"

INSPECTION = Inspection(
    findings=(
        Finding("au_tfn", Tier.PERSONAL, "body", 4, 15, 0.99, detector="au", evidence=("checksum",)),
        Finding("person_name", Tier.CONTACT, "wombat-4471.xlsx > Quillfeather", 0, 12, 0.8, Role.DOCUMENT),
        Finding("person_name", Tier.CONTACT, "subject", 0, 12, 0.8, Role.SUBJECT, allowed=(Zone.PARTNER,)),
    ),
    attachments=(Attachment("wombat-4471.xlsx", "wombat-4471.xlsx", "xlsx", 4711, Protection(Grade.NONE, "")),),
    unscanned=(Unscanned("wombat-4471.xlsx > image1.png", "picture not read"),),
    risk=(Unscanned("wombat-4471.xlsx", "file name names a payslip"),),
    people=1,
    visible=("ann@example.net", "bob@example.org"),
    milliseconds=3.5,
)

_numbers = itertools.count(1)


def address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(local, domain.lower(), text)


def verdict(to: str, action: Action, *, approvals: int = 1, zone: Zone = Zone.EXTERNAL) -> Verdict:
    hits = ()
    if action is not Action.DELIVER:
        hits = (RuleHit("external", "5.14(a)", action, ("TFN in attachment 1 (xlsx)",)),)
    return Verdict(Recipient(address(to)), zone, action, hits, approvals)


def intake(
    *verdicts: Verdict,
    content: bytes | None = CONTENT,
    message_id: str | None = None,
    at: float = NOW,
    sender: str | None = SENDER,
    user: str | None = None,
    outgoing: tuple[Outgoing, ...] = (),
    inspection: Inspection = INSPECTION,
) -> Intake:
    verdicts = verdicts or (verdict("ann@example.net", Action.DELIVER),)
    envelope = Envelope(
        None if sender is None else address(sender),
        tuple(v.recipient for v in verdicts),
        Client("192.0.2.7", "pc.example", user),
        ret="HDRS",
        envid="QQ314159",
    )
    data = content or b""
    decision = Decision(
        id=message_id or f"m{next(_numbers):06}",
        at=at,
        envelope=envelope,
        verdicts=verdicts,
        inspection=inspection,
        policy="policy-1",
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
    )
    return Intake(decision, content, outgoing)


def outgoing(
    to: str = SENDER, kind: Kind = Kind.NOTICE, content: bytes = b"Subject: notice\r\n\r\nheld\r\n"
) -> Outgoing:
    return Outgoing(kind, Recipient(address(to), ("NEVER",)), Zone.INTERNAL, content, "m0")


def delivered(delivery_id: int) -> Outcome:
    return Outcome(delivery_id, State.DELIVERED, 250, "2.0.0", "accepted", "mx.example.net", "TLSv1.3")


def deferred(delivery_id: int, next_attempt: float) -> Outcome:
    return Outcome(delivery_id, State.DEFERRED, 451, "4.7.1", "later", "mx.example.net", next_attempt=next_attempt)


def failed(delivery_id: int, bounce: Outgoing | None = None) -> Outcome:
    return Outcome(delivery_id, State.FAILED, 550, "5.1.1", "no such user", "mx.example.net", bounce=bounce)
