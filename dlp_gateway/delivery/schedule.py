"""When to try again, and when to give up. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

from dlp_gateway.model import DAY


@dataclass(frozen=True, slots=True)
class Schedule:
    """Growing pauses between attempts, in seconds.

    The pause after attempt n (from 0) is ``first * factor**n``, at most
    ``longest``, moved by up to ``jitter`` of itself to either side, so that
    mail deferred together does not come back together. A message older than
    ``expiry`` is given up (RFC 5321, 4.5.4.1 asks for 4-5 days at least).
    With ``warn_after`` its sender hears of the delay once. ``uncertain`` is
    the least pause after an attempt that may have delivered the message.
    """

    first: float = 60.0
    factor: float = 2.0
    longest: float = 3600.0
    jitter: float = 0.2
    expiry: float = 5 * DAY
    warn_after: float | None = None
    uncertain: float = 3600.0

    def __post_init__(self) -> None:
        if self.first <= 0 or self.factor < 1 or self.longest < self.first or not 0 <= self.jitter < 1:
            raise ValueError("a schedule has 0 < first <= longest, factor >= 1 and 0 <= jitter < 1")
        if self.uncertain <= 0:
            raise ValueError("a schedule has 0 < uncertain")
        if self.expiry <= 0 or (self.warn_after is not None and not 0 < self.warn_after < self.expiry):
            raise ValueError("a schedule has 0 < warn_after < expiry")

    @property
    def farthest(self) -> float:
        """The longest that ``next_attempt`` lets anything wait, in seconds."""
        return max(self.longest, self.uncertain) * (1 + self.jitter)

    def pause(self, attempts: int, chance: float, least: float = 0.0, stretch: float = 1.0) -> float:
        """Return the seconds to wait after ``attempts`` earlier ones, at least ``least``.

        ``chance`` is in [0, 1). ``stretch`` makes the pause longer, up to
        ``longest``.
        """
        # factor**attempts overflows for a message that is tried very often.
        growth = self.factor ** min(attempts, 64) * stretch
        pause = min(self.first * growth, self.longest) * (1 + self.jitter * (2 * chance - 1))
        return max(pause, least * (1 + self.jitter * chance))

    def next_attempt(
        self, attempts: int, queued_at: float, now: float, chance: float, least: float = 0.0, stretch: float = 1.0
    ) -> float | None:
        """Return when to try again, or None when the message has expired.

        The last attempt falls on the moment of expiry, and one falls on the
        moment of the warning, unless that is sooner than ``least`` from now.
        """
        end, soonest = queued_at + self.expiry, now + least
        if now >= end or soonest > end:
            return None
        due = min(now + self.pause(attempts, chance, least, stretch), end)
        warning = queued_at + self.warn_after if self.warn_after is not None else due
        return max(min(due, warning), soonest) if now < warning else due

    def warns(self, due_at: float | None, queued_at: float, now: float, next_attempt: float | None = None) -> bool:
        """Tell whether the attempt due at ``due_at`` that just failed is the one to warn of.

        True for exactly one attempt of a message: the first to end after the
        mark if it was still due at or before it, or else the last to end before
        it, where only ``least`` let ``next_attempt`` jump over the mark.
        """
        if self.warn_after is None:
            return False
        mark = queued_at + self.warn_after
        if now < mark:
            return next_attempt is not None and next_attempt > mark
        return due_at is not None and due_at <= mark
