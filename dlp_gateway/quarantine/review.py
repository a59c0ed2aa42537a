"""What a reviewer may do with a held message, and the rules for it.

Opening needs the reviewers' private key, a reason, and leaves an entry in the
record. A release is for exactly the bytes that were held and for named
recipients, each once; where two approvals are asked for, they come from two
people; nobody releases their own mail. Each act and its entry become true
together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.model import Inspection
from dlp_gateway.quarantine.acts import Mail, close_if_done, end, locked, send, still_held
from dlp_gateway.quarantine.appeals import justification
from dlp_gateway.quarantine.held import Held, HeldRecipient
from dlp_gateway.quarantine.reviewers import noted
from dlp_gateway.quarantine.rules import (
    Reviewer,
    ReviewError,
    choose,
    consent,
    left_to,
    need_reason,
    need_standing,
    refuse_own,
)
from dlp_gateway.store import appeals, approvals, database, facts, queue, reviewing, sealing, wraps
from dlp_gateway.store.change import Change, change
from dlp_gateway.store.intake import canonical
from dlp_gateway.store.keys import KeysError, ReviewKeys, SealingKeys


@dataclass(frozen=True, slots=True)
class Opened:
    """A held message in the clear. ``reasons`` are what each rule said, with the exact places."""

    content: bytes = field(repr=False)
    inspection: Inspection = field(repr=False)
    reasons: tuple[tuple[str, tuple[str, ...]], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Released:
    """The recipients a release was for: on their way, or waiting for another reviewer's approval."""

    released: tuple[HeldRecipient, ...]
    waiting: tuple[HeldRecipient, ...]


