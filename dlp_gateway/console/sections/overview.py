"""The first page: what was decided, what waits, how the gateway is."""

from __future__ import annotations

import itertools
from typing import Any

from django.shortcuts import render

from dlp_gateway.console import health
from dlp_gateway.console.charts import Chart, Series, table
from dlp_gateway.console.pages import Page
from dlp_gateway.console.pictures import by_action, by_rule
from dlp_gateway.console.roles import Right
from dlp_gateway.model import Action
from dlp_gateway.store import counters, hours
from dlp_gateway.store.figures import total
from dlp_gateway.store.workload import AGES, waiting_by_age

DAYS = 30
_AGES = (
    f"under {AGES[0]}",
    *(f"{young} to {old}" for young, old in itertools.pairwise(AGES)),
    f"over {AGES[-1]}",
)


def overview(request: Any) -> Any:
    """Figures of now and of the last days."""
    now = request.services.clock()
    counts = counters.counts(now)
    midnight = int(now // hours.DAY) * hours.DAY
    days = hours.by_day(midnight - (DAYS - 1) * hours.DAY, DAYS)
    today = days[-1][1]
    charts = [
        by_action("days", days),
        by_rule("rules", total(figures for _, figures in days), "in the last 30 days"),
        _waiting(now),
        _queued(counts),
    ]
    context = {
        "now": now,
        "counts": counts,
        "today": today,
        "stopped": sum(count for (action, _), count in today.actions.items() if action != Action.DELIVER),
        "held": counts.held,
        "queued": sum(counts.queued.values()),
        "charts": charts,
        "health": health.signs(request.services.settings, counts, now),
    }
    return render(request, "console/overview.html", context)


def _waiting(now: float) -> Chart:
    found = waiting_by_age(now)
    series = tuple(
        Series(word, paint, tuple(found.get((age, high), 0) for age in range(len(_AGES))))
        for high, word, paint in ((False, "ordinary", "ordinary"), (True, "high risk", "high"))
    )
    about = "Messages that wait for a reviewer, by their age in days; a high-risk one needs two reviewers."
    return Chart("waiting", "Waiting for review", about, "Age in days", _AGES, series)


def _queued(counts: counters.Counts) -> Chart:
    about = "Recipients whose delivery is queued now, by where they are."
    return table("queue", "Queue by zone", about, "Zone", sorted(counts.queued.items()), "plain")


PAGES = (Page("overview", "", overview, Right.SEE_FIGURES, label="Overview", key="o"),)
