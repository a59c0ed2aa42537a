"""Figures hour by hour: counted once when an hour is over, and kept after its messages are gone."""

from __future__ import annotations

from collections.abc import Iterator

from dlp_gateway.store import database
from dlp_gateway.store.figures import HOUR, Figures, add_encoded, count, encode

DAY = 86400

# A decision carries the moment its message came in; by this time it has been inspected and committed, or refused.
_SETTLED = 900
_BEGIN = (
    "SELECT MIN(at) FROM (SELECT MIN(at) AS at FROM dlp_message UNION ALL"
    " SELECT at FROM (SELECT at FROM dlp_audit_entry ORDER BY seq LIMIT 1) AS e) AS b"
)
_KEEP = "INSERT INTO dlp_hour (start, figures) VALUES (%s, %s) ON CONFLICT DO NOTHING"


def keep(now: float) -> int:
    """Count the hours that are over and were not counted yet; returns how many.

    Call it before anything of them is removed. Works a day at a time, so that mail goes on. Raises StoreError.
    """
    kept = 0
    until = int((now - _SETTLED) // HOUR) * HOUR
    start = _uncounted()
    while start is not None and start < until:
        end = min(until, start + DAY)
        found = count(start, end)
        rows = [(hour, encode(found.get(hour, Figures()))) for hour in range(start, end, HOUR)]
        with database.failures("the figures were not kept"), database.transact():
            database.cursor().executemany(_KEEP, rows)
        kept += len(rows)
        start = end
    return kept


def figures(since: float, before: float) -> Figures:
    """What was decided and done from ``since`` up to ``before`` (seconds since the epoch); raises StoreError."""
    found = Figures()
    for _, part in _parts(since, before):
        _add(found, part)
    return found


def first() -> int | None:
    """When the first hour began that was counted; None when none was. Raises StoreError."""
    with database.failures("the figures were not read"), database.cursor() as cursor:
        cursor.execute("SELECT MIN(start) FROM dlp_hour")
        found: int | None = cursor.fetchone()[0]
    return found


def by_day(since: int, days: int) -> list[tuple[int, Figures]]:
    """The figures of so many days, the first beginning at ``since``, each with its start; raises StoreError."""
    found = {since + n * DAY: Figures() for n in range(days)}
    for hour, part in _parts(since, since + days * DAY):
        _add(found[since + (hour - since) // DAY * DAY], part)
    return list(found.items())


def _parts(since: float, before: float) -> Iterator[tuple[int, Figures | str]]:
    """Whole hours as they are kept, the rest counted now."""
    first, last = -int(-since // HOUR) * HOUR, int(before // HOUR) * HOUR
    with database.failures("the figures were not read"), database.cursor() as cursor:
        cursor.execute(
            "SELECT start, figures FROM dlp_hour WHERE start >= %s AND start < %s ORDER BY start", (first, last)
        )
        kept = cursor.fetchall()
    if not kept:
        yield from count(since, before).items()
        return
    if since < kept[0][0]:
        yield from count(since, kept[0][0]).items()
    yield from kept
    if kept[-1][0] + HOUR < before:
        yield from count(kept[-1][0] + HOUR, before).items()


def _add(figures: Figures, part: Figures | str) -> None:
    if isinstance(part, str):
        add_encoded(figures, part)
    else:
        figures.add(part)


def _uncounted() -> int | None:
    with database.failures("the figures were not read"), database.cursor() as cursor:
        cursor.execute("SELECT MAX(start) FROM dlp_hour")
        last = cursor.fetchone()[0]
        if last is not None:
            return int(last) + HOUR
        cursor.execute(_BEGIN)
        first = cursor.fetchone()[0]
    return None if first is None else int(first // HOUR) * HOUR
