"""Notices to senders: what happened to their message, why, and how to send it properly.

A notice names the clause and the place, never the value and never the Subject
(which may be the fault). It goes to the envelope sender with the null
reverse-path and ``Auto-Submitted`` (RFC 3834), so that no machine answers it,
and never to the null sender. One sender gets a limited number of them, apart
from those that give a message back: these hold it, and nobody else does.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import StrEnum

from dlp_gateway.model import Address

_WIDTH = 76
_LONGEST = 240  # characters of up to four octets: a line has 998 (RFC 5322 section 2.1.1)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Event(StrEnum):
    """What a notice is about."""

    HELD = "held"
    RETURNED = "returned"
    RELEASED = "released"
    DELETED = "deleted"
    EXPIRED = "expired"
    LINK = "link"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_TITLES = {
    Event.HELD: "Your message is held for review",
    Event.RETURNED: "Your message was not sent and is returned to you",
    Event.RELEASED: "Your held message was released",
    Event.DELETED: "Your held message was deleted",
    Event.EXPIRED: "Your held message has expired",
    Event.LINK: "The link you asked for to the page of your message",
    Event.REFUSED: "Your message stays held",
    Event.WITHDRAWN: "You withdrew your held message",
}
_OPENINGS = {
    Event.HELD: "The message you sent is waiting for review by the data protection officer. It has NOT been sent to:",
    Event.RETURNED: "The message you sent has NOT been delivered, and will not be, to:",
    Event.RELEASED: "A reviewer has looked at the message you sent and released it. It is on its way to:",
    Event.DELETED: "A reviewer has looked at the message you sent and deleted it. It was NOT sent to:",
    Event.EXPIRED: "The message you sent was not released in the time it may be kept. It was deleted and NOT sent to:",
    Event.LINK: "Somebody asked on the gateway's page for a new link to the message that you sent to:",
    Event.REFUSED: "A reviewer has read your request and refused it. The message stays held. It was NOT sent to:",
    Event.WITHDRAWN: "The message you sent was deleted, as asked for on its page. It was NOT sent to:",
}
_ADVISING = {Event.HELD, Event.RETURNED}
_TEXT = ("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What is the same in all notices: our host name, who can be asked, and how long messages are held.

    ``console`` is the console's address without a slash at its end, "" when
    people cannot reach it; links to a sender's page work for ``link_days``.
    """

    hostname: str
    contact: str
    retention_days: float
    console: str = ""
    link_days: float = 14.0


@dataclass(frozen=True, slots=True)
class Occasion:
    """One notice: the event, the message, and whom it concerns.

    ``stopped`` and ``delivered`` are recipients; ``paragraphs`` are the words
    of the policy (see ``policy.explain``) or of the reviewer. ``link`` is the
    address of the sender's page, "" without one. ``message`` is the sender's
    own, with CRLF line ends, where the notice gives it back; else empty.
    """

    event: Event
    decision_id: str
    sender: Address
    stopped: Sequence[Address]
    delivered: Sequence[Address] = ()
    paragraphs: Sequence[str] = ()
    suppressed: int = 0
    link: str = ""
    message: bytes = field(default=b"", repr=False)


def compose(letterhead: Letterhead, occasion: Occasion, at: float) -> bytes:
    """Return the notice as a complete message with CRLF line ends; ``at`` is seconds since the epoch."""
    subject = f"{_TITLES[occasion.event]} [{occasion.decision_id}]"
    name = f"{occasion.event}.{occasion.decision_id}{'.message' if occasion.message else ''}"
    body = ("\r\n".join(_body(letterhead, occasion)) + "\r\n").encode("utf-8", "replace")
    if not occasion.message:
        return _block(*own_headers(letterhead, occasion.sender, subject, name, at)) + body
    # No message holds the digest of itself, so the boundary is in none.
    boundary = f"=_{hashlib.sha256(occasion.message).hexdigest()}"
    multipart = (f'Content-Type: multipart/mixed; boundary="{boundary}"', "Content-Transfer-Encoding: 8bit")
    delimiter = f"--{boundary}"
    return b"".join(
        (
            _block(*own_headers(letterhead, occasion.sender, subject, name, at, content=multipart)),
            _block(delimiter, *_TEXT),
            body,
            _block("", delimiter, *_returned(occasion.message)),
            occasion.message,
            f"\r\n{delimiter}--\r\n".encode(),
        )
    )


def _block(*lines: str) -> bytes:
    """Header lines and the empty line that ends them."""
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


def _returned(message: bytes) -> tuple[str, ...]:
    """The header of the part that is ``message``: of another type where its own is not ASCII (RFC 6532 section 3.7)."""
    ascii_only = message.partition(b"\r\n\r\n")[0].isascii()
    kind, suffix = ("message/rfc822", "eml") if ascii_only else ("message/global", "u8msg")
    disposition = f'Content-Disposition: attachment; filename="returned.{suffix}"'
    return f"Content-Type: {kind}", "Content-Transfer-Encoding: 8bit", disposition


