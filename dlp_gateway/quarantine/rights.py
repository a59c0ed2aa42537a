"""A person's rights in held messages: searched inside, frozen, destroyed; each act on record for the request.

A search opens every held message with the reviewers' key. That is a reading
of each, and recorded as one, with the request as its reason; the message goes
to the confined worker, and only where something stands comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dlp_gateway.audit.chain import EntryKind
from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.acts import Mail
from dlp_gateway.quarantine.held import Held
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer, ReviewError
from dlp_gateway.store import erasure, history, matches, receipts, requests, restriction
from dlp_gateway.store.change import change
from dlp_gateway.store.erasure import Left
from dlp_gateway.store.requests import Request
from dlp_gateway.store.sealing import SealError

Places = Sequence[tuple[str, int, int]]
# Searches the content of a message for words; None when it could not be searched.
Look = Callable[[bytes, Sequence[str]], Places | None]
# What tells the sender of a message; it may have been released for some by the time it is destroyed.
Notice = Callable[[Held], Mail]


@dataclass(frozen=True, slots=True)
class Progress:
    """How many messages one step of a search opened and in how many it found something; ``left`` wait."""

    opened: int
    matched: int
    left: int


def search(
    desk: Desk,
    look: Look,
    request_id: int,
    reviewer: Reviewer,
    *,
    clock: Callable[[], float],
    limit: int = 25,
    seconds: float = 20.0,
) -> Progress:
    """Open and search the next held messages for the person of a request; call again until none is left.

    At most ``limit`` at a call, and none after ``seconds``. A message that
    cannot be opened or searched is a match to be looked at. Raises StoreError.
    """
    request = requests.still_open(request_id)
    words = () if request.person is None else (*request.person.words, *request.person.addresses)
    began, opened, matched = clock(), 0, 0
    for message_id in matches.following(request, limit):
        if clock() - began > seconds:
            break
        places = _searched(desk, look, message_id, words, reviewer, request)
        if places is None:
            matches.passed(request, message_id)
            continue
        matches.searched(request, message_id, places, clock())
        opened += 1
        matched += bool(places)
    request = requests.still_open(request_id)
    return Progress(opened, matched, matches.left(request))


def restrict(request_id: int, also: Iterable[str], reviewer: Reviewer, now: float) -> int:
    """Keep all decisions of the person as they are and freeze what is held of them, and ``also`` matches.

    Returns how many decisions are new. Raises StoreError; then nothing has changed.
    """
    request = requests.still_open(request_id)
    return restriction.restrict(request, also=_matched(request, also), actor=reviewer.name, now=now)


def lift(request_id: int, reviewer: Reviewer, now: float) -> int:
    """End the restriction of a request; what it froze goes on, unless another request keeps it. Returns how many.

    Raises ReviewError without such a request, StoreError; then nothing has changed.
    """
    request = requests.find(request_id)
    if request is None:
        raise ReviewError(f"there is no request {request_id}")
    return restriction.lift(request, actor=reviewer.name, now=now)


def erase(
    desk: Desk,
    request_id: int,
    messages: Iterable[str],
    reviewer: Reviewer,
    *,
    notice: Notice,
    reasons_by_name: bool,
    now: float,
    pseudonyms: bytes | None = None,
) -> tuple[Left, ...]:
    """Erase what is stored of a person: the chosen held ``messages`` are destroyed and their senders told.

    Returns what is left, and why: what is restricted stays, what is under way
    is erased by housekeeping when it is finished. Raises ReviewError when one
    of the messages is restricted, StoreError; what was erased by then stays
    erased and on the receipt, and the call can be made again.
    """
    chosen = [_erasable(message_id) for message_id in sorted(set(messages))]
    request = erasure.begin(request_id, reasons_by_name=reasons_by_name, actor=reviewer.name, now=now)
    for message in chosen:
        _wipe(desk, request, message, reviewer, notice)
    return erasure.run(request, actor=reviewer.name, now=now, pseudonyms=pseudonyms)


def _searched(
    desk: Desk, look: Look, message_id: str, words: Sequence[str], reviewer: Reviewer, request: Request
) -> Places | None:
    """Where the words stand in a message; None when it is not held any more."""
    try:
        opened = desk.view(message_id, reviewer, f"{request.name}: searched for the person")
    except ReviewError:
        return None
    except SealError:
        return [(matches.UNREAD, 0, 0)]
    found = look(opened.content, words)
    return [(matches.UNREAD, 0, 0)] if found is None else found


def _matched(request: Request, wanted: Iterable[str]) -> list[str]:
    """Those of the messages in which the search found something: others are no concern of the request."""
    known = {match.message_id for match in matches.of(request)}
    return sorted(known & set(wanted))


def _erasable(message_id: str) -> Held:
    """A held message that may be destroyed; raises ReviewError."""
    message = held.find(message_id)
    if message is None or message.closed_at is not None:
        raise ReviewError(f"message {message_id} is not held any more; look at the page again")
    if message.restricted_at is not None or restriction.keepers(message_id):
        raise ReviewError(
            f"message {message_id} is restricted for a dispute or a request, and not erased; nothing was erased now"
        )
    return message


def _wipe(desk: Desk, request: Request, message: Held, reviewer: Reviewer, notice: Notice) -> None:
    """Destroy a held message, and note it on the receipt in the same step."""
    with change():
        receipts.read(request.id)  # Held first of all, as by every other act on a request.
        desk.delete(message.message_id, None, reviewer, f"{request.name}: erased for the person", notice(message))
        entry = max(entry.seq for entry in history.of(message.message_id) if entry.kind == EntryKind.DELETE)
        erasure.add_held(request, [entry], wiped=1)
