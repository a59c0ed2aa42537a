"""A reviewer marks a finding of a held message as wrong: a false alarm of its detector, counted with it."""

from __future__ import annotations

from dlp_gateway.audit.chain import EntryKind, Note
from dlp_gateway.quarantine.acts import locked
from dlp_gateway.quarantine.rules import Reviewer, ReviewError
from dlp_gateway.store import marks
from dlp_gateway.store.change import change
from dlp_gateway.store.marks import Place


def mark(message_id: str, what: Place, reviewer: Reviewer, now: float, *, wrong: bool) -> None:
    """Say that a finding is wrong, or take that back; on record without the place's name or value.

    Raises:
        ReviewError: the message is not held any more, or nothing like that was found in it.
        StoreError: the database cannot be read or written.
    """
    with change() as made:
        message = locked(made, message_id, restricted=True)
        found = {Place(one.entity, one.detector, one.where) for one in message.inspection.findings}
        if what not in found:
            raise ReviewError(f"nothing like that was found in message {message_id}")
        if wrong:
            changed = marks.add(made.cursor, message_id, what, reviewer.name, now)
        else:
            changed = marks.remove(made.cursor, message_id, what)
        if changed:
            details = {"entity": what.entity, "detector": what.detector, "place": what.place, "wrong": wrong}
            made.rows.notes.append(Note(EntryKind.MARK, now, reviewer.name, message_id, details))
