"""Try: a text, a Subject or a whole message, and what would become of it. Nothing is stored, logged or recorded."""

from __future__ import annotations

from typing import Any

from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from dlp_gateway.console import trying
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.console.trying import Tried, TryingError
from dlp_gateway.inspection.pool import NoWorker, PoolError

LONGEST_TEXT = 1_000_000  # characters
LONGEST_SUBJECT = 2_000


def bench(request: Any) -> Any:
    """The form, and below it what would become of what was given."""
    settings = request.services.settings
    policy = request.services.configuration().policy
    given = request.POST if request.method == "POST" else {}
    context = {
        "subject": given.get("subject", ""),
        "text": given.get("text", ""),
        "sender": given.get("sender", f"someone@{policy.organisation.domains[0]}"),
        "recipients": given.get("recipients", "someone@example.com"),
        "longest_text": LONGEST_TEXT,
        "longest_subject": LONGEST_SUBJECT,
        "megabytes": settings.smtp.max_message_bytes // (1 << 20),
    }
    status = 200
    if request.method == "POST":
        try:
            context["tried"] = _tried(request)
        except TryingError as error:
            context["error"], status = str(error), 422
        except (NoWorker, PoolError):
            context["error"], status = "Nothing could be inspected now: no worker is free. Try again in a moment.", 503
    response = render(request, "console/bench.html", context, status=status)
    add_never_cache_headers(response)
    return response


def _tried(request: Any) -> Tried:
    services = request.services
    sent = trying.envelope(request.POST.get("sender", ""), request.POST.get("recipients", ""))
    raw = _message(request, sent)
    if len(raw) > services.settings.smtp.max_message_bytes:
        raise TryingError(f"A message may have {services.settings.smtp.max_message_bytes} bytes, this has {len(raw)}.")
    today = services.settings.day(services.clock())
    return trying.attempt(services.inspector(), services.configuration().policy, raw, sent, today)


def _message(request: Any, sent: Any) -> bytes:
    """What was uploaded (only what fits into memory gets here: ``uploads``), else what was written."""
    uploaded = request.FILES.get("file")
    if uploaded is not None:
        return bytes(uploaded.read())
    subject, text = request.POST.get("subject", ""), request.POST.get("text", "")
    if not subject.strip() and not text.strip():
        raise TryingError("Write a Subject or a text, or choose a message file.")
    if len(subject) > LONGEST_SUBJECT or len(text) > LONGEST_TEXT:
        raise TryingError(f"At most {LONGEST_TEXT} characters of text and {LONGEST_SUBJECT} of Subject can be tried.")
    return trying.written(subject, text, sent)


PAGES = (Page("bench", "try/", bench, Right.TRY_POLICY, ("GET", "POST"), label="Try", key="t"),)
