"""The record: its entries, whether it is whole, its checkpoints, and its export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render

from dlp_gateway.audit import export as exports
from dlp_gateway.audit.chain import Entry, EntryKind
from dlp_gateway.audit.runs import last_run
from dlp_gateway.console.filters import LARGEST, Filter, download, number
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.store import decisions, history
from dlp_gateway.store.history import Wanted

_PAGE = 50
_FORMATS = {
    "json": (exports.json_lines, "application/x-ndjson", "jsonl"),
    "csv": (exports.csv_lines, "text/csv; charset=utf-8", "csv"),
    "cef": (exports.cef, "text/plain; charset=utf-8", "cef"),
}


class Search(Filter):
    """Which entries are looked for."""

    field_order = ("kind", "actor", "subject")

    kind = forms.ChoiceField(
        label="Kind", required=False, choices=[("", "any"), *((kind.value, kind.value) for kind in EntryKind)]
    )
    actor = forms.CharField(label="Actor", required=False, max_length=150, help_text="an account, or gateway")
    subject = forms.CharField(label="Subject", required=False, max_length=150, help_text="a decision, or console")

    def wanted(self) -> Wanted:
        """The filter; nothing of a field that cannot be understood."""
        given = self.cleaned_data
        return Wanted(
            kind=given.get("kind", ""),
            actor=given.get("actor", "").strip(),
            subject=given.get("subject", "").strip(),
            **self.span(),
        )


def entries(request: Any) -> Any:
    """The entries that match the filter, newest first, and whether the record is whole."""
    form = Search(request.GET)
    form.is_valid()
    below = request.GET.get("below", "")
    found = history.newest(form.wanted(), below=number(below), limit=_PAGE + 1)
    checkpoint = next(iter(history.newest(Wanted(kind=EntryKind.CHECKPOINT), limit=1)), None)
    first, length = history.length()
    context = {
        "form": form,
        "found": found[:_PAGE],
        "following": found[_PAGE - 1].seq if len(found) > _PAGE else None,
        "query": form.query,
        "more": bool(below),
        "first": first,
        "length": length,
        "run": last_run(),
        "verification": request.services.verification,
        "checkpoint": checkpoint,
        "signed": checkpoint.seq - 1 if checkpoint else 0,
        "formats": tuple(_FORMATS),
    }
    return render(request, "console/record.html", context)


def verify(request: Any) -> Any:
    """Begin a verification; its outcome goes on record."""
    services = request.services
    if services.verification.start(services.settings.keys.directory, request.user.get_username(), services.clock):
        messages.info(request, "The verification has begun; mail goes on meanwhile. Its outcome goes on record.")
    else:
        messages.warning(request, "A verification is on its way already.")
    return redirect("record")


def progress(request: Any) -> Any:
    """How far the verification is: a piece of the page, asked for again and again while it runs."""
    context = {"verification": request.services.verification, "run": last_run()}
    return render(request, "console/record_progress.html", context)


def entry(request: Any, seq: int) -> Any:
    """One entry, with everything its hash is made of."""
    found = history.get(seq) if seq <= LARGEST else None
    if found is None:
        raise Http404
    ((_, details),) = exports.told([found])
    first, length = history.length()
    context = {
        "entry": found,
        "details": json.dumps(details, indent=2, ensure_ascii=False, sort_keys=True),
        "canonical": found.details,
        "tokens": found.tokens.split(),
        "position": found.seq - first + 1,
        "length": length,
        "before": history.get(seq - 1) is not None,
        "after": history.get(seq + 1) is not None,
        "decision": decisions.find(found.subject) is not None and request.user.may(Right.SEE_DECISIONS),
    }
    return render(request, "console/record_entry.html", context)


def export(_request: Any, form: str) -> Any:
    """The whole record as a file that is written while it is sent."""
    if form not in _FORMATS:
        raise Http404
    lines, kind, ending = _FORMATS[form]
    return download(lines(history.entries()), kind, f"record.{ending}")


def checkpoints(_request: Any) -> Any:
    """The signed checkpoints, as the command line takes them again (``audit verify --checkpoints``)."""
    return download((entry.details for entry in _checkpoints()), "application/x-ndjson", "checkpoints.jsonl")


def _checkpoints() -> Iterator[Entry]:
    """All of them, the newest first."""
    below: int | None = None
    while found := history.newest(Wanted(kind=EntryKind.CHECKPOINT), below=below, limit=500):
        yield from found
        below = found[-1].seq


PAGES = (
    Page("record", "record/", entries, Right.READ_RECORD, label="Record", key="c"),
    Page("record_verify", "record/verify/", verify, Right.READ_RECORD, ("POST",)),
    Page("record_progress", "record/progress/", progress, Right.READ_RECORD),
    Page("record_checkpoints", "record/checkpoints/", checkpoints, Right.READ_RECORD),
    Page("record_export", "record/export/<str:form>/", export, Right.READ_RECORD, example=(("form", "format"),)),
    Page("record_entry", "record/<int:seq>/", entry, Right.READ_RECORD, example=(("seq", "entry"),)),
)