def own_headers(
    letterhead: Letterhead, to: Address, subject: str, name: str, at: float, content: Sequence[str] = _TEXT
) -> list[str]:
    """The headers of all mail that the gateway writes itself; ``name`` begins its Message-ID. No machine answers it.

    ``content`` are those that say what the body is.
    """
    return [
        f"From: Data protection gateway <postmaster@{letterhead.hostname}>",
        f"To: {_mailbox(to)}",
        f"Subject: {subject}",
        f"Date: {formatdate(at)}",
        f"Message-ID: <{name}.{int(at)}@{letterhead.hostname}>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        *content,
    ]


def parse(address: str) -> Address:
    """An address that settings or an account name."""
    local, _, domain = address.rpartition("@")
    return Address(local, domain.lower(), address)


def printable(text: str) -> str:
    """``text`` without what would end a line."""
    return _CONTROL.sub("?", text)


def _body(letterhead: Letterhead, occasion: Occasion) -> list[str]:
    lines = [*_wrap(_OPENINGS[occasion.event]), "", *_addresses(occasion.stopped), ""]
    if occasion.delivered:
        lines += ["It was delivered to:", "", *_addresses(occasion.delivered), ""]
    if occasion.paragraphs:
        lines += ["Why, and what to do:" if occasion.event in _ADVISING else "The reason given:", ""]
        for paragraph in occasion.paragraphs:
            lines += [*_wrap(paragraph), ""]
    if occasion.event is Event.HELD:
        time = period(letterhead.retention_days)
        lines += [*_wrap(f"If it is not released within {time} it is deleted. It is never sent by itself."), ""]
    if occasion.message:
        lines += [*_wrap("Your message is attached, as you sent it."), ""]
    if occasion.link:
        lines += [*_wrap(_linking(letterhead.link_days)), "", f"  {occasion.link}", ""]
    if occasion.event is Event.WITHDRAWN:
        lines += [*_wrap(f"If that was not you, tell {letterhead.contact} at once: somebody reads your mail."), ""]
    if occasion.suppressed:
        lines += [
            *_wrap(f"{occasion.suppressed} more messages of yours were stopped without a notice of their own."),
            "",
        ]
    lines += _wrap(f"Questions: {letterhead.contact}. Please quote {occasion.decision_id}.")
    return lines


def period(days: float) -> str:
    """A time in words, as it follows *within*: ``31 days``, ``a day``, ``12 hours``."""
    if days == 1:
        return "a day"
    return f"{days:g} days" if days > 1 else f"{days * 24:g} hours"


def _linking(days: float) -> str:
    return (
        "On its page you see what was found and where, and can withdraw the message or ask for its release."
        f" The link works once, within {period(days)}; do not forward it:"
    )


def _addresses(addresses: Sequence[Address]) -> list[str]:
    return [f"  {_mailbox(address)}" for address in addresses]


def _mailbox(address: Address) -> str:
    """The address in brackets. None with a control character gets past the SMTP side; here it would end a line."""
    return f"<{printable(address.literal)}>"


def _wrap(text: str) -> list[str]:
    """Lines of 76 characters; what cannot be broken (links) stays whole as far as a line of mail may be long."""
    lines = textwrap.wrap(_CONTROL.sub(" ", text), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return [line[at : at + _LONGEST] for line in lines for at in range(0, len(line), _LONGEST)]


class NoticeLimiter:
    """Allows each sender ``burst`` notices at once and one more every ``seconds``.

    Notices that are not allowed are counted, and the next one says how many
    there were. Forgets the senders it has not heard of for longest, so its
    memory is bounded.
    """

    _SENDERS = 10_000  # more than write at once in any organisation; those silent for longest go

    def __init__(self, clock: Callable[[], float], burst: int = 5, seconds: float = 600.0) -> None:
        self._clock = clock
        self._burst = burst
        self._seconds = seconds
        self._senders: OrderedDict[str, tuple[float, float, int]] = OrderedDict()

    def admit(self, sender: Address) -> int | None:
        """Return the number of notices left out since the last one, or None to leave this one out."""
        now = self._clock()
        tokens, suppressed = self._balance(sender, now)
        allowed = tokens >= 1
        self._note(sender, tokens - 1 if allowed else tokens, now, 0 if allowed else suppressed + 1)
        return suppressed if allowed else None

    def take_back(self, sender: Address, admitted: int | None) -> None:
        """Undo an ``admit`` that answered ``admitted``: there was nothing to tell after all."""
        now = self._clock()
        tokens, suppressed = self._balance(sender, now)
        if admitted is None:
            self._note(sender, tokens, now, max(0, suppressed - 1))
        else:
            self._note(sender, min(float(self._burst), tokens + 1), now, suppressed + admitted)

    def _balance(self, sender: Address, now: float) -> tuple[float, int]:
        """How many notices the sender may have at this moment, and how many were left out since the last one."""
        tokens, at, suppressed = self._senders.get(_key(sender), (float(self._burst), now, 0))
        return min(float(self._burst), tokens + (now - at) / self._seconds), suppressed

    def _note(self, sender: Address, tokens: float, now: float, suppressed: int) -> None:
        self._senders.pop(_key(sender), None)
        self._senders[_key(sender)] = (tokens, now, suppressed)
        while len(self._senders) > self._SENDERS:
            self._senders.popitem(last=False)


def _key(sender: Address) -> str:
    return f"{sender.local}@{sender.domain}".lower()
