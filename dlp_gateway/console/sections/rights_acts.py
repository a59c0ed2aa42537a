"""What is done for a person's request: search inside held mail, restrict, erase, export, extend, answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from dlp_gateway.configfile import ConfigError
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.console.sections.deciding import REFUSALS, reviewer
from dlp_gateway.console.sections.rights_forms import AnswerForm, ExtensionForm
from dlp_gateway.console.sections.rights_found import held_of, pseudonyms
from dlp_gateway.console.sections.rights_receipt import receipt, steps
from dlp_gateway.inspection.pool import PoolError, WorkerFailed
from dlp_gateway.quarantine import rights as acts
from dlp_gateway.quarantine.acts import Mail
from dlp_gateway.quarantine.answers import after_act
from dlp_gateway.quarantine.held import Held
from dlp_gateway.quarantine.notices import Event
from dlp_gateway.store import matches, person_export, persons, requests
from dlp_gateway.store.change import change
from dlp_gateway.store.requests import Outcome, Request, RequestKind
from dlp_gateway.wiring import letterhead

_TOLD = (
    "A person has asked for what is stored about them to be erased. Your message concerned them and could not be kept.",
    "If it is still needed, please send it again in the way the policy asks for.",
)


def extend(request: Any, number: int) -> HttpResponse:
    """Take two more months."""
    form = ExtensionForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    return _act(
        request,
        number,
        lambda: requests.extend(number, reason, actor=request.user.get_username(), now=request.services.clock()),
        lambda _: "Two more months are taken; the person has to be told within the first month.",
    )


def answer(request: Any, number: int) -> HttpResponse:
    """Record how the person was answered."""
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say how the request was answered, and what the person was told.")
        return redirect("rights_request", number=number)
    outcome, words = Outcome(form.cleaned_data["outcome"]), form.cleaned_data["answer"]
    return _act(
        request,
        number,
        lambda: requests.close(number, outcome, words, actor=request.user.get_username(), now=request.services.clock()),
        lambda _: "The answer is on record.",
    )


def search(request: Any, number: int) -> HttpResponse:
    """Open the next held messages and look for the person in them; each is recorded as a reading."""
    found = _found(number)
    services = request.services
    if "again" in request.POST and found.done_at is None:
        matches.restart(found)
    return _act(
        request,
        number,
        lambda: acts.search(services.desk(), _look(services), number, reviewer(request.user), clock=services.clock),
        lambda done: (
            f"{done.opened} held message{_s(done.opened)} opened and searched, something found in {done.matched};"
            f" {done.left} left."
        ),
    )


def restrict(request: Any, number: int) -> HttpResponse:
    """Freeze what is held of the person and keep their decisions."""
    services = request.services
    also = request.POST.getlist("message")
    return _act(
        request,
        number,
        lambda: acts.restrict(number, also, reviewer(request.user), services.clock()),
        lambda count: f"Restricted: {count} more decision{_s(count)} kept as they are.",
    )


def lift(request: Any, number: int) -> HttpResponse:
    """End the restriction."""
    services = request.services
    return _act(
        request,
        number,
        lambda: acts.lift(number, reviewer(request.user), services.clock()),
        lambda count: f"The restriction of {count} decision{_s(count)} is lifted; their clocks go on.",
    )


def erase(request: Any, number: int) -> HttpResponse:
    """Show what would be erased; when that is confirmed, erase it."""
    found = _found(number)
    if found.kind is not RequestKind.ERASE or found.person is None or found.done_at is not None:
        messages.error(request, "Nothing is to be erased: the request asks for something else, or was answered.")
        return redirect("rights_request", number=number)
    services = request.services
    if request.method == "POST":
        return _act(
            request,
            number,
            lambda: acts.erase(
                services.desk(),
                number,
                request.POST.getlist("message"),
                reviewer(request.user),
                notice=lambda message: _notice(services, message),
                reasons_by_name="reasons" in request.POST,
                now=services.clock(),
                pseudonyms=pseudonyms(services),
            ),
            lambda left: "Erased. " + ("Something is left, see below." if left else "Nothing is left."),
        )
    traces = persons.traces(found.person, pseudonyms(services))
    return render(
        request,
        "console/rights_erase.html",
        {"request_": found, "traces": traces, "held": held_of(found, traces), "left": matches.left(found)},
    )


def export(request: Any, number: int) -> HttpResponse:
    """Everything about the person, as a file; that it was made is on record."""
    found = _found(number)
    if found.person is None:
        raise Http404
    services = request.services
    now = services.clock()
    try:
        data = person_export.export(found, now, pseudonyms(services))
        with change() as made:
            made.rows.notes.append(requests.note(found, now, request.user.get_username(), "exported"))
    except REFUSALS as error:
        messages.error(request, f"Not exported: {error}.")
        return redirect("rights_request", number=number)
    return _download(data, f"{found.name}.json")


def receipt_page(request: Any, number: int) -> HttpResponse:
    """The receipt, to be printed."""
    found = _found(number)
    now = request.services.clock()
    context = {"request_": found, "receipt": receipt(found, now), "steps": steps(found), "now": now}
    return render(request, "console/rights_receipt.html", context)


def receipt_data(request: Any, number: int) -> HttpResponse:
    """The receipt as a file."""
    found = _found(number)
    return _download(receipt(found, request.services.clock()), f"{found.name}-receipt.json")


def _act(request: Any, number: int, act: Callable[[], Any], told: Callable[[Any], str]) -> HttpResponse:
    """Carry it out and say how it went, back on the request's page."""
    _found(number)
    try:
        done = act()
    except (*REFUSALS, ConfigError, PoolError) as error:
        messages.error(request, f"Not done: {error}.")
    else:
        messages.success(request, told(done))
    return redirect("rights_request", number=number)


def _look(services: Any) -> acts.Look:
    """Searches in the confined worker; None when it fails."""

    def look(content: bytes, words: Sequence[str]) -> acts.Places | None:
        inspector = services.inspector()
        try:
            reply, _ = inspector.run(inspector.pool.request({"raw": content, "words": list(words)}))
        except WorkerFailed:
            return None
        return [(str(role), int(at), int(count)) for role, at, count in reply["places"]]

    return look


def _notice(services: Any, message: Held) -> Mail:
    return after_act(letterhead(services.settings), Event.DELETED, message, _TOLD, services.clock())


def _found(number: int) -> Request:
    found = requests.find(number)
    if found is None:
        raise Http404
    return found


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _download(data: dict[str, Any], name: str) -> HttpResponse:
    text = json.dumps(data, ensure_ascii=False, indent=1)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers=headers)


_ONE = (("number", "request"),)


def _page(name: str, view: Any, methods: tuple[str, ...] = ("POST",), route: str = "") -> Page:
    at = f"rights/<int:number>/{route or name}/"
    return Page(f"rights_{name}", at, view, Right.SERVE_PERSONS, methods, example=_ONE)


PAGES = (
    _page("extend", extend),
    _page("answer", answer),
    _page("search", search),
    _page("restrict", restrict),
    _page("lift", lift),
    _page("erase", erase, ("GET", "POST")),
    _page("export", export),
    _page("receipt", receipt_page, ("GET",)),
    _page("receipt_data", receipt_data, ("GET",), "receipt.json"),
)
