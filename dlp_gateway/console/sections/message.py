"""One held message: verdicts, findings, attachments, its history; masked, until it is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse

from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.console.sections import deciding, finder, opening, timeline
from dlp_gateway.console.sections.acts import PAGES as ACTS
from dlp_gateway.console.sections.opening import PAGES as OPENING
from dlp_gateway.model import Address, Attachment, Finding, Grade, RuleHit, Tier
from dlp_gateway.policy.explain import ZONES, Wording, wording
from dlp_gateway.quarantine import answers, appeals, held
from dlp_gateway.quarantine.held import Held, HeldRecipient
from dlp_gateway.quarantine.rules import Reviewer, ReviewError, approved, refuse_own
from dlp_gateway.store import holds, marks
from dlp_gateway.store.marks import Place

_TIERS = {Tier.CONTACT: "contact information", Tier.PERSONAL: "personal", Tier.HIGH_RISK: "high risk"}
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Told:
    """A rule that spoke, with its words."""

    hit: RuleHit
    words: Wording


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided for recipients who have it in common; ``hits`` with their words."""

    addresses: tuple[Address, ...]
    zone: str
    state: str
    told: tuple[Told, ...]
    approvals: int
    approved_by: tuple[Reviewer, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """Findings of one kind by one detector at one place; ``score`` is the best of them."""

    place: Place
    where: str
    tier: Tier
    tier_name: str
    count: int
    score: float
    evidence: tuple[str, ...]
    wrong: bool


def message(request: Any, message_id: str) -> Any:
    """The page of one held message, everything sealed."""
    return page(request, message_id)


def opened(request: Any, message_id: str) -> Any:
    """The same page with the content, for whoever opened it and gave a reason."""
    content = opening.content(request, message_id)
    if not isinstance(content, opening.Content):
        return content
    return opening.unkept(page(request, message_id, content))


def page(request: Any, message_id: str, content: opening.Content | None = None) -> Any:
    """Render the page; raises Http404 for what is not and was not held."""
    found = held.find(message_id)
    if found is None:
        raise Http404
    now = request.services.clock()
    search = finder.search(request.GET, now)
    ids = search.ids()
    who = deciding.reviewer(request.user)
    places = content.places if content is not None else {}
    shown = _sorts(found, marks.of(message_id), places)
    context = {
        "held": found,
        "content": content,
        "high_risk": found.approvals > 1,
        "verdicts": _verdicts(found.recipients),
        "sorts": shown[:_MOST_ROWS],
        "sorts_left_out": max(0, len(shown) - _MOST_ROWS),
        "attachments": [
            (_named(one.where, places), one, _protection(one)) for one in found.inspection.attachments[:_MOST_ROWS]
        ],
        "unscanned": [(_named(one.where, places), one.why) for one in found.inspection.unscanned[:_MOST_ROWS]],
        "risk": [(_named(one.where, places), one.why) for one in found.inspection.risk[:_MOST_ROWS]],
        "appeal": appeals.of(message_id),
        "steps": timeline.of(message_id),
        "now": now,
        "expires_in": found.expires_at - now,
        "search": search,
        "place": ids.index(message_id) + 1 if message_id in ids else None,
        "total": len(ids),
        "next": _address(holds.following(ids, message_id), search.query),
        "reasons": deciding.REASONS,
        "may_open": request.user.may(Right.OPEN_HELD) and found.closed_at is None,
        "may_decide": request.user.may(Right.DECIDE_HELD) and found.closed_at is None,
        "own": _own(who, found),
        "mine": [one for one in found.waiting if approved(one, who)],
        "advice": "\n\n".join(answers.advice(found)),
    }
    return render(request, "console/message.html", context)


def _address(message_id: str | None, query: str) -> str:
    if message_id is None:
        return ""
    path: str = reverse("message", args=[message_id])
    return f"{path}?{query}" if query else path


def _own(who: Reviewer, found: Held) -> bool:
    try:
        refuse_own(found, who)
    except ReviewError:
        return True
    return False


def _verdicts(recipients: Sequence[HeldRecipient]) -> list[Verdict]:
    """One for all recipients to whom the same applies."""
    alike: dict[Any, list[HeldRecipient]] = {}
    for one in recipients:
        alike.setdefault((one.zone, one.state, one.hits, one.approvals, one.approved_by), []).append(one)
    return [
        Verdict(
            addresses=tuple(one.address for one in group),
            zone=ZONES[zone],
            state=state,
            told=tuple(Told(hit, wording(hit.rule)) for hit in hits),
            approvals=approvals,
            approved_by=approved_by,
        )
        for (zone, state, hits, approvals, approved_by), group in alike.items()
    ]


def _sorts(found: Held, wrong: frozenset[Place], places: Mapping[str, str]) -> list[Sort]:
    """The findings by kind, detector and place, what weighs most first."""
    by_place: dict[Place, list[Finding]] = {}
    for finding in found.inspection.findings:
        by_place.setdefault(Place(finding.entity, finding.detector, finding.where), []).append(finding)
    sorts = [
        _sort(place, alike, _named(place.place, places), wrong=place in wrong) for place, alike in by_place.items()
    ]
    weights = {Tier.HIGH_RISK: 0, Tier.PERSONAL: 1, Tier.CONTACT: 2}
    return sorted(sorts, key=lambda one: (weights[one.tier], -one.score))


def _sort(place: Place, alike: Sequence[Finding], where: str, *, wrong: bool) -> Sort:
    evidence = tuple(dict.fromkeys(word for finding in alike for word in finding.evidence))
    score = max(finding.score for finding in alike)
    tier = alike[0].tier
    return Sort(place, where, tier, _TIERS[tier], len(alike), score, evidence, wrong)


def _named(place: str, names: Mapping[str, str]) -> str:
    """A place by its exact name, if that is known; else its number counts the message's places, not its documents."""
    if place in names:
        return names[place]
    what, _, number = place.rpartition(" ")
    if not what or not number.isdecimal():
        return place
    return f"place {number}" if what == "place" else f"{what}, place {number}"


def _protection(attachment: Attachment) -> str:
    protection = attachment.protection
    if protection.state is Grade.NONE:
        return "not encrypted"
    said = [str(protection.state)]
    if protection.scheme:
        said.append(" ".join(filter(None, (protection.scheme, protection.cipher))))
    if protection.readable:
        said.append(f"readable all the same: {', '.join(protection.readable)}")
    if protection.comes_with_password:
        said.append("its password is in the same message")
    return "; ".join(said)


_OF_MESSAGE = (("message_id", "held"),)

PAGES = (
    Page("message", "held/<str:message_id>/", message, Right.SEE_HELD, example=_OF_MESSAGE),
    Page("message_opened", "held/<str:message_id>/opened/", opened, Right.OPEN_HELD, example=_OF_MESSAGE),
    *ACTS,
    *OPENING,
)
