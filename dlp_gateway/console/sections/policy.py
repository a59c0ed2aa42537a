"""Policy: the rules in force as people read them, and every version of them with who put it into force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.shortcuts import render

from dlp_gateway.configfile import ConfigError
from dlp_gateway.console import rules
from dlp_gateway.console.allowlist import allowed, comparable, without_values
from dlp_gateway.console.difference import Line, difference
from dlp_gateway.console.pages import Page
from dlp_gateway.console.readable import readable
from dlp_gateway.console.roles import Right
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.load import load_policy
from dlp_gateway.policy.weakening import weaker
from dlp_gateway.store import versions
from dlp_gateway.store.versions import Version

LISTED = 200  # versions


@dataclass(frozen=True, slots=True)
class Files:
    """What differs between two versions, by file."""

    policy: list[Line]
    detection: list[Line]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.policy and not self.detection


def policy(request: Any) -> Any:
    """The rules in force."""
    services = request.services
    now = services.clock()
    today = services.settings.day(now)
    force = rules.in_force(services)
    configuration = services.configuration()
    services.looking()
    context = {
        "problems": services.problems,
        "force": force,
        "policy": force.loaded.policy,
        "readable": readable(force.loaded.policy, today),
        "tuning": force.tuning,
        "allowed": allowed(force.tuning.allow, now),
        "warnings": force.loaded.warnings,
        "waiting_weaker": weaker(force.loaded.policy, configuration.policy) if force.newer else (),
        "versions": versions.versions(LISTED),
        "listed": LISTED,
        "may_try": request.user.may(Right.TRY_POLICY),
        "may_detectors": request.user.may(Right.SEE_DETECTORS),
    }
    return render(request, "console/policy.html", context)


def version(request: Any, version: int) -> Any:
    """One version: its text, and what it changed."""
    chosen = versions.find(version)
    if chosen is None:
        raise Http404
    earlier = versions.before(version)
    day = request.services.settings.day
    now, then = _policy(chosen, day), _policy(earlier, day) if earlier else None
    context = {
        "version": chosen,
        "earlier": earlier,
        "changes": _files(earlier, chosen) if earlier else None,
        "weaker": weaker(then, now) if now and then else (),
        "consent": now.supersedes if now else None,
        "policy_text": chosen.policy,
        "detection_text": without_values(chosen.detection),
    }
    return render(request, "console/policy_version.html", context)


def compare(request: Any) -> Any:
    """What differs between any two versions."""
    every = versions.versions(LISTED)
    old, new = (_chosen(request.GET.get(name, "")) for name in ("old", "new"))
    day = request.services.settings.day
    then, now = (_policy(one, day) if one else None for one in (old, new))
    context = {
        "versions": every,
        "old": old,
        "new": new,
        "changes": _files(old, new) if old and new else None,
        "weaker": weaker(then, now) if then and now else (),
    }
    return render(request, "console/policy_compare.html", context)


def _chosen(number: str) -> Version | None:
    return versions.find(int(number)) if number.isascii() and number.isdigit() and len(number) < 18 else None


def _files(old: Version, new: Version) -> Files:
    detection = difference(*comparable(old.detection, new.detection))
    return Files(difference(old.policy, new.policy), detection)


def _policy(version: Version, day: Callable[[float], dt.date]) -> Policy | None:
    """The policy of a version; None when this release does not take it."""
    try:
        return load_policy(version.policy, rules.POLICY_FILE, day(version.at)).policy
    except ConfigError:
        return None


PAGES = (
    Page("policy", "policy/", policy, Right.READ_POLICY, label="Policy", key="p"),
    Page("policy_compare", "policy/compare/", compare, Right.READ_POLICY),
    Page(
        "policy_version",
        "policy/<int:version>/",
        version,
        Right.READ_POLICY,
        example=(("version", "policy_version"),),
    ),
)
