"""Held messages that nobody has looked at for too long are reported, without saying what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import formatdate

from dlp_gateway.model import Address, Recipient, Zone
from dlp_gateway.quarantine.held import Held
from dlp_gateway.quarantine.notices import Letterhead
from dlp_gateway.store.change import change
from dlp_gateway.store.intake import add_outgoing
from dlp_gateway.store.keys import GatewayKeys
from dlp_gateway.store.values import Kind, Outgoing

_HOUR = 3600.0
_LISTED = 50


def overdue(waiting: Sequence[Held], hours: float, now: float) -> list[Held]:
    """Those of ``waiting`` that have been held for more than ``hours`` and are not frozen for a dispute."""
    return [message for message in waiting if message.restricted_at is None and now - message.held_at > hours * _HOUR]


def report(letterhead: Letterhead, to: Address, messages: Sequence[Held], now: float) -> bytes:
    """A message to whoever looks after the reviewers: identifiers, ages, rules; nothing else about the mail."""
    lines = [
        f"From: Data protection gateway <postmaster@{letterhead.hostname}>",
        f"To: <{to.literal}>",
        f"Subject: {len(messages)} held messages wait for review",
        f"Date: {formatdate(now)}",
        f"Message-ID: <escalation.{int(now)}@{letterhead.hostname}>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        "These messages are held and nobody has decided about them:",
        "",
        *(_line(message, now) for message in messages[:_LISTED]),
    ]
    if len(messages) > _LISTED:
        lines.append(f"  and {len(messages) - _LISTED} more")
    lines += ["", f"What nobody releases within {letterhead.retention_days} days is deleted, never sent."]
    return ("\r\n".join(lines) + "\r\n").encode()


def send(mails: Sequence[Outgoing], keys: GatewayKeys, now: float, pseudonyms: bytes | None) -> None:
    """Queue reports of our own. Raises StoreError."""
    with change(pseudonyms) as made:
        for mail in mails:
            add_outgoing(made.rows, mail, keys, now)


def outgoing(letterhead: Letterhead, addresses: Sequence[str], messages: Sequence[Held], now: float) -> list[Outgoing]:
    """One report for each of ``addresses``, all of the organisation (the settings are checked for that)."""
    mails = []
    for address in addresses:
        local, _, domain = address.rpartition("@")
        to = Address(local, domain.lower(), address)
        content = report(letterhead, to, messages, now)
        mails.append(Outgoing(Kind.NOTICE, Recipient(to, ("NEVER",)), Zone.INTERNAL, content))
    return mails


def _line(message: Held, now: float) -> str:
    rules = sorted({hit.rule for recipient in message.waiting for hit in recipient.hits if not hit.monitored})
    return f"  {message.message_id}, held for {(now - message.held_at) / _HOUR:.0f} hours ({', '.join(rules)})"
