"""Persons and their rights: requests with their clocks, and the page on which one is worked on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render

from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.console.sections import rights_acts, stored
from dlp_gateway.console.sections.rights_forms import KINDS, AnswerForm, ExtensionForm, RequestForm
from dlp_gateway.console.sections.rights_found import held_of, pseudonyms
from dlp_gateway.console.sections.rights_receipt import steps
from dlp_gateway.model import DAY
from dlp_gateway.store import matches, persons, requests, restriction
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.requests import Request, RequestKind

_SOON = 7  # days

# What to do about each kind of request, for whoever serves it.
GUIDES = {
    RequestKind.ACCESS: (
        "Find the person, look inside held messages if names are asked for, and hand over the export with an"
        " explanation of what the gateway does (privacy.md has one to paste). Content of held messages also concerns"
        " others: open those that matter, and copy by hand what is the person's."
    ),
    RequestKind.EXPORT: "Find the person and hand over the export. It is JSON; privacy.md describes every field.",
    RequestKind.RECTIFY: (
        "Decisions and the record say what happened; they are true as they stand, and addresses are as they were in the"
        " mail. What can be wrong: an account's name or address (an administrator corrects it under Users), a finding"
        " (mark it as wrong on the held message), a rule that names an address (the policy). Say in the answer what was"
        " corrected, or why not."
    ),
    RequestKind.RESTRICT: (
        "Freezes what is held from or to the person and keeps their decisions: nothing is released, deleted, erased or"
        " expires until you lift it. Matches inside held messages can be added."
    ),
    RequestKind.ERASE: (
        "Look at what would be erased first. What accountability needs (that a message was stopped, by which rule)"
        " stays without the address; what is restricted is not erased."
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A request in the list; ``days`` until it is due, negative when that is over."""

    request: Request
    label: str
    state: str
    days: int

    @property
    def late(self) -> int:
        """Days since it was due."""
        return -self.days


def listing(request: Any) -> Any:
    """Every request, the next to be answered first."""
    now = request.services.clock()
    rows = [row(one, now) for one in requests.listed()]
    waiting = [one for one in rows if one.request.done_at is None]
    figures = {
        "open": len(waiting),
        "overdue": sum(one.state == "overdue" for one in waiting),
        "soon": sum(one.state == "due soon" for one in waiting),
    }
    return render(request, "console/rights.html", {"rows": rows, "figures": figures})


def add(request: Any) -> Any:
    """Register a request."""
    now = request.services.clock()
    today = dt.datetime.fromtimestamp(now, dt.UTC).date()
    form = RequestForm(request.POST or None, initial={"received": today.isoformat()})
    if request.method == "POST" and form.is_valid():
        kind = RequestKind(form.cleaned_data["kind"])
        try:
            made = requests.register(
                form.person(), kind, form.received_at(), actor=request.user.get_username(), now=now
            )
        except StoreError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Request {made.id} is registered.")
            return redirect("rights_request", number=made.id)
    return render(request, "console/rights_add.html", {"form": form})


def work(request: Any, number: int) -> Any:
    """One request: who, until when, what is stored about them, and what can be done."""
    found = requests.find(number)
    if found is None:
        raise Http404
    services = request.services
    traces = None if found.person is None else persons.traces(found.person, pseudonyms(services))
    return render(
        request,
        "console/rights_request.html",
        {
            "request_": found,
            "row": row(found, services.clock()),
            "guide": GUIDES[found.kind],
            "traces": traces,
            "held": held_of(found, traces),
            "left": matches.left(found),
            "kept": restriction.restricting(found),
            "frozen": found.receipt.get("frozen", ()),
            "done": found.receipt.get("done", {}),
            "unfinished": found.receipt.get("left", ()),
            "steps": steps(found),
            "extension": ExtensionForm(),
            "answer": AnswerForm(),
        },
    )


def row(one: Request, now: float) -> Row:
    """A request as lists show it."""
    days = int((one.due_at - now) // DAY)
    if one.done_at is not None:
        state = str(one.outcome)
    elif now > one.due_at:
        state = "overdue"
    else:
        state = "due soon" if days < _SOON else "open"
    return Row(one, dict(KINDS)[one.kind.value].partition(":")[0], state, days)


_ONE = (("number", "request"),)

PAGES = (
    Page("rights", "rights/", listing, Right.SERVE_PERSONS, label="Rights", key="i"),
    Page("rights_add", "rights/new/", add, Right.SERVE_PERSONS, ("GET", "POST")),
    *stored.PAGES,
    Page("rights_request", "rights/<int:number>/", work, Right.SERVE_PERSONS, example=_ONE),
    *rights_acts.PAGES,
)
