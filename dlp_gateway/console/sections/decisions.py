"""Decisions: the searchable list, one page a decision, and the list for other systems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404
from django.shortcuts import render

from dlp_gateway.audit import decided as exports
from dlp_gateway.audit.runs import last_run
from dlp_gateway.console.filters import Filter, download
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.console.sections import timeline
from dlp_gateway.model import Action, Address, Finding, Recipient, Tier, Verdict, Zone
from dlp_gateway.policy.explain import story
from dlp_gateway.policy.rules import RuleName
from dlp_gateway.store import decision_log, decisions, history
from dlp_gateway.store.decision_log import Mark, Wanted
from dlp_gateway.store.decisions import Fate

_PAGE = 50
_SHOWN_FINDINGS = 200
_FORMATS = {
    "csv": (exports.csv_lines, "text/csv; charset=utf-8"),
    "json": (exports.json_lines, "application/x-ndjson"),
    "cef": (exports.cef_lines, "text/plain; charset=utf-8"),
}


def _choices(values: Iterable[str]) -> list[tuple[str, str]]:
    return [("", "any"), *((value, value) for value in values)]


class Search(Filter):
    """Which decisions are looked for."""

    field_order = ("decision_id", "sender", "recipient")

    decision_id = forms.CharField(label="Decision", required=False, max_length=64)
    sender = forms.CharField(label="Sender", required=False, max_length=320, help_text="address or domain")
    recipient = forms.CharField(label="Recipient", required=False, max_length=320, help_text="address or domain")
    action = forms.ChoiceField(label="Action", required=False, choices=_choices(action.value for action in Action))
    rule = forms.ChoiceField(label="Rule", required=False, choices=_choices(rule.value for rule in RuleName))
    zone = forms.ChoiceField(label="Zone", required=False, choices=_choices(zone.value for zone in Zone))
    entity = forms.RegexField(r"^\w*$", label="Found", required=False, max_length=64, help_text="such as TFN")
    policy = forms.CharField(label="Policy version", required=False, max_length=128)

    def wanted(self) -> Wanted:
        """The filter; nothing of a field that cannot be understood."""
        given = self.cleaned_data
        return Wanted(
            decision_id=given.get("decision_id", ""),
            **self.span(),
            sender=given.get("sender", ""),
            recipient=given.get("recipient", ""),
            action=Action(given["action"]) if given.get("action") else None,
            zone=Zone(given["zone"]) if given.get("zone") else None,
            rule=given.get("rule", ""),
            entity=given.get("entity", ""),
            policy=given.get("policy", ""),
        )


@dataclass(frozen=True, slots=True)
class Kinds:
    """Findings of one kind in one place: how many, the highest score, and what spoke for them."""

    entity: str
    tier: Tier
    where: str
    detector: str
    count: int
    score: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What was decided for one recipient, in words, and what became of it."""

    fate: Fate
    lines: tuple[str, ...]


def decision_list(request: Any) -> Any:
    """The decisions that match the filter, newest first."""
    form = Search(request.GET)
    form.is_valid()
    found = decision_log.search(form.wanted(), _mark(request.GET.get("after", "")), limit=_PAGE)
    context = {
        "form": form,
        "found": found,
        "query": form.query,
        "following": "" if found.following is None else f"{found.following.at!r}~{found.following.id}",
        "formats": tuple(_FORMATS),
        "more": request.GET.get("after", "") != "",
    }
    return render(request, "console/decisions.html", context)


def export(request: Any, form: str) -> Any:
    """The decisions that match the filter, as a file that is written while it is sent."""
    if form not in _FORMATS:
        raise Http404
    search = Search(request.GET)
    search.is_valid()
    lines, kind = _FORMATS[form]
    ids = (summary.id for summary in decision_log.everything(search.wanted()))
    return download(lines(ids), kind, f"decisions.{'jsonl' if form == 'json' else form}")


def decision(request: Any, decision_id: str) -> Any:
    """One decision: why, what became of it, and its place in the record."""
    found = decisions.find(decision_id)
    if found is None:
        raise Http404
    policy = request.services.configuration().policy
    told = [Told(fate, story(policy, _verdict(fate))) for fate in found.recipients]
    kinds = list(findings(found.inspection.findings))
    entries = history.of(decision_id)
    by_number = {entry.seq: entry for entry in entries}
    first, length = history.length()
    context = {
        "decided": found,
        "told": told,
        "findings": kinds[:_SHOWN_FINDINGS],
        "left_out": max(0, len(kinds) - _SHOWN_FINDINGS),
        "held": any(fate.action is Action.HOLD for fate in found.recipients) and request.user.may(Right.SEE_HELD),
        "steps": [(step, by_number[step.seq]) for step in timeline.of(decision_id) if step.seq in by_number],
        "entry": entries[0] if entries else None,
        "position": entries[0].seq - first + 1 if entries else 0,
        "length": length,
        "verified": last_run(),
        "old_policy": found.policy != policy.fingerprint,
        "may_read": request.user.may(Right.READ_RECORD),
    }
    return render(request, "console/decision.html", context)


def findings(found: Iterable[Finding]) -> Iterator[Kinds]:
    """Findings by kind and place, the gravest first; contact details last."""
    order = (Tier.HIGH_RISK, Tier.PERSONAL, Tier.CONTACT)
    groups: dict[tuple[Tier, str, str, str], list[Finding]] = {}
    for finding in found:
        groups.setdefault((finding.tier, finding.entity, finding.where, finding.detector), []).append(finding)
    for tier, entity, where, detector in sorted(groups, key=lambda key: (order.index(key[0]), *key[1:])):
        group = groups[tier, entity, where, detector]
        evidence = tuple(dict.fromkeys(word for finding in group for word in finding.evidence))
        score = max(finding.score for finding in group)
        yield Kinds(entity, tier, where, detector, len(group), score, evidence)


def _verdict(fate: Fate) -> Verdict:
    local, _, domain = fate.address.rpartition("@")
    address = Address(local, domain.lower(), fate.address)
    return Verdict(Recipient(address), fate.zone, fate.action, fate.hits, fate.approvals)


def _mark(text: str) -> Mark | None:
    at, _, key = text.partition("~")
    try:
        return Mark(float(at), key) if text else None
    except ValueError:
        return None


_OF_DECISION = (("decision_id", "decision"),)
PAGES = (
    Page("decisions", "decisions/", decision_list, Right.SEE_DECISIONS, label="Decisions", key="d"),
    Page(
        "decisions_export",
        "decisions/export/<str:form>/",
        export,
        Right.SEE_DECISIONS,
        example=(("form", "format"),),
    ),
    Page("decision", "decisions/<str:decision_id>/", decision, Right.SEE_DECISIONS, example=_OF_DECISION),
)
