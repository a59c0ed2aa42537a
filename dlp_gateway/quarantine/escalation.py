"""Held messages that nobody has looked at for too long are reported, without saying what is in them."""

from __future__ import annotations

from collections.abc import Sequence

from dlp_gateway.model import DAY, Recipient, Zone
from dlp_gateway.quarantine.duty import Reader
from dlp_gateway.quarantine.notices import Letterhead, own_headers, parse, period, printable
from dlp_gateway.store import holds, rounds
from dlp_gateway.store.change import change
from dlp_gateway.store.holds import Waiting, Wanted
from dlp_gateway.store.intake import add_outgoing
from dlp_gateway.store.keys import GatewayKeys
from dlp_gateway.store.values import Kind, Outgoing

_HOUR = 3600.0
_LISTED = 50
_ROUND = "escalation"


def overdue(hours: float, now: float) -> list[Waiting]:
    """What has been held for more than ``hours`` and is not frozen for a dispute; raises StoreError."""
    return holds.search(Wanted(restricted=False, held_before=now - hours * _HOUR))


def report(letterhead: Letterhead, reader: Reader, messages: Sequence[Waiting], now: float) -> bytes:
    """A message to whoever looks after the reviewers: identifiers, ages, rules; nothing else about the mail."""
    subject = f"{len(messages)} held message{'s' if len(messages) > 1 else ''} without a decision for too long"
    lines = [
        *own_headers(letterhead, parse(reader.address), subject, "escalation", now),
        "",
        "These messages are held and nobody has decided about them:",
        "",
        *(_line(message, now) for message in messages[:_LISTED]),
    ]
    if len(messages) > _LISTED:
        lines.append(f"  and {len(messages) - _LISTED} more")
    if letterhead.console:
        lines += ["", f"  {letterhead.console}/held/"]
    lines += ["", f"What nobody releases within {period(letterhead.retention_days)} is deleted, never sent."]
    if reader.stands_in_for:
        lines += ["", f"You stand in for: {', '.join(printable(name) for name in reader.stands_in_for)}."]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "replace")


def send(
    letterhead: Letterhead, readers: Sequence[Reader], messages: Sequence[Waiting], now: float, keys: GatewayKeys
) -> int:
    """Queue the reports unless some gateway did within the last day; returns how many.

    ``readers`` are all of the organisation. Raises StoreError.
    """
    if not readers or not messages:
        return 0
    with change() as made:
        if not rounds.take(made.cursor, _ROUND, now, now - DAY):
            return 0
        for reader in readers:
            content = report(letterhead, reader, messages, now)
            to = Recipient(parse(reader.address), ("NEVER",))
            add_outgoing(made.rows, Outgoing(Kind.NOTICE, to, Zone.INTERNAL, content), keys, now)
    return len(readers)


def _line(message: Waiting, now: float) -> str:
    return f"  {message.message_id}, held for {(now - message.held_at) / _HOUR:.0f} hours ({', '.join(message.rules)})"
