"""Once a day reviewers hear in figures what waits for them; nothing of what is in it, nor who sent it to whom."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from dlp_gateway.model import Recipient, Zone
from dlp_gateway.quarantine.duty import Reader
from dlp_gateway.quarantine.notices import Letterhead, own_headers, parse, period, printable
from dlp_gateway.store import rounds
from dlp_gateway.store.change import change
from dlp_gateway.store.intake import add_outgoing
from dlp_gateway.store.keys import GatewayKeys
from dlp_gateway.store.values import Kind, Outgoing
from dlp_gateway.store.workload import AGES, SOON_DAYS, Workload

_ROUND = "digest"
_CLASSES = (
    f"less than {AGES[0]} day",
    *(f"{young} to {old} days" for young, old in itertools.pairwise(AGES)),
    f"over {AGES[-1]} days",
)


def last_due(now: float, hour: int, zone: ZoneInfo) -> float:
    """The last moment up to ``now`` at which it was ``hour`` o'clock in ``zone``; seconds since the epoch."""
    local = dt.datetime.fromtimestamp(now, zone)
    for days in (0, 1):
        # By the wall clock, so that the hour stays the same when clocks are changed.
        at = dt.datetime.combine(local.date() - dt.timedelta(days), dt.time(hour), zone).timestamp()
        if at <= now:
            return at
    return now  # Never: yesterday's hour is over.


def compose(letterhead: Letterhead, reader: Reader, workload: Workload, now: float) -> bytes:
    """The digest for one reader as a complete message with CRLF line ends."""
    to = parse(reader.address)
    held = "message waits" if workload.total == 1 else "messages wait"
    lines = [
        *own_headers(letterhead, to, f"{workload.total} held {held} for review", "digest", now),
        "",
        f"{'held for':<20}{'ordinary':>10}{'high-risk':>11}",
    ]
    for number, name in enumerate(_CLASSES):
        ordinary, risky = (workload.waiting.get((number, two), 0) for two in (False, True))
        if ordinary or risky:
            lines.append(f"{name:<20}{ordinary:>10}{risky:>11}")
    lines.append("")
    lines += _line(
        workload.expiring, f"will be deleted within {SOON_DAYS} days", letterhead, f"held/?expires={SOON_DAYS}"
    )
    lines += _line(workload.appeals, "have a sender who asks for release", letterhead, "held/?state=appeal")
    lines += _line(workload.restricted, "are at rest for a dispute", letterhead, "held/?state=restricted")
    if letterhead.console:
        lines += [f"All of them: {letterhead.console}/held/", ""]
    lines.append("High-risk messages need two different reviewers.")
    lines.append(f"What nobody releases within {period(letterhead.retention_days)} is deleted, never sent.")
    if reader.stands_in_for:
        lines += ["", f"You stand in for: {', '.join(printable(name) for name in reader.stands_in_for)}."]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "replace")


def send(
    letterhead: Letterhead,
    readers: Sequence[Reader],
    workload: Workload,
    now: float,
    since: float,
    keys: GatewayKeys,
) -> int:
    """Queue the digests unless some gateway did since ``since``; returns how many. Nothing waits: nobody is told.

    ``readers`` are all of the organisation. Raises StoreError.
    """
    with change() as made:
        if not rounds.take(made.cursor, _ROUND, now, since) or not workload.total:
            return 0
        for reader in readers:
            content = compose(letterhead, reader, workload, now)
            to = Recipient(parse(reader.address), ("NEVER",))
            add_outgoing(made.rows, Outgoing(Kind.NOTICE, to, Zone.INTERNAL, content), keys, now)
    return len(readers)


def _line(count: int, what: str, letterhead: Letterhead, page: str) -> list[str]:
    if not count:
        return []
    where = [f"  {letterhead.console}/{page}"] if letterhead.console else []
    return [f"{count} of them {what}.", *where, ""]
