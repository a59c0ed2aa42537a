"""The sender's page of one held message: what was found where, how to send it properly, withdraw it, ask for release.

No account: the link in the notice opens it, once and for half an hour, and
for that message alone. Looking at the link changes nothing, since mail
scanners follow links; the button behind it uses it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from dlp_gateway.console.pages import Page
from dlp_gateway.model import Action, Address, Attachment, Recipient, Unscanned, Verdict
from dlp_gateway.policy import explain
from dlp_gateway.quarantine import appeals, held, links
from dlp_gateway.quarantine.answers import after_act
from dlp_gateway.quarantine.notices import Event
from dlp_gateway.quarantine.rules import ReviewError
from dlp_gateway.store import decisions
from dlp_gateway.store.decisions import Decided, Fate
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.keys import KeysError, SealingKeys, load_sealing
from dlp_gateway.wiring import letterhead, pseudonym_key

_SESSION = "sender"
_SECONDS = 1800.0
_REFUSALS = (ReviewError, KeysError, StoreError)
_STATES = {
    "held": "held: waits for a reviewer",
    "queued": "on its way",
    "delivered": "delivered",
    "failed": "could not be delivered: see the report in your mail",
    "dropped": "taken off the queue, not sent",
    "refused": "refused, not sent",
    "returned": "not sent: returned to you",
    "deleted": "not sent: deleted by a reviewer",
    "expired": "not sent: deleted, as nobody released it in time",
    "withdrawn": "not sent: withdrawn",
}
_ANSWERS = {
    "released": "A reviewer released the message.",
    "returned": "A reviewer did not release the message and returned it to you.",
    "deleted": "A reviewer did not release the message and deleted it.",
    "expired": "Nobody answered before the time of the message was over; it was deleted.",
    "withdrawn": "You withdrew the message.",
    "refused": "A reviewer refused to release it as it is. The message stays held for now.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One recipient: what became of the message for them, and the clauses that speak against it."""

    address: str
    state: str
    badge: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that speaks against the message: ``found`` are kinds and places, never values."""

    fault: str
    clause: str
    meaning: str
    remedy: str
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """One attachment by its number; its name stays sealed."""

    number: int
    type: str
    size: int
    protection: str


class AskForm(forms.Form):  # type: ignore[misc]  # Django carries no types
    """Why the message should go as it is."""

    words = forms.CharField(
        label="Why it should go as it is",
        max_length=appeals.LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Only the reviewers can read this. Say who the recipient is and why they may have it.",
    )


def link(request: Any, key: str) -> Any:
    """The page behind a link: a button (GET), which uses the link up and opens the message's page (POST)."""
    now = request.services.clock()
    if request.method == "POST":
        message_id = links.use(key, now, _pseudonyms(request, _keys(request)))
        if message_id is not None:
            request.session.cycle_key()
            request.session[_SESSION] = {"message": message_id, "until": now + _SECONDS}
            return redirect("sender")
        return _private(render(request, "console/sender_gone.html", {"key": key}, status=410))
    if not links.usable(key, now):
        return _private(render(request, "console/sender_gone.html", {"key": key}, status=410))
    return _private(render(request, "console/sender_link.html", {"key": key}))


def send_again(request: Any, key: str) -> Any:
    """Send a new link to the sender; whoever asks hears the same whether there is such a message or not."""
    keys = _keys(request)
    links.send_again(
        key, letterhead(request.services.settings), keys, request.services.clock(), _pseudonyms(request, keys)
    )
    return _private(render(request, "console/sender_sent.html"))


def page(request: Any, form: AskForm | None = None) -> Any:
    """What is known of the message, and what its sender may do."""
    message_id = _message(request)
    message = held.find(message_id) if message_id else None
    decided = decisions.find(message_id) if message_id else None
    if message is None or decided is None:
        return _private(render(request, "console/sender_closed.html", status=403))
    appeal = appeals.of(message.message_id)
    context = {
        "message": message,
        "decided": decided,
        "lines": [_line(fate) for fate in decided.recipients],
        "rules": _rules(decided),
        "pieces": [_piece(number, one) for number, one in enumerate(decided.inspection.attachments, 1)],
        "unscanned": _reasons(decided.inspection.unscanned),
        "open": message.closed_at is None and message.restricted_at is None,
        "two": message.approvals > 1,
        "appeal": appeal,
        "answer": _ANSWERS.get(appeal.answer, "") if appeal is not None else "",
        "said": appeals.said(message.message_id),
        "may_ask": appeals.may_ask(message),
        "form": form or AskForm(),
    }
    return _private(render(request, "console/sender.html", context, status=200 if form is None else 422))


