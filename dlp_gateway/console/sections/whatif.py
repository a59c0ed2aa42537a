"""What if: other rules or thresholds, tried on decisions of the past. Nothing is changed and nothing is sent."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.shortcuts import render

from dlp_gateway.configfile import ConfigError, Problem, Severity
from dlp_gateway.console import rules
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.console.rules import DETECTION_FILE, LONGEST_TEXT, POLICY_FILE, SINGLES, InForce, Proposal, Single
from dlp_gateway.detection.retuning import Retuning
from dlp_gateway.model import DAY
from dlp_gateway.policy import replay
from dlp_gateway.policy.explain import wording
from dlp_gateway.policy.replay import Comparison, Direction, Rules
from dlp_gateway.policy.rules import RuleName
from dlp_gateway.policy.weakening import weaker
from dlp_gateway.store import past

PERIODS = (7, 30)  # days
AMOUNTS = (1000, 5000, 10_000)  # decisions
SHOWN = 200  # flips, one by one
MOST_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Run:
    """A trial of a proposal: what came of it, over what, and what it cannot show."""

    days: int
    total: int
    taken: int
    seconds: float
    found: Comparison
    unseen: tuple[str, ...]
    weaker: tuple[str, ...]
    warnings: tuple[Problem, ...]

    @property
    def tried(self) -> int:
        """Decisions that were looked at; fewer than ``taken`` when the time was up."""
        return self.found.decided + self.found.unknown

    @property
    def directions(self) -> list[tuple[str, int]]:
        """The directions with their counts."""
        return [(direction.value, self.found.directions[direction]) for direction in Direction]

    @property
    def by_rule(self) -> list[tuple[str, str, int, int]]:
        """Rule, its fault in words, decisions it newly speaks against, and those it no longer does."""
        counts = self.found.rules
        return [
            (rule, wording(rule).fault, counts[rule, "new"], counts[rule, "gone"])
            for rule in RuleName
            if counts[rule, "new"] or counts[rule, "gone"]
        ]


@dataclass(frozen=True, slots=True)
class Told:
    """A problem with the line it stands in."""

    problem: Problem
    line: str

    @property
    def warning(self) -> bool:
        """Whether it does not stand in the way."""
        return self.problem.severity is Severity.WARNING


def whatif(request: Any) -> Any:
    """The form with the rules in force; after it was sent, what would have been decided."""
    services = request.services
    now = services.clock()
    _, catalogue = services.looking()
    force = rules.in_force(services)
    given: Mapping[str, str] = request.POST if request.method == "POST" else {"entity": request.GET.get("entity", "")}
    texts = {
        POLICY_FILE: given.get("policy", force.version.policy),
        DETECTION_FILE: given.get("detection", force.detection),
    }
    days, amount = _chosen(given, "days", PERIODS, 30), _chosen(given, "amount", AMOUNTS, AMOUNTS[0])
    context: dict[str, Any] = {
        "policy": texts[POLICY_FILE],
        "detection": texts[DETECTION_FILE],
        "changed": texts != {POLICY_FILE: force.version.policy, DETECTION_FILE: force.detection},
        "modes": [_field(one, given, force) for one in SINGLES if one.name.startswith("mode-")],
        "singles": [_field(one, given, force) for one in SINGLES if not one.name.startswith("mode-")],
        "entity": given.get("entity", ""),
        "entity_threshold": given.get("entity-threshold", ""),
        "entities": sorted(catalogue.names),
        "force": force,
        "days": days,
        "amount": amount,
        "periods": PERIODS,
        "amounts": AMOUNTS,
        "longest": LONGEST_TEXT,
        "shown": SHOWN,
        "may_see": request.user.may(Right.SEE_DECISIONS),
    }
    status = 200
    if request.method == "POST":
        try:
            today = services.settings.day(now)
            proposal = rules.propose(texts[POLICY_FILE], texts[DETECTION_FILE], given, today, catalogue)
            limits = Retuning(force.tuning, proposal.tuning, catalogue.limits)
            context["run"] = run = _run(force, proposal, limits, days, amount, now, services.settings.day)
            context["warnings"] = _told(run.warnings, texts)
        except ConfigError as error:
            context["problems"], status = _told(error.problems, texts), 422
    return render(request, "console/whatif.html", context, status=status)


def _run(
    force: InForce,
    proposal: Proposal,
    limits: Retuning,
    days: int,
    amount: int,
    now: float,
    day: Callable[[float], dt.date],
) -> Run:
    """Decide the decisions of a period again, by both."""
    started = time.monotonic()
    chosen = past.sample(now - days * DAY, now, amount)
    before = Rules(force.loaded.policy, Retuning(force.tuning, force.tuning, limits.limits).stands, day)
    after = Rules(proposal.loaded.policy, limits.stands, day)
    in_time = itertools.takewhile(lambda _: time.monotonic() - started < MOST_SECONDS, chosen.decisions())
    found = replay.compare(before, after, in_time, SHOWN)
    return Run(
        days=days,
        total=chosen.total,
        taken=len(chosen.ids),
        seconds=time.monotonic() - started,
        found=found,
        unseen=(*replay.unseen(before.policy, after.policy), *limits.unseen()),
        weaker=tuple(map(str, weaker(before.policy, after.policy))),
        warnings=proposal.loaded.warnings,
    )


@dataclass(frozen=True, slots=True)
class Field:
    """A single change in the form, with what holds now and what was chosen."""

    single: Single
    present: str
    chosen: str


def _field(single: Single, given: Mapping[str, str], force: InForce) -> Field:
    return Field(single, _present(single, force), given.get(single.name, ""))


def _present(single: Single, force: InForce) -> str:
    value: Any = force.loaded.policy if single.file == POLICY_FILE else force.tuning
    for step in single.location:
        value = getattr(value, step.replace("-", "_"))
    return str(value)


def _chosen(given: Mapping[str, str], name: str, choices: Sequence[int], default: int) -> int:
    chosen = given.get(name, "")
    return int(chosen) if chosen in map(str, choices) else default


def _told(problems: Sequence[Problem], texts: Mapping[str, str]) -> list[Told]:
    lines = {file: text.splitlines() for file, text in texts.items()}
    return [
        Told(one, lines[one.file][one.line - 1] if one.file in lines and 0 < one.line <= len(lines[one.file]) else "")
        for one in problems
    ]


PAGES = (Page("whatif", "whatif/", whatif, Right.TRY_POLICY, ("GET", "POST"), label="What if", key="w"),)
