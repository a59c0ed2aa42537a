"""Opening a held message: the reason goes on record, then its content can be looked at for a quarter of an hour.

That somebody has opened it is remembered in their session, which holds the
message's identifier and a time, never any content. What is hostile in a
message is parsed in the confined worker; what comes from there is shown as
text, or as plainest HTML in a sandboxed frame.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.safestring import mark_safe

from dlp_gateway.configfile import ConfigError
from dlp_gateway.console.filters import LARGEST, number
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.console.sections import finder
from dlp_gateway.console.sections.deciding import REFUSALS, Acting
from dlp_gateway.inspection.pool import PoolError, WorkerFailed
from dlp_gateway.model import Inspection, Role
from dlp_gateway.quarantine import appeals, held
from dlp_gateway.store.sealing import SealError

SECONDS = 900
_SESSION_KEY = "opened"
_FORBIDDEN_IN_NAMES = re.compile(r'[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"*/:<>?\\|]')
_LONGEST_NAME = 120
_PARTS_ON_A_PAGE = 200
_NOT_OPEN = "Opening a message needs a reason; the one you gave holds for 15 minutes."

# The page in the frame: nothing is loaded, run, sent or opened from it, whatever is in it (CSP level 3).
_FRAME_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text with the ``kinds`` found in it, and those of them that end with it."""

    text: str = field(repr=False)
    kinds: str
    ends: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A text of the message: ``runs`` are its stretches, None for what is left out; ``found``: something is marked."""

    where: str = field(repr=False)
    role: str
    runs: tuple[Run | None, ...] = field(repr=False)
    found: bool


@dataclass(frozen=True, slots=True)
class File:
    """A file in the message; ``names`` are all that it is called."""

    number: int
    where: str = field(repr=False)
    names: str = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class Content:
    """What an opened message shows; ``trouble`` says why it shows nothing else, "" when it does.

    ``asides`` are texts beside what is read as the message (headers, names, metadata) in which nothing was found.
    ``places`` are the exact names of the places that are numbered as long as the message is sealed.
    """

    until: float
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    texts: tuple[Shown, ...] = field(default=(), repr=False)
    asides: tuple[Shown, ...] = field(default=(), repr=False)
    files: tuple[File, ...] = field(default=(), repr=False)
    files_left_out: int = 0
    pages: tuple[int, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict, repr=False)
    justification: str = field(default="", repr=False)
    trouble: str = ""


def open_message(request: Any, message_id: str) -> Any:
    """Put the opening on record and let this session see the content."""
    query = finder.search(request.POST.get("list", ""), request.services.clock()).query
    suffix = f"?{query}" if query else ""
    try:
        acting = Acting(request)
        acting.desk.view(message_id, acting.who, request.POST.get("reason", ""))
    except REFUSALS as error:
        messages.error(request, f"It was not opened: {error}.")
        return redirect(reverse("message", args=[message_id]) + suffix)
    now = request.services.clock()
    still = {key: until for key, until in request.session.get(_SESSION_KEY, {}).items() if until > now}
    request.session[_SESSION_KEY] = {**still, message_id: now + SECONDS}
    return redirect(reverse("message_opened", args=[message_id]) + suffix)


def content(request: Any, message_id: str) -> Content | HttpResponse:
    """What the opened message shows; a redirect when this session has not opened it, or it is not held any more."""
    until = _until(request, message_id)
    if until is None:
        return _turned_away(request, message_id, _NOT_OPEN)
    try:
        opened = request.services.desk().again(message_id)
        justification = _justification(request, message_id)
        sealed = held.find(message_id)
    except REFUSALS as error:
        return _turned_away(request, message_id, f"It cannot be shown: {error}.")
    shown = Content(
        until,
        justification=justification,
        places={} if sealed is None else _places(sealed.inspection, opened.inspection),
    )
    # Pictures are read as the policy has it, so that what was found in one is found again.
    pictures = request.services.configuration().policy.pictures.read
    try:
        reply = _ask(request, {"raw": opened.content, "scope": "all", "pictures": pictures, "show": True})
        return _content(shown, reply)
    except (ConfigError, PoolError, WorkerFailed) as error:
        why = f"The message was opened, but it cannot be shown here: {error}. It can be downloaded."
    except (KeyError, TypeError, ValueError):
        why = "The message was opened, but the inspection's answer cannot be understood. It can be downloaded."
    return replace(shown, trouble=why)


def html_page(request: Any, message_id: str, number: int) -> Any:
    """An HTML body for the frame: reduced to plainest markup, and under a policy that lets nothing happen."""
    if number > LARGEST or _until(request, message_id) is None:
        raise Http404
    try:
        raw = request.services.desk().again(message_id).content
        html = str(_ask(request, {"raw": raw, "page": number})["html"])
    except (*REFUSALS, ConfigError, PoolError, WorkerFailed, KeyError):
        raise Http404 from None
    response = HttpResponse(
        format_html(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>HTML body</title></head>'
            "<body>{}</body></html>",
            mark_safe(html),  # noqa: S308  # reduced by nh3 in the worker; the policy holds whatever it is
        )
    )
    response["Content-Security-Policy"] = _FRAME_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    return unkept(response)


def download(request: Any, message_id: str) -> Any:
    """The raw message, or one file of it, as bytes of no type; the copy goes on record."""
    part = request.POST.get("part", "")
    if _until(request, message_id) is None:
        return _turned_away(request, message_id, _NOT_OPEN)
    file = number(part)
    if part and file is None:
        raise Http404
    what = "message" if file is None else f"file {file + 1}"
    try:
        acting = Acting(request)
        raw = acting.desk.copy(message_id, acting.who, what).content
        name, content_of = (f"{message_id}.eml", raw) if file is None else _file(request, raw, file)
    except REFUSALS as error:
        return _turned_away(request, message_id, f"It was not downloaded: {error}.")
    except (ConfigError, PoolError, WorkerFailed) as error:
        return _turned_away(request, message_id, f"The file could not be taken out: {error}. Download the message.")
    response = HttpResponse(content_of, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, safe_name(name))
    response["Content-Security-Policy"] = _FRAME_POLICY
    return unkept(response)


def safe_name(name: str) -> str:
    """A file name that names no folder, hides no ending and steers nothing; never empty."""
    plain = _FORBIDDEN_IN_NAMES.sub("_", name).strip(". ")
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[:_LONGEST_NAME]}{dot}{ending[:20]}" if stem else plain[:_LONGEST_NAME] or "attachment"


def forget(request: Any, message_id: str) -> None:
    """End what ``open_message`` let this session see."""
    known = request.session.get(_SESSION_KEY, {})
    if message_id in known:
        request.session[_SESSION_KEY] = {key: until for key, until in known.items() if key != message_id}


def _until(request: Any, message_id: str) -> float | None:
    until = request.session.get(_SESSION_KEY, {}).get(message_id)
    return until if until is not None and until > request.services.clock() else None


def _turned_away(request: Any, message_id: str, why: str) -> HttpResponse:
    messages.error(request, why)
    query = finder.search(request.GET, request.services.clock()).query
    return redirect(reverse("message", args=[message_id]) + (f"?{query}" if query else ""))


def _justification(request: Any, message_id: str) -> str:
    appeal = appeals.of(message_id)
    if appeal is None or not appeal.sealed:
        return ""
    try:
        return str(request.services.desk().justification(appeal))
    except SealError:
        return "(It cannot be opened: the reviewers' key it was sealed to is not here, or it was altered.)"


def _ask(request: Any, question: dict[str, Any]) -> dict[str, Any]:
    inspector = request.services.inspector()
    reply, _ = inspector.run(inspector.pool.request(question))
    return dict(reply)


def _file(request: Any, raw: bytes, number: int) -> tuple[str, bytes]:
    """The name and content of one file, asked for piece by piece; raises WorkerFailed, Http404."""
    pieces, more, name, size = [], True, "", 0
    while more:
        reply = _ask(request, {"raw": raw, "part": number, "start": size})
        if not reply.get("found"):
            raise Http404
        piece = bytes(reply["content"])
        pieces.append(piece)
        size += len(piece)
        name, more = str(reply["name"]), bool(reply["more"]) and bool(piece)
    return name, b"".join(pieces)


def _content(empty: Content, reply: dict[str, Any]) -> Content:
    """Take what the worker says for what it may be: strings, numbers, lists of them; raises TypeError, ValueError."""
    texts = [_shown(one) for one in reply["texts"]]
    files = [
        File(number, str(one["where"]), ", ".join(str(name) for name in one["names"]), int(one["size"]))
        for number, one in enumerate(reply["parts"])
    ]
    return replace(
        empty,
        headers=tuple((str(name), str(value)) for name, value in reply["headers"]),
        texts=tuple(sorted((one for one in texts if not _aside(one)), key=lambda one: not one.found)),
        asides=tuple(one for one in texts if _aside(one)),
        files=tuple(files[:_PARTS_ON_A_PAGE]),
        files_left_out=max(0, len(files) - _PARTS_ON_A_PAGE),
        pages=tuple(range(min(int(reply["pages"]), 20))),
    )


def _aside(text: Shown) -> bool:
    return not text.found and text.role not in {Role.BODY, Role.DOCUMENT}


def _places(sealed: Inspection, opened: Inspection) -> dict[str, str]:
    """The exact place of each numbered one: both versions have the same findings in the same order."""
    names = {}
    for kind in ("findings", "attachments", "unscanned", "risk"):
        for numbered, exact in zip(getattr(sealed, kind), getattr(opened, kind), strict=False):
            names[numbered.where] = exact.where
    return names


def _shown(one: dict[str, Any]) -> Shown:
    given = [None if run is None else (str(run[0]), [str(kind) for kind in run[1]]) for run in one["runs"]]
    runs = []
    for run, behind in zip_longest(given, given[1:]):
        going_on = set(behind[1]) if behind is not None else set()
        runs.append(run and Run(run[0], ", ".join(run[1]), ", ".join(kind for kind in run[1] if kind not in going_on)))
    return Shown(str(one["where"]), str(one["role"]), tuple(runs), any(run is not None and run.kinds for run in runs))


def unkept(response: HttpResponse) -> HttpResponse:
    """Let no browser or proxy keep it."""
    response["Cache-Control"] = "no-store"
    return response


_OF_MESSAGE = (("message_id", "held"),)

PAGES = (
    Page("message_open", "held/<str:message_id>/open/", open_message, Right.OPEN_HELD, ("POST",), example=_OF_MESSAGE),
    Page(
        "message_html",
        "held/<str:message_id>/opened/html/<int:number>/",
        html_page,
        Right.OPEN_HELD,
        example=(*_OF_MESSAGE, ("number", "page")),
    ),
    Page(
        "message_download",
        "held/<str:message_id>/opened/download/",
        download,
        Right.OPEN_HELD,
        ("POST",),
        example=_OF_MESSAGE,
    ),
)
