"""Figures hour by hour: counted once when an hour is over, and kept after its messages are gone."""

from __future__ import annotations

from collections.abc import Iterator

from dlp_gateway.store import database
from dlp_gateway.store.figures import HOUR, Figures, add_encoded, count, encode
from dlp_gateway.store.values import Kind

DAY = 86400

# A decision carries the moment its message came in; by this time it has been inspected and committed, or refused.
_SETTLED = 900
_BEGIN = (
    "SELECT MIN(at) FROM (SELECT MIN(at) AS at FROM dlp_message UNION ALL"
    " SELECT at FROM (SELECT at FROM dlp_audit_entry WHERE seq >= 1 ORDER BY seq LIMIT 1) AS e) AS b"
)
_KEEP = "INSERT INTO dlp_hour (start, figures) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_EMPTY = encode(Figures())
_FORGET_EMPTY = "DELETE FROM dlp_hour WHERE start >= %s AND figures = %s"
# An hour that was counted before it was over, and not again until it was: its mail shows that.
_FORGET_WRONG = (
    "DELETE FROM dlp_hour WHERE start >= %s AND start < %s AND figures = %s AND EXISTS"
    " (SELECT 1 FROM dlp_message m WHERE m.kind = %s AND m.at >= dlp_hour.start AND m.at < dlp_hour.start + %s)"
)
_LOOKED_BACK = 31 * DAY
_AHEAD = "SELECT start, figures FROM dlp_hour WHERE start >= %s ORDER BY start LIMIT %s"
_FORGET = "DELETE FROM dlp_hour WHERE start = %s"
# Hours with figures that a clock was ahead when it counted them; more than these are looked at by the next call.
_MOST_AHEAD = 48
# The last hour before one that was not counted.
_COUNTED = (
    "SELECT MIN(h.start) FROM dlp_hour h WHERE NOT EXISTS (SELECT 1 FROM dlp_hour n WHERE n.start = h.start + %s)"
)


def keep(now: float) -> int:
    """Count the hours that are over and were not counted yet; returns how many.

    Call it before anything of them is removed. Works a day at a time, so that mail goes on. What a clock
    that was ahead has counted too early is counted again. Raises StoreError.
    """
    kept = 0
    until = int((now - _SETTLED) // HOUR) * HOUR
    _forget_early(until)
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
    at = since
    for hour, part in kept:
        if at < hour:
            yield from count(at, hour).items()
        yield hour, part
        at = hour + HOUR
    if at < before:
        yield from count(at, before).items()


def _add(figures: Figures, part: Figures | str) -> None:
    if isinstance(part, str):
        add_encoded(figures, part)
    else:
        figures.add(part)


def _forget_early(until: int) -> None:
    """Forget hours that were counted before they were over, except for what cannot be counted again.

    There is such where this clock is the wrong one, and behind.
    """
    with database.failures("the figures were not kept"), database.transact():
        cursor = database.cursor()
        cursor.execute(_FORGET_EMPTY, (until, _EMPTY))
        cursor.execute(_FORGET_WRONG, (until - _LOOKED_BACK, until, _EMPTY, Kind.MAIL.value, HOUR))
        cursor.execute(_AHEAD, (until, _MOST_AHEAD))
        rows = cursor.fetchall()
        again = [(start,) for start, kept in rows if _includes(count(start, start + HOUR).get(start, Figures()), kept)]
        cursor.executemany(_FORGET, again)


def _includes(figures: Figures, kept: str) -> bool:
    """Whether the figures say everything that is kept; more may have come since."""
    before = Figures()
    add_encoded(before, kept)
    return all(getattr(before, name) <= getattr(figures, name) for name in Figures.__dataclass_fields__)


def _uncounted() -> int | None:
    with database.failures("the figures were not read"), database.cursor() as cursor:
        cursor.execute(_COUNTED, (HOUR,))
        last = cursor.fetchone()[0]
        if last is not None:
            return int(last) + HOUR
        cursor.execute(_BEGIN)
        first = cursor.fetchone()[0]
    return None if first is None else int(first // HOUR) * HOUR