class Desk:
    """Where reviewers work: one process with their keys and the configured database.

    ``pseudonyms`` says that the record keeps pseudonyms in place of addresses.
    With public keys alone nothing is opened: messages can be returned and
    deleted, and whatever has to open one raises KeysError.
    """

    def __init__(self, keys: ReviewKeys | SealingKeys, clock: Callable[[], float], *, pseudonyms: bool = False) -> None:
        if pseudonyms and keys.pseudonym is None:
            raise ReviewError("the record keeps pseudonyms, but pseudonym.key cannot be read by this process")
        self._keys = keys
        self._clock = clock
        self._pseudonyms = keys.pseudonym if pseudonyms else None

    @property
    def pseudonyms(self) -> bytes | None:
        """The key for addresses in the record; None where it keeps them readable."""
        return self._pseudonyms

    def view(self, message_id: str, reviewer: Reviewer, reason: str) -> Opened:
        """Open a held message; that it was opened, by whom and why is recorded before it is shown.

        Raises:
            ReviewError: it is not held any more, or no reason is given.
            SealError: the key is not the right one, or the content was altered.
            StoreError: the database cannot be read or written.
        """
        message = still_held(message_id)
        need_reason(reason)
        opened, _ = self._unseal(message)
        with change(self._pseudonyms) as made:
            made.rows.notes.append(
                self._note(EntryKind.VIEW, message, (), reviewer, reason, self._clock(), {"digest": message.digest})
            )
        return opened

    def again(self, message_id: str) -> Opened:
        """Open it once more for a reviewer whose ``view`` is on record and still counts: a further page of one look.

        Adds no entry; raises as ``view``.
        """
        return self._unseal(still_held(message_id))[0]

    def copy(self, message_id: str, reviewer: Reviewer, what: str) -> Opened:
        """Open it as ``again``, to hand out a copy; that is recorded.

        ``what`` is "message", or a place without a name ("attachment 2").
        """
        message = still_held(message_id)
        opened, _ = self._unseal(message)
        details = {"copy": what, "digest": message.digest}
        with change(self._pseudonyms) as made:
            made.rows.notes.append(Note(EntryKind.COPY, self._clock(), reviewer.name, message_id, details))
        return opened

    def justification(self, appeal: appeals.Appeal) -> str:
        """What the sender wrote; show it only where the message is opened. Raises SealError, ReviewError."""
        return justification(self._opening(), appeal)

    def release(
        self,
        message_id: str,
        recipients: Iterable[int] | None,
        reviewer: Reviewer,
        reason: str,
        outgoing: Mail = (),
    ) -> Released:
        """Let the message go to some (None: all who wait for this reviewer) of the recipients it is held for.

        A recipient that needs two approvals is released by the second
        reviewer's call. ``outgoing`` (a notice, say) is sent if anybody is
        released. Raises as ``view``; ReviewError also when the reviewer sent
        the message, has approved already, has no address or may not decide,
        or a recipient is not waiting.
        """
        message = still_held(message_id)
        need_reason(reason)
        refuse_own(message, reviewer)
        _, key = self._unseal(message)
        now = self._clock()
        with change(self._pseudonyms) as made:
            message = locked(made, message_id)
            chosen = choose(message, recipients)
            if recipients is None:
                chosen = left_to(chosen, reviewer)
            if any(recipient.approvals > 1 for recipient in chosen):
                need_standing(reviewer, approvals.of_console())
            ready, waiting = consent(chosen, reviewer)
            approvals.add(made.cursor, [recipient.id for recipient in chosen], noted(reviewer), now)
            if waiting:
                made.rows.notes.append(self._note(EntryKind.APPROVE, message, waiting, reviewer, reason, now))
            if ready:
                self._queue(made, message, ready, key, now)
                details = {"digest": message.digest}
                made.rows.notes.append(self._note(EntryKind.RELEASE, message, ready, reviewer, reason, now, details))
                send(made, outgoing, ready, self._keys, now)
                close_if_done(made, message, now, ended="released", by=reviewer.name)
        return Released(tuple(ready), tuple(waiting))

    def give_back(
        self,
        message_id: str,
        recipients: Iterable[int] | None,
        reviewer: Reviewer,
        reason: str,
        outgoing: Mail = (),
    ) -> tuple[HeldRecipient, ...]:
        """Do not send it; ``outgoing`` tells the sender. Raises ReviewError, StoreError."""
        return self._end(EntryKind.RETURN, "returned", message_id, recipients, reviewer, reason, outgoing)

    def delete(
        self,
        message_id: str,
        recipients: Iterable[int] | None,
        reviewer: Reviewer,
        reason: str,
        outgoing: Mail = (),
    ) -> tuple[HeldRecipient, ...]:
        """Do not send it, and destroy it. Raises ReviewError, StoreError."""
        return self._end(EntryKind.DELETE, "deleted", message_id, recipients, reviewer, reason, outgoing)

    def refuse_appeal(self, message_id: str, reviewer: Reviewer, reason: str, outgoing: Mail = ()) -> None:
        """Answer the sender's request for release with no, and keep the message held; ``outgoing`` tells them.

        Their page shows the reason, too. Raises ReviewError (also when there is no open appeal), StoreError.
        """
        need_reason(reason)
        now = self._clock()
        with change(self._pseudonyms) as made:
            message = locked(made, message_id, restricted=True)
            if not appeals.answer(made.cursor, message_id, "refused", reviewer.name, now):
                raise ReviewError(f"nobody waits for an answer about message {message_id} (any more)")
            made.rows.notes.append(self._note(EntryKind.REFUSE_APPEAL, message, (), reviewer, reason, now))
            send(made, outgoing, message.waiting, self._keys, now)

    def restrict(self, message_id: str, reviewer: Reviewer, reason: str, *, on: bool) -> None:
        """Freeze a held message for a dispute (nothing is done with it and it does not expire), or lift that.

        Lifting gives back the time it was frozen. Raises ReviewError, also for
        lifting what a person's request restricts; StoreError.
        """
        need_reason(reason)
        now = self._clock()
        with change(self._pseudonyms) as made:
            message = locked(made, message_id, restricted=True, kept=on)
            if on == (message.restricted_at is not None):
                raise ReviewError(f"message {message_id} is {'restricted already' if on else 'not restricted'}")
            passed = 0.0 if message.restricted_at is None else now - message.restricted_at
            reviewing.restrict(made.cursor, message_id, now if on else None, passed)
            made.rows.notes.append(self._note(EntryKind.RESTRICT, message, (), reviewer, reason, now, {"on": on}))

    def _end(
        self,
        kind: EntryKind,
        state: str,
        message_id: str,
        recipients: Iterable[int] | None,
        reviewer: Reviewer,
        reason: str,
        outgoing: Mail,
    ) -> tuple[HeldRecipient, ...]:
        need_reason(reason)
        now = self._clock()
        with change(self._pseudonyms) as made:
            message = locked(made, message_id)
            chosen = choose(message, recipients)
            end(made, chosen, state, now)
            made.rows.notes.append(self._note(kind, message, chosen, reviewer, reason, now))
            send(made, outgoing, chosen, self._keys, now)
            close_if_done(made, message, now, ended=state, by=reviewer.name)
        return tuple(chosen)

    def _opening(self) -> ReviewKeys:
        if not isinstance(self._keys, ReviewKeys):
            raise KeysError("the reviewers' private key is needed to open a message")
        return self._keys

    def _unseal(self, message: Held) -> tuple[Opened, bytes]:
        """Open the message and its details, and make sure that they are what was held."""
        with database.failures("the held message was not read"), database.cursor() as cursor:
            wrap = queue.wrapped(cursor, message.message_id, wraps.REVIEWERS)
            if wrap is None:
                raise ReviewError(f"message {message.message_id} was erased")
            key = wraps.open_for_review(self._opening(), *wrap, message.message_id)
            content = queue.read(cursor, message.message_id, key, sealing.Part.CONTENT)
            details = queue.read(cursor, message.message_id, key, sealing.Part.DETAILS)
        if hashlib.sha256(content).hexdigest() != message.digest:
            raise sealing.SealError(f"message {message.message_id} is not the one that was held: its digest differs")
        inspection, reasons = facts.decode_sealed(details)
        return Opened(content, inspection, tuple(reasons)), key

    def _queue(self, made: Change, message: Held, chosen: Sequence[HeldRecipient], key: bytes, now: float) -> None:
        """Give the gateway the key again, and let the recipients' deliveries be due."""
        wrap = wraps.for_delivery(self._keys, key, message.message_id)
        queue.release(made.cursor, message.message_id, wrap, [recipient.id for recipient in chosen], now)

    def _note(
        self,
        kind: EntryKind,
        message: Held,
        chosen: Sequence[HeldRecipient],
        reviewer: Reviewer,
        reason: str,
        now: float,
        more: dict[str, Any] | None = None,
    ) -> Note:
        texts = Texts()
        details: dict[str, Any] = {"reason": texts.reason(reason)}
        if chosen:
            details["recipients"] = [{"address": texts.address(canonical(r.address))} for r in chosen]
        return Note(kind, now, reviewer.name, message.message_id, details | (more or {}), tuple(texts.items))