def withdraw(request: Any) -> Any:
    """Delete the message for all who wait for it."""
    message_id = _message(request)
    message = held.find(message_id) if message_id else None
    if message is None:
        return page(request)
    now = request.services.clock()
    try:
        keys = _keys(request)
        appeals.withdraw(
            message.message_id,
            after_act(letterhead(request.services.settings), Event.WITHDRAWN, message, (), now),
            keys,
            now,
            _pseudonyms(request, keys),
        )
    except _REFUSALS as error:
        messages.error(request, f"Not withdrawn: {error}.")
    else:
        messages.success(request, "The message was withdrawn and deleted for all who waited for it.")
    return redirect("sender")


def ask(request: Any) -> Any:
    """Ask the reviewers to release it."""
    message_id = _message(request)
    if not message_id:
        return page(request)
    form = AskForm(request.POST)
    if not form.is_valid():
        return page(request, form)
    try:
        keys = _keys(request)
        appeals.ask(message_id, form.cleaned_data["words"], keys, request.services.clock(), _pseudonyms(request, keys))
    except _REFUSALS as error:
        messages.error(request, f"Not asked for: {error}.")
    else:
        messages.success(request, "The reviewers were asked to release the message. The answer comes by mail.")
    return redirect("sender")


def _message(request: Any) -> str | None:
    """The message that this browser has opened with a link, as long as that lasts."""
    opened = request.session.get(_SESSION)
    if opened is None or request.services.clock() >= opened["until"]:
        return None
    return str(opened["message"])


def _private(response: HttpResponse) -> HttpResponse:
    """Keep the address of the page, which holds the key, from everybody else.

    Not ``no-referrer``: browsers would then send ``Origin: null`` with the
    form, which cannot be told from a forged one.
    """
    response["Referrer-Policy"] = "strict-origin"
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response


def _keys(request: Any) -> SealingKeys:
    return load_sealing(request.services.settings.keys.directory)


def _pseudonyms(request: Any, keys: SealingKeys) -> bytes | None:
    return pseudonym_key(request.services.settings, keys)


def _verdict(fate: Fate) -> Verdict:
    return Verdict(Recipient(Address("", "", fate.address)), fate.zone, fate.action, fate.hits)


def _line(fate: Fate) -> Line:
    rules = explain.enforced_hits([_verdict(fate)])
    why = tuple(f"{explain.wording(hit.rule).fault} (clause {hit.clause})" for hit in rules)
    good = fate.state in {"queued", "delivered"}
    badge = "good" if good else "warn" if fate.state == "held" else "bad"
    return Line(fate.address, _STATES.get(fate.state, fate.state), badge, () if good and not why else why)


def _rules(decided: Decided) -> list[Rule]:
    stopped = [_verdict(fate) for fate in decided.recipients if fate.action is not Action.DELIVER]
    rules = []
    for hit in explain.enforced_hits(stopped):
        words = explain.wording(hit.rule)
        rules.append(Rule(words.title, hit.clause, words.meaning, words.remedy, hit.reasons))
    return rules


def _piece(number: int, attachment: Attachment) -> Piece:
    protection = attachment.protection
    scheme = f" ({protection.scheme})" if protection.scheme else ""
    return Piece(number, attachment.type, attachment.size, f"{protection.state}{scheme}")


def _reasons(unscanned: tuple[Unscanned, ...]) -> list[str]:
    return sorted({item.why for item in unscanned})


PAGES = (
    Page("sender", "sender/", page, None),
    Page("sender_withdraw", "sender/message/withdraw", withdraw, None, ("POST",)),
    Page("sender_ask", "sender/message/ask", ask, None, ("POST",)),
    Page("sender_link", "sender/<str:key>", link, None, ("GET", "POST"), example=(("key", "link"),)),
    Page("sender_again", "sender/<str:key>/again", send_again, None, ("POST",), example=(("key", "link"),)),
)
