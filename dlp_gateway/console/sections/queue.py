"""What waits to be delivered, and why; try it again, or give it up."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from dlp_gateway.console.filters import number
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.delivery import explanations
from dlp_gateway.model import Zone
from dlp_gateway.store import backlog, keys, spool
from dlp_gateway.store.backlog import Wanted
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.keys import KeysError, SealingKeys
from dlp_gateway.store.spool import Waiting
from dlp_gateway.store.values import Kind
from dlp_gateway.wiring import pseudonym_key, reports_of_given_up

_PAGE = 100
_MOST_AT_ONCE = 10_000
_HOUR = 3600.0
_ANY = ("", "Any")


class Filter(forms.Form):  # type: ignore[misc]  # Django carries no types
    """What can be asked of the queue; every field may be empty."""

    recipient = forms.CharField(label="Recipient", required=False, max_length=320)
    sender = forms.CharField(label="Sender", required=False, max_length=320)
    id = forms.CharField(label="Message", required=False, max_length=64)
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[_ANY, (Kind.MAIL, "Mail"), (Kind.NOTICE, "Notices"), (Kind.BOUNCE, "Bounces")],
    )
    zone = forms.ChoiceField(label="Zone", required=False, choices=[_ANY, *((zone, zone) for zone in Zone)])
    code = forms.IntegerField(label="Last reply code", required=False, min_value=0, max_value=999)
    tried = forms.ChoiceField(
        label="Attempts", required=False, choices=[_ANY, ("yes", "Tried, put off"), ("no", "Not tried yet")]
    )
    age = forms.TypedChoiceField(
        label="Waits for",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[_ANY, (1, "over 1 hour"), (4, "over 4 hours"), (24, "over 1 day"), (72, "over 3 days")],
    )


def queue(request: Any) -> Any:
    """The queue, in the order it was filled, with its destinations and last answers."""
    now = request.services.clock()
    form, wanted, query = _filter(request.GET, now)
    after = number(request.GET.get("after", ""))
    rows = backlog.search(wanted, after=after or 0, limit=_PAGE + 1)
    last_answers = [(one, explanations.reason(one.enhanced)) for one in backlog.answers()]
    context = {
        "form": form,
        "query": query,
        "rows": [_Row(row, now) for row in rows[:_PAGE]],
        "more_after": rows[_PAGE - 1].delivery_id if len(rows) > _PAGE else None,
        "paged": after is not None,
        "total": backlog.count(),
        "narrowed": any(form.cleaned_data.get(name) not in ("", None) for name in form.fields),
        "destinations": [(one, now - one.oldest) for one in backlog.destinations()],
        "answers": last_answers,
        "now": now,
        "may_change": request.user.may(Right.CHANGE_QUEUE),
    }
    return render(request, "console/queue.html", context)


class _Row:
    """A delivery in the list: how it stands, what its last answer means, and its times from now on."""

    def __init__(self, delivery: Waiting, now: float) -> None:
        self.delivery = delivery
        self.waited = now - delivery.queued_at
        self.next_in = delivery.due - now
        self.why = explanations.reason(delivery.enhanced)
        self.state = "waits"
        if delivery.due <= now:
            self.state = "is due"
        elif delivery.leased_by:
            self.state = "being delivered"


def retry(request: Any) -> Any:
    """Let the ticked deliveries, or all that the filter shows, be due now."""
    now = request.services.clock()
    _, wanted, query = _filter(QueryDict(request.POST.get("list", "")), now)
    everything = request.POST.get("scope") == "all"
    chosen = _matching(wanted) if everything else _chosen(request)
    if not everything and not chosen:
        messages.error(request, "Nothing was done: tick deliveries first.")
        return _back(query)
    try:
        pseudonyms = pseudonym_key(request.services.settings, _keys(request))
        count = spool.retry(chosen, actor=request.user.get_username(), now=now, pseudonyms=pseudonyms)
        messages.success(request, f"{_count(count)} due now; the gateway takes them up within seconds.")
    except (StoreError, KeysError) as error:
        messages.error(request, f"Nothing was changed: {error}.")
    return _back(query)


def drop(request: Any) -> Any:
    """Give the ticked deliveries up for a reason; the sender is told by a delivery report, if that is wished."""
    now = request.services.clock()
    _, _, query = _filter(QueryDict(request.POST.get("list", "")), now)
    chosen, reason = _chosen(request), request.POST.get("reason", "").strip()
    if not chosen or not reason:
        what = "a reason is needed; it goes on record" if chosen else "tick deliveries first"
        messages.error(request, f"Nothing was done: {what}.")
        return _back(query)
    try:
        sealing = _keys(request)
        configuration = request.services.configuration()
        dropped = spool.drop(
            chosen,
            actor=request.user.get_username(),
            reason=reason,
            now=now,
            pseudonyms=pseudonym_key(request.services.settings, sealing),
            reports=reports_of_given_up(configuration, sealing, now) if "tell" in request.POST else None,
        )
    except (StoreError, KeysError) as error:
        messages.error(request, f"Nothing was changed: {error}.")
        return _back(query)
    if dropped:
        messages.success(request, f"{_count(len(dropped))} given up.")
    if len(dropped) < len(chosen):
        left = len(chosen) - len(dropped)
        messages.warning(request, f"{_count(left)} left alone: not waiting any more, or being delivered just now.")
    return _back(query)


def _filter(given: Any, now: float) -> tuple[Filter, Wanted, str]:
    form = Filter(given, label_suffix="")
    form.is_valid()
    asked: dict[str, Any] = form.cleaned_data
    tried, age = asked.get("tried"), asked.get("age")
    wanted = Wanted(
        recipient=asked.get("recipient", "").strip(),
        sender=asked.get("sender", "").strip(),
        message_id=asked.get("id", "").strip(),
        kind=asked.get("kind", ""),
        zone=asked.get("zone", ""),
        code=asked.get("code"),
        tried=None if not tried else tried == "yes",
        queued_before=None if age is None else now - age * _HOUR,
    )
    return form, wanted, urlencode({name: value for name, value in asked.items() if value not in ("", None)})


def _chosen(request: Any) -> list[int]:
    ticked = map(number, request.POST.getlist("id")[:_MOST_AT_ONCE])
    return [one for one in ticked if one is not None]


def _matching(wanted: Wanted) -> list[int] | None:
    """The deliveries that match; None for the whole queue."""
    if wanted == Wanted():
        return None
    return [row.delivery_id for row in backlog.search(wanted, limit=_MOST_AT_ONCE)]


def _keys(request: Any) -> SealingKeys:
    return keys.load_sealing(request.services.settings.keys.directory)


def _count(deliveries: int) -> str:
    return "1 delivery is" if deliveries == 1 else f"{deliveries} deliveries are"


def _back(query: str) -> Any:
    return redirect(reverse("queue") + (f"?{query}" if query else ""))


PAGES = (
    Page("queue", "queue/", queue, Right.SEE_QUEUE, label="Queue", key="q"),
    Page("queue_retry", "queue/retry/", retry, Right.CHANGE_QUEUE, ("POST",)),
    Page("queue_drop", "queue/drop/", drop, Right.CHANGE_QUEUE, ("POST",)),
)
