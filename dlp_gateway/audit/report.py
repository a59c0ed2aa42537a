"""A month in figures, for management and the regulator: no address, no content, nothing of a single message."""

from __future__ import annotations

import calendar
import datetime as dt
from collections import Counter
from dataclasses import dataclass

from dlp_gateway.audit.chain import EntryKind
from dlp_gateway.audit.runs import Run, runs
from dlp_gateway.model import Action, Zone
from dlp_gateway.store import hours, reporting
from dlp_gateway.store.figures import ENDS, Figures, total
from dlp_gateway.store.reporting import Requests, Version

_DECIDED = (EntryKind.RELEASE, EntryKind.RETURN, EntryKind.DELETE)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar, UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, at: float) -> Month:
        """The month of a moment (seconds since the epoch)."""
        day = dt.datetime.fromtimestamp(at, dt.UTC)
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """``2026-11``; raises ValueError for anything else."""
        day = dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC)
        return cls(day.year, day.month)

    @property
    def since(self) -> int:
        """Its first second."""
        return int(dt.datetime(self.year, self.month, 1, tzinfo=dt.UTC).timestamp())

    @property
    def before(self) -> int:
        """The first second behind it."""
        return self.next.since

    @property
    def days(self) -> int:
        """How many it has."""
        return calendar.monthrange(self.year, self.month)[1]

    @property
    def next(self) -> Month:
        """The month behind it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def last(self) -> Month:
        """The month before it."""
        return Month(self.year - 1, 12) if self.month == 1 else Month(self.year, self.month - 1)

    @property
    def name(self) -> str:
        """For people: ``November 2026``."""
        return f"{calendar.month_name[self.month]} {self.year}"

    def __str__(self) -> str:
        """For addresses and file names: ``2026-11``."""
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule: recipients it stopped, would have stopped, was excepted for; and what became of what it held."""

    rule: str
    enforced: int
    monitored: int
    excepted: int
    ends: tuple[int, ...]
    released_share: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A month in figures; ``whole`` says that the month is over. Shares are between 0 and 1, None without a basis.

    ``median`` and ``p90`` are minutes from the hold to a reviewer's decision.
    """

    month: Month
    made_at: float
    whole: bool
    days: tuple[tuple[int, Figures], ...]
    figures: Figures
    before: Figures
    rules: tuple[RuleLine, ...]
    entities: tuple[tuple[str, int, int], ...]
    median: int | None
    p90: int | None
    released_share: float | None
    waiting: int
    requests: Requests
    runs: tuple[Run, ...]
    versions: tuple[Version, ...]

    @property
    def recipients(self) -> int:
        """Recipients decided on."""
        return self.figures.actions.total()

    def action(self, action: str, zone: str | None = None) -> int:
        """Recipients with an action, in one zone or all."""
        return sum(n for (a, z), n in self.figures.actions.items() if a == action and zone in (None, z))

    @property
    def actions(self) -> list[tuple[str, tuple[int, ...]]]:
        """The table of actions: for each its recipients by zone (internal, partner, external), and all."""
        return [(a.value, (*(self.action(a, z) for z in Zone), self.action(a))) for a in Action]

    @property
    def stopped(self) -> int:
        """Recipients to whom something was not delivered at once."""
        return self.recipients - self.action(Action.DELIVER)

    @property
    def stopped_before(self) -> int:
        """The same of the month before."""
        return sum(n for (action, _), n in self.before.actions.items() if action != Action.DELIVER)

    @property
    def sound(self) -> bool | None:
        """Whether every verification of the month found the record whole; None when there was none."""
        return all(not run.broken for run in self.runs) if self.runs else None


def month(wanted: Month, now: float) -> Report:
    """The report of a month, as far as it has gone by ``now``; raises StoreError."""
    days = tuple(hours.by_day(wanted.since, wanted.days))
    figures = total(part for _, part in days)
    last = wanted.last
    return Report(
        month=wanted,
        made_at=now,
        whole=now >= wanted.before,
        days=days,
        figures=figures,
        before=hours.figures(last.since, last.before),
        rules=tuple(_rules(figures)),
        entities=tuple(_entities(figures)),
        median=percentile(figures.waited, 0.5),
        p90=percentile(figures.waited, 0.9),
        released_share=_share(figures.acts),
        waiting=reporting.waiting_at(min(now, wanted.before)),
        requests=reporting.requests(wanted.since, wanted.before),
        runs=tuple(runs(wanted.since, wanted.before)),
        versions=tuple(reporting.versions(wanted.since, wanted.before)),
    )


def percentile(waited: Counter[str], share: float) -> int | None:
    """The number of minutes within which that share of decisions fell; None without decisions."""
    rank, passed = share * waited.total(), 0
    for minutes in sorted(map(int, waited)):
        passed += waited[str(minutes)]
        if passed >= rank:
            return minutes
    return None


def _rules(figures: Figures) -> list[RuleLine]:
    names = dict.fromkeys(sorted({rule for rule, _ in (*figures.rules, *figures.outcomes)}))
    lines = []
    for rule in names:
        ends = Counter[str]({kind.value: figures.outcomes[rule, kind] for kind in ENDS})
        spoke = {mode: figures.rules[rule, mode] for mode in ("enforced", "monitored", "excepted")}
        lines.append(RuleLine(rule, **spoke, ends=tuple(ends[kind] for kind in ENDS), released_share=_share(ends)))
    return sorted(lines, key=lambda line: (-line.enforced, -line.monitored, line.rule))


def _entities(figures: Figures) -> list[tuple[str, int, int]]:
    names = {entity for entity, _ in figures.entities}
    found = [(name, figures.entities[name, "stopped"], figures.entities[name, "delivered"]) for name in names]
    return sorted(found, key=lambda line: (-line[1], -line[2], line[0]))


def _share(ends: Counter[str]) -> float | None:
    """The released among what reviewers decided: a sign of false alarms."""
    decided = sum(ends[kind] for kind in _DECIDED)
    return ends[EntryKind.RELEASE] / decided if decided else None
