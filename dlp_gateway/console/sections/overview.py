"""The first page: what was decided, what waits, how the gateway is."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.shortcuts import render

from dlp_gateway.console import health
from dlp_gateway.console.charts import Chart, Series, table
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.model import Action
from dlp_gateway.policy.rules import RuleName
from dlp_gateway.store import counters, hours
from dlp_gateway.store.figures import Figures, total

DAYS = 30
# How an action is called in a picture, and its colour.
ACTIONS = (
    (Action.DELIVER, "delivered", "delivered"),
    (Action.HOLD, "held", "held"),
    (Action.REFUSE, "refused", "refused"),
    (Action.RETURN, "returned", "returned"),
)
_AGES = ("under 1 day", "1 to 3 days", "3 to 7 days", "7 to 14 days", "over 14 days")


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
        "held": sum(counts.held.values()),
        "queued": sum(counts.queued.values()),
        "charts": charts,
        "health": health.signs(request.services.settings, counts, now),
    }
    return render(request, "console/overview.html", context)


def by_action(name: str, days: Sequence[tuple[int, Figures]]) -> Chart:
    """Recipients by day and action; what was delivered is left to the table when it hides the rest."""
    labels = tuple(dt.datetime.fromtimestamp(start, dt.UTC).strftime("%d %b").lstrip("0") for start, _ in days)
    counted = [Counter[str]() for _ in days]
    for counter, (_, figures) in zip(counted, days, strict=True):
        for (action, _), count in figures.actions.items():
            counter[action] += count
    series = tuple(Series(word, paint, tuple(one[action] for one in counted)) for action, word, paint in ACTIONS)
    about = f"Recipients of decided messages, day by day from {labels[0]} to {labels[-1]} (UTC), by what was decided."
    return Chart(name, "Decided by day and action", about, "Day", labels, tuple(s for s in series if s.total) or series)


def by_rule(name: str, figures: Figures, period: str) -> Chart:
    """Recipients that each rule spoke against: enforced, and only monitored."""
    rules = tuple(rule.value for rule in RuleName if any(figures.rules[rule, how] for how in ("enforced", "monitored")))
    series = tuple(
        Series(how, paint, tuple(figures.rules[rule, how] for rule in rules))
        for how, paint in (("enforced", "held"), ("monitored", "monitored"))
    )
    about = f"Recipients that a rule spoke against {period}; a monitored rule is recorded and stops nothing."
    return Chart(name, "Stopped by rule", about, "Rule", rules, series, lying=True)


def _waiting(now: float) -> Chart:
    found = counters.waiting_by_age(now)
    series = tuple(
        Series(word, paint, tuple(found[age, high] for age in range(len(_AGES))))
        for high, word, paint in ((False, "ordinary", "ordinary"), (True, "high risk", "high"))
    )
    about = "Messages that wait for a reviewer, by their age; a high-risk one needs two reviewers."
    return Chart("waiting", "Waiting for review", about, "Age", _AGES, series)


def _queued(counts: counters.Counts) -> Chart:
    about = "Recipients whose delivery is queued now, by where they are."
    return table("queue", "Queue by zone", about, "Zone", sorted(counts.queued.items()), "plain")


PAGES = (Page("overview", "", overview, Right.SEE_FIGURES, label="Overview", key="o"),)
