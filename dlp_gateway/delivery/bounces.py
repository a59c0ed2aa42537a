"""Delivery status notifications (RFC 3464, RFC 3461): what the sender is told of the fate of a message.

A report says nothing that is personal beyond the addresses its reader wrote
to. Of the message it returns the Message-ID and the Date, whatever RET asked
for: a Subject or a body may be what should not have been written, and a
report travels unprotected. It is plain ASCII, so that any next hop takes it.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum

from dlp_gateway.delivery.explanations import explain
from dlp_gateway.delivery.result import Result
from dlp_gateway.model import Recipient
from dlp_gateway.store.values import Kind

_MAX_HEADER = 256 * 1024
_MESSAGE_ID = re.compile(rb"<[!-;=?-~]{1,250}>")
_DATE = re.compile(rb"(?:[A-Z][a-z]{2}, )?[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{5,8} (?:[+-][0-9]{4}|[A-Z]{1,3})")
_XTEXT_OCTET = re.compile(r"\+([0-9A-F]{2})")


class Action(StrEnum):
    """The fate of a message for one recipient (RFC 3464, 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Reported:
    """One recipient in a report. ``until`` is when the gateway gives up on a delayed message."""

    recipient: Recipient
    action: Action
    result: Result
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What a report says of the message: all of it known from the envelope or generated.

    ``sender`` is never empty. Times are seconds since the epoch.
    """

    message_id: str
    sender: str
    envid: str | None
    queued_at: float


@dataclass(frozen=True, slots=True)
class Trace:
    """The headers that may be shown, as they stood, and the number of hops before us."""

    headers: tuple[bytes, ...] = ()
    received: int = 0


def reportable(kind: Kind, sender: str, recipient: Recipient, action: Action) -> bool:
    """Tell whether the sender is to hear of this: never the null sender, never about a report or notice.

    NOTIFY decides (RFC 3461, 4.1); without it failures and delays are reported.
    """
    if kind is not Kind.MAIL or not sender:
        return False
    notify = recipient.notify or ("FAILURE", "DELAY")
    wanted = {Action.FAILED: "FAILURE", Action.DELAYED: "DELAY"}.get(action, "SUCCESS")
    return "NEVER" not in notify and wanted in notify


def trace_of(content: bytes) -> Trace:
    """Return the shown headers of a message: a well-formed Message-ID and Date, nothing else.

    A comment in either might hold anything, so such a header is left out.
    """
    received = 0
    found: dict[bytes, bytes] = {}
    block = content[:_MAX_HEADER].partition(b"\r\n\r\n")[0]
    for line in re.sub(rb"\r\n[ \t]+", b" ", block).split(b"\r\n"):
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        received += name == b"received"
        shape = {b"message-id": _MESSAGE_ID, b"date": _DATE}.get(name)
        if shape is not None and name not in found and shape.fullmatch(value.strip()):
            found[name] = value.strip()
    shown = ((b"Message-ID", found.get(b"message-id")), (b"Date", found.get(b"date")))
    return Trace(tuple(name + b": " + value for name, value in shown if value), received)


def build(hostname: str, origin: Origin, reported: Sequence[Reported], trace: Trace, now: float) -> bytes:
    """Return the report as bytes to send: ASCII, CRLF line ends, null sender meant.

    The same arguments give the same Message-ID, so that a report made twice
    is known for one.
    """
    addresses = "\n".join(item.recipient.address.literal for item in reported)
    seed = f"{origin.message_id}\n{origin.sender}\n{int(now)}\n{addresses}"
    token = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    boundary = f"report-{token}"
    to = f"<{origin.sender}>" if origin.sender.isascii() else "undisclosed-recipients:;"
    lines = [
        f"Date: {_date(now)}",
        f'From: "Mail Delivery System" <MAILER-DAEMON@{hostname}>',
        f"To: {to}",
        f"Subject: {_subject(reported)}",
        f"Message-ID: <{token}@{hostname}>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="{boundary}"',
        "",
        "This is a delivery report in MIME format.",
        f"--{boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        *_story(hostname, origin, reported),
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        *_status(hostname, origin, reported, trace, now),
        f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "",
        *(header.decode("ascii") for header in trace.headers),
        "",
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode("ascii")


def without_reply(reported: Sequence[Reported]) -> list[Reported]:
    """Return the same ends of the same recipients, with the status code and not a word that came from elsewhere."""
    return [replace(item, result=replace(item.result, text="", host="", tls="", remote=False)) for item in reported]


def _subject(reported: Sequence[Reported]) -> str:
    actions = {item.action for item in reported}
    if Action.FAILED in actions:
        return "Your message could not be delivered"
    return "Your message is delayed" if Action.DELAYED in actions else "Your message was passed on"


def _story(hostname: str, origin: Origin, reported: Sequence[Reported]) -> list[str]:
    """Return the part for people: what happened to whom, and what to do."""
    lines = [f"This is the mail gateway {hostname}, about your message of {_date(origin.queued_at)}.", ""]
    for item in reported:
        lines += [
            f"<{_ascii(item.recipient.address.literal)}>",
            *_wrapped(_ascii(explain(item.action, item.result))),
            "",
        ]
    about = (
        f"The gateway knows your message as {origin.message_id}; please quote that when you ask for help. "
        "Its Subject and content are not repeated here on purpose."
    )
    return [*lines, *textwrap.wrap(about, 76), ""]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 76, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)


def _status(hostname: str, origin: Origin, reported: Sequence[Reported], trace: Trace, now: float) -> list[str]:
    """Return the part for machines: fields of the message, then a block for each recipient (RFC 3464, 2.2-2.3)."""
    lines = [f"Reporting-MTA: dns; {hostname}"]
    if origin.envid and (envid := _plain(origin.envid)):
        lines.append(f"Original-Envelope-Id: {envid}")
    lines += [f"Arrival-Date: {_date(origin.queued_at)}", f"X-Received-Count: {trace.received}"]
    for item in reported:
        lines += ["", *_recipient(item, now)]
    return [*lines, ""]


def _recipient(item: Reported, now: float) -> list[str]:
    recipient, result = item.recipient, item.result
    lines = []
    kind, _, original = (recipient.orcpt or "").partition(";")
    if re.fullmatch(r"[A-Za-z0-9-]{1,40}", kind) and (plain := _plain(original)):
        lines.append(f"Original-Recipient: {kind}; {plain}")
    address = recipient.address.literal
    # RFC 6533, 3: an address that is not ASCII has a type and a spelling of its own.
    lines.append(f"Final-Recipient: {'rfc822' if address.isascii() else 'utf-8'}; {_ascii(address)}")
    lines += [f"Action: {item.action}", f"Status: {result.enhanced}"]
    if result.remote:
        lines.append(f"Remote-MTA: dns; {_ascii(result.host)}")
        lines.append(f"Diagnostic-Code: smtp; {result.code} {result.enhanced} {_ascii(result.text)}".rstrip())
    elif result.text:
        lines.append(f"Diagnostic-Code: X-Gateway; {_ascii(result.text)}")
    lines.append(f"Last-Attempt-Date: {_date(now)}")
    if item.action is Action.DELAYED and item.until is not None:
        lines.append(f"Will-Retry-Until: {_date(item.until)}")
    return lines


def _plain(xtext: str) -> str:
    """Decode xtext (RFC 3461, 4); "" when it does not come out as printable ASCII."""
    plain = _XTEXT_OCTET.sub(lambda octet: chr(int(octet[1], 16)), xtext)
    return plain if plain.isascii() and plain.isprintable() else ""


def _ascii(text: str) -> str:
    """Spell an address, or any line, in printable ASCII: as it is, or as utf-8-addr-xtext (RFC 6533, 3)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if " " <= char <= "~" and char != "\\" else f"\\x{{{ord(char):X}}}" for char in text)


def _date(at: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(at), UTC))
