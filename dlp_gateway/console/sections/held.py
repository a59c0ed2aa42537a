"""What is held: the list with its filter, and acts on many ordinary messages at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse

from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.console.sections import deciding, finder
from dlp_gateway.console.sections.deciding import REFUSALS, Act, Acting
from dlp_gateway.policy.explain import wording
from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.rules import ReviewError
from dlp_gateway.store import holds
from dlp_gateway.store.holds import Similar

_PAGE = 40
_SHOWN_ALIKE = 20
MOST_AT_ONCE = 200
_ACTS = {"release": Act.RELEASE, "return": Act.RETURN, "delete": Act.DELETE}


def held_list(request: Any) -> Any:
    """What waits for a reviewer, similar messages together."""
    services = request.services
    now = services.clock()
    search = finder.search(request.GET, now)
    found = search.run()
    groups = [Similar(one, ()) for one in found] if search.like else holds.alike(found)
    page = Paginator(groups, _PAGE).get_page(request.GET.get("page"))
    context = {
        "search": search,
        "page": page,
        "groups": [_Row(group, now) for group in page],
        "total": len(found),
        "kinds": sorted({kind for one in found for kind in one.kinds}),
        "now": now,
        "reasons": deciding.REASONS,
        "most": MOST_AT_ONCE,
        "may_decide": request.user.may(Right.DECIDE_HELD),
    }
    return render(request, "console/held.html", context)


class _Row:
    """A line of the list: a message, and those like it. ``chosen`` are the identifiers a box stands for."""

    def __init__(self, group: Similar, now: float) -> None:
        self.first = group.first
        self.shown = group.others[:_SHOWN_ALIKE]
        self.count = len(group.others)
        self.left_out = self.count - len(self.shown)
        self.ordinary = group.first.approvals < 2
        ordinary = [one.message_id for one in (group.first, *group.others) if one.approvals < 2 and not one.restricted]
        self.chosen = " ".join(ordinary[:MOST_AT_ONCE])
        self.chosen_count = min(len(ordinary), MOST_AT_ONCE)
        self.faults = [(rule, wording(rule).fault) for rule in group.first.rules]
        self.held_for = now - group.first.held_at
        self.expires_in = group.first.expires_at - now


def held_bulk(request: Any) -> Any:
    """One act, one reason, many ordinary messages: each is an act of its own on record."""
    back = f"{reverse('held')}?{finder.search(request.POST.get('list', ''), request.services.clock()).query}"
    act = _ACTS.get(request.POST.get("act", ""))
    reason = request.POST.get("reason", "").strip()
    chosen = list(dict.fromkeys(" ".join(request.POST.getlist("id")).split()))
    if act is None or not chosen:
        messages.error(request, "Nothing was done: tick the messages first, then choose what becomes of them.")
    elif not reason:
        messages.error(request, "Nothing was done: a reason is needed; it goes on record.")
    elif len(chosen) > MOST_AT_ONCE:
        messages.error(
            request, f"Nothing was done: at most {MOST_AT_ONCE} messages at once, {len(chosen)} were ticked."
        )
    else:
        _all(request, act, chosen, reason)
    return redirect(back)


def _all(request: Any, act: Act, chosen: Sequence[str], reason: str) -> None:
    done, refused = 0, []
    acting = Acting(request)
    for message_id in chosen:
        try:
            _one(acting, act, message_id, reason)
            done += 1
        except REFUSALS as error:
            refused.append(str(error))
    if done:
        messages.success(request, f"{act.done} {done} message{'' if done == 1 else 's'}.")
    for why in refused[:5]:
        messages.error(request, f"Not {act.participle}: {why}.")
    if len(refused) > 5:
        messages.error(request, f"And {len(refused) - 5} more were not {act.participle}.")


def _one(acting: Acting, act: Act, message_id: str, reason: str) -> None:
    message = held.find(message_id)
    if message is not None and message.approvals > 1:
        raise ReviewError(f"message {message_id} is high-risk: it is decided about on its own page only")
    acting.carry_out(act, message_id, None, reason, tell=True)


PAGES = (
    Page("held", "held/", held_list, Right.SEE_HELD, label="Held", key="h"),
    Page("held_bulk", "held/bulk/", held_bulk, Right.DECIDE_HELD, ("POST",)),
)
