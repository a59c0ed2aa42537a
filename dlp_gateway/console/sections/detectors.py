"""How detectors do: what each entity is, how often it is found, and how often it stops mail that is let go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import render

from dlp_gateway.console.allowlist import Allowed, allowed
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.detection.catalogue import Catalogue, Detector
from dlp_gateway.model import Tier
from dlp_gateway.store import hits
from dlp_gateway.store.hits import Tally

_LANGUAGES = 5  # are named in a line of the list
TIERS = (Tier.HIGH_RISK, Tier.PERSONAL, Tier.CONTACT)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list."""

    entity: str
    tier: Tier | None
    detectors: tuple[Detector, ...]
    tally: Tally

    @property
    def languages(self) -> str:
        """Those of all its detectors, or how many; "any" where one asks for none."""
        if any(not detector.languages or "any" in detector.languages for detector in self.detectors):
            return "any"
        found = sorted({language for detector in self.detectors for language in detector.languages})
        return ", ".join(found) if len(found) <= _LANGUAGES else f"{len(found)} languages"

    @property
    def thresholds(self) -> str:
        """The thresholds in force, from the lowest to the highest."""
        return span([one.threshold for one in self.detectors if one.enabled])

    @property
    def off(self) -> bool:
        """Whether nothing looks for it."""
        return bool(self.detectors) and not any(detector.enabled for detector in self.detectors)

    @property
    def references(self) -> tuple[str, ...]:
        """The authorities' pages, each once."""
        return tuple(dict.fromkeys(detector.reference for detector in self.detectors))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list: by what it sorts, and whether the greatest comes first."""

    name: str
    label: str
    key: Callable[[Row], Any]
    greatest_first: bool = False


_COLUMNS = (
    Column("entity", "Entity", lambda row: row.entity),
    Column("tier", "Tier", lambda row: TIERS.index(row.tier) if row.tier else len(TIERS)),
    Column("week", "7 days", lambda row: row.tally.found[0], greatest_first=True),
    Column("month", "30 days", lambda row: row.tally.found[1], greatest_first=True),
    Column("quarter", "90 days", lambda row: row.tally.found[2], greatest_first=True),
    Column("stopped", "Stopped", lambda row: row.tally.stopped, greatest_first=True),
    Column("share", "Let go", lambda row: -1.0 if row.tally.share is None else row.tally.share, greatest_first=True),
    Column("marks", "Marks", lambda row: row.tally.marks, greatest_first=True),
)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column, with the link that sorts by it."""

    label: str
    number: bool
    query: str
    order: str


def span(thresholds: Iterable[float | None]) -> str:
    """Thresholds as people read them: one, or the lowest and the highest; None is a model's own."""
    known = sorted({one for one in thresholds if one is not None})
    if not known:
        return "the model's own"
    return f"{known[0]:g}" if len(known) == 1 else f"{known[0]:g} to {known[-1]:g}"


def rows_of(catalogue: Catalogue, tallies: Mapping[str, Tally]) -> list[Row]:
    """Every entity that is looked for or was found."""
    by_entity: dict[str, list[Detector]] = {entity: [] for entity in sorted({*catalogue.entities, *tallies})}
    for detector in catalogue.detectors:
        by_entity[detector.entity].append(detector)
    return [
        Row(
            entity,
            min((detector.tier for detector in found), key=TIERS.index, default=None),
            tuple(found),
            tallies.get(entity, Tally(entity)),
        )
        for entity, found in by_entity.items()
    ]


def detectors(request: Any) -> Any:
    """Every entity with its figures."""
    services = request.services
    _, catalogue = services.looking()
    every = rows_of(catalogue, hits.tallies(services.clock()))
    tier, words = request.GET.get("tier", ""), request.GET.get("words", "").strip().lower()
    shown = [row for row in every if (not tier or row.tier == tier) and (not words or _mentions(row, words))]
    column = next((one for one in _COLUMNS if one.name == request.GET.get("sort")), _COLUMNS[0])
    backwards = column.greatest_first != (request.GET.get("order") == "reverse")
    shown.sort(key=column.key, reverse=backwards)
    context = {
        "rows": shown,
        "count": len(every),
        "heads": _heads(column, {"tier": tier, "words": words}, reverse=request.GET.get("order") == "reverse"),
        "tiers": [one.value for one in TIERS],
        "tier": tier,
        "words": words,
        "narrowed": bool(tier or words),
        "detectors": len(catalogue.detectors),
    }
    return render(request, "console/detectors.html", context)


def entity(request: Any, entity: str) -> Any:
    """One entity: its detectors, examples, words, allow-list and the last decisions about it."""
    services = request.services
    now = services.clock()
    tuning, catalogue = services.looking()
    row = next((one for one in rows_of(catalogue, hits.tallies(now)) if one.entity == entity), None)
    if row is None:
        raise Http404
    found = hits.by_detector(entity, now)
    gone = sorted(set(found) - {detector.name for detector in row.detectors})
    context = {
        "row": row,
        "lines": [(detector, found.get(detector.name, (0, 0, 0))) for detector in row.detectors],
        "gone": [(name, found[name]) for name in gone],
        "allowed": _concerning(allowed(tuning.allow, now), row),
        "recent": hits.recent(entity),
        "may_see": request.user.may(Right.SEE_DECISIONS),
        "may_try": request.user.may(Right.TRY_POLICY),
    }
    return render(request, "console/entity.html", context)


def _concerning(entries: Sequence[Allowed], row: Row) -> list[Allowed]:
    names = {row.entity, *(detector.name for detector in row.detectors)}
    return [one for one in entries if one.entity in names]


def _mentions(row: Row, words: str) -> bool:
    texts = (row.entity, *(text for one in row.detectors for text in (one.name, one.pack, *one.context)))
    return any(words in text.lower() for text in texts)


def _heads(sorted_by: Column, kept: Mapping[str, str], *, reverse: bool) -> list[Head]:
    heads = []
    for column in _COLUMNS:
        here = column is sorted_by
        query = {key: value for key, value in kept.items() if value} | {"sort": column.name}
        if here and not reverse:
            query["order"] = "reverse"
        falling = column.greatest_first != reverse
        order = ("descending" if falling else "ascending") if here else ""
        heads.append(Head(column.label, column.name not in {"entity", "tier"}, urlencode(query), order))
    return heads


PAGES = (
    Page("detectors", "detectors/", detectors, Right.SEE_DETECTORS, label="Detectors", key="e"),
    Page("entity", "detectors/<str:entity>/", entity, Right.SEE_DETECTORS, example=(("entity", "entity"),)),
)
