"""Pictures that several pages show: what was decided day by day, and by which rules."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from dlp_gateway.console.charts import Chart, Series
from dlp_gateway.model import Action
from dlp_gateway.policy.rules import RuleName
from dlp_gateway.store.figures import Figures

# How an action is called in a picture, and its colour.
ACTIONS = (
    (Action.DELIVER, "delivered", "delivered"),
    (Action.HOLD, "held", "held"),
    (Action.REFUSE, "refused", "refused"),
    (Action.RETURN, "returned", "returned"),
)


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
