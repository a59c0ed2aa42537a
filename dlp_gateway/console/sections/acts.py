"""What a reviewer does with one held message, each a page of its own that answers with the next one waiting."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from dlp_gateway.console.filters import number
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.console.sections import finder, opening
from dlp_gateway.console.sections.deciding import REFUSALS, Act, Acting
from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.marking import mark
from dlp_gateway.store import holds
from dlp_gateway.store.marks import Place


def release(request: Any, message_id: str) -> HttpResponse:
    """Let it go to the ticked recipients."""
    return _decide(request, message_id, Act.RELEASE)


def give_back(request: Any, message_id: str) -> HttpResponse:
    """Do not send it, and tell the sender how to send it properly."""
    return _decide(request, message_id, Act.RETURN)


def delete(request: Any, message_id: str) -> HttpResponse:
    """Do not send it, and destroy it."""
    return _decide(request, message_id, Act.DELETE)


def _decide(request: Any, message_id: str, act: Act) -> HttpResponse:
    search = finder.search(request.POST.get("list", ""), request.services.clock())
    chosen = [one for one in map(number, request.POST.getlist("to")) if one is not None]
    words = [part.strip() for part in request.POST.get("words", "").replace("\r\n", "\n").split("\n\n") if part.strip()]
    following = holds.following(search.ids(), message_id)
    try:
        done = Acting(request).carry_out(
            act, message_id, chosen, request.POST.get("reason", ""), tell="tell" in request.POST, words=words
        )
    except REFUSALS as error:
        messages.error(request, f"Not {act.participle}: {error}.")
        return redirect(_address(message_id, search.query))
    if done.released:
        count = len(done.released)
        messages.success(request, f"{message_id}: {act.participle} for {count} recipient{'' if count == 1 else 's'}.")
    if done.waiting:
        count = len(done.waiting)
        said = f"approved for {count} recipient{'' if count == 1 else 's'}; another reviewer has to agree"
        messages.warning(request, f"{message_id}: {said}.")
    after = held.find(message_id)
    if after is None or not after.waiting:
        opening.forget(request, message_id)
    elif not done.waiting:
        return redirect(_address(message_id, search.query))  # Others still wait for this one.
    return redirect(_address(following, search.query))


def restrict(request: Any, message_id: str) -> HttpResponse:
    """Freeze it for a dispute, or lift that."""
    on = request.POST.get("on") == "1"
    done = (
        "It is restricted: nothing is done with it, and its clock stands still." if on else "The restriction is lifted."
    )

    def act(acting: Acting) -> None:
        acting.desk.restrict(message_id, acting.who, request.POST.get("reason", ""), on=on)

    return _stay(request, message_id, act, done)


def refuse_appeal(request: Any, message_id: str) -> HttpResponse:
    """Answer the sender's request with no, and keep the message held."""
    reason = request.POST.get("reason", "")

    def act(acting: Acting) -> None:
        acting.desk.refuse_appeal(message_id, acting.who, reason, acting.refusal(message_id, reason))

    return _stay(request, message_id, act, "The sender is told that it is not released.")


def mark_wrong(request: Any, message_id: str) -> HttpResponse:
    """Say that a finding is none, or take that back."""
    what = Place(*(request.POST.get(name, "") for name in ("entity", "detector", "place")))
    wrong = request.POST.get("wrong") == "1"
    done = "Marked as wrong: it counts as a false alarm of its detector." if wrong else "The mark is taken back."

    def act(acting: Acting) -> None:
        mark(message_id, what, acting.who, request.services.clock(), wrong=wrong)

    return _stay(request, message_id, act, done)


def _stay(request: Any, message_id: str, act: Any, done: str) -> HttpResponse:
    """Do something that leaves the message held, and show it again, opened if it was."""
    search = finder.search(request.POST.get("list", ""), request.services.clock())
    try:
        act(Acting(request))
        messages.success(request, done)
    except REFUSALS as error:
        messages.error(request, f"Nothing was changed: {error}.")
    return redirect(_address(message_id, search.query, opened="opened" in request.POST))


def _address(message_id: str | None, query: str, *, opened: bool = False) -> str:
    """A message's page, the list without one; with the filter."""
    path = (
        reverse("held") if message_id is None else reverse("message_opened" if opened else "message", args=[message_id])
    )
    return f"{path}?{query}" if query else path


_OF_MESSAGE = (("message_id", "held"),)


def _act(name: str, view: Any) -> Page:
    route = f"held/<str:message_id>/{name.replace('_', '-')}/"
    return Page(f"message_{name}", route, view, Right.DECIDE_HELD, ("POST",), example=_OF_MESSAGE)


PAGES = (
    _act("release", release),
    _act("return", give_back),
    _act("delete", delete),
    _act("restrict", restrict),
    _act("refuse_appeal", refuse_appeal),
    _act("mark", mark_wrong),
)
