"""Logins by SMTP go on record like those of the console: who, from where, and whether it was the right password.

A mail program logs in for every message, so the record has the first login of
an account from a client in an hour, and with the next one how many were
between them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import structlog

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.smtp.observer import Observer
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.values import ACTOR

log = structlog.get_logger()

_SECONDS = 3600.0
# Who has not logged in for longest is forgotten beyond this, so that memory is bounded.
_REMEMBERED = 10_000


class SignIns:
    """Hears what the SMTP side tells its observer, passes it on, and records logins with ``record``."""

    def __init__(
        self, counted: Observer, record: Callable[[Note], Awaitable[None]], clock: Callable[[], float]
    ) -> None:
        self._counted = counted
        self._record = record
        self._clock = clock
        self._recent: OrderedDict[tuple[str, str, bool], tuple[float, int]] = OrderedDict()
        self._recording: set[asyncio.Task[None]] = set()
        self.connected = counted.connected
        self.disconnected = counted.disconnected
        self.rejected = counted.rejected
        self.answered = counted.answered

    def authenticated(self, *, success: bool, user: str, client: str) -> None:
        """See ``smtp.observer.Observer``."""
        self._counted.authenticated(success=success, user=user, client=client)
        now = self._clock()
        login = (user, client, success)
        since, between = self._recent.pop(login, (float("-inf"), 0))
        due = not 0 <= now - since < _SECONDS  # also when the clock was ahead, and was set back
        self._recent[login] = (now, 0) if due else (since, between + 1)
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        if due:
            task = asyncio.get_running_loop().create_task(self._write(_note(user, client, success, between, now)))
            self._recording.add(task)
            task.add_done_callback(self._recording.discard)

    async def finish(self) -> None:
        """Return when what was heard is on record."""
        await asyncio.gather(*self._recording)

    async def _write(self, note: Note) -> None:
        try:
            await self._record(note)
        except StoreError:
            log.exception("a login is not on record")


def _note(user: str, client: str, success: bool, between: int, now: float) -> Note:  # noqa: FBT001  # private
    texts = Texts()
    details: dict[str, object] = {"outcome": "signed in" if success else "refused", "client": texts.address(client)}
    if user:
        details["user"] = texts.address(user)
    if between:
        details["between"] = between
    return Note(EntryKind.SIGN_IN, now, ACTOR, "smtp", details, tuple(texts.items))
