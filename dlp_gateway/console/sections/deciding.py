"""Acts on held messages as accounts of the console carry them out: who acts, and what the sender is told."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.acts import Mail
from dlp_gateway.quarantine.answers import after_act
from dlp_gateway.quarantine.notices import Event
from dlp_gateway.quarantine.review import Desk, Released
from dlp_gateway.quarantine.rules import Reviewer, ReviewError
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.keys import KeysError
from dlp_gateway.store.sealing import SealError
from dlp_gateway.wiring import letterhead

# Offered while a reason is typed; any other may be given.
REASONS = (
    "False alarm: what was found is no personal data",
    "The recipient is the person concerned",
    "The recipient is entitled to it; agreed in writing",
    "Personal data that has to be encrypted",
    "Sent to the wrong recipient",
    "The sender has withdrawn it",
)


class Act(StrEnum):
    """What becomes of a held message."""

    RELEASE = "release"
    RETURN = "return"
    DELETE = "delete"

    @property
    def participle(self) -> str:
        """For "it was not ..."."""
        return {"release": "released", "return": "returned", "delete": "deleted"}[self.value]

    @property
    def done(self) -> str:
        """For "... 3 messages"."""
        return self.participle.capitalize()


# What keeps an act from happening; the text says why, without personal data, and nothing has changed.
REFUSALS = (ReviewError, SealError, KeysError, StoreError)

_EVENTS = {Act.RELEASE: Event.RELEASED, Act.RETURN: Event.RETURNED, Act.DELETE: Event.DELETED}


def reviewer(user: Any) -> Reviewer:
    """Who acts: the name of the account and its mail address."""
    return Reviewer(user.get_username(), user.email or "")


class Acting:
    """A reviewer at the desk, for one request. Raises KeysError when the reviewers' key cannot be read."""

    def __init__(self, request: Any) -> None:
        self._services = request.services
        self.desk: Desk = request.services.desk()
        self.who = reviewer(request.user)

    def carry_out(
        self,
        act: Act,
        message_id: str,
        recipients: Sequence[int] | None,
        reason: str,
        *,
        tell: bool,
        words: Sequence[str] = (),
    ) -> Released:
        """Do it for some recipients (None: all that wait), and tell the sender if ``tell``.

        ``words`` are paragraphs for the sender in place of the reason. Who is
        returned or deleted counts as released here. Raises as ``Desk`` does.
        """
        outgoing = self._notices(act, message_id, words or (reason,)) if tell else ()
        if act is Act.RELEASE:
            return self.desk.release(message_id, recipients, self.who, reason, outgoing)
        end = self.desk.give_back if act is Act.RETURN else self.desk.delete
        return Released(end(message_id, recipients, self.who, reason, outgoing), ())

    def refusal(self, message_id: str, reason: str) -> Mail:
        """What tells the sender that the message they asked for is not released."""
        return self._told(Event.REFUSED, message_id, (reason,))

    def _notices(self, act: Act, message_id: str, words: Sequence[str]) -> Mail:
        return self._told(_EVENTS[act], message_id, () if act is Act.RELEASE else words)

    def _told(self, event: Event, message_id: str, paragraphs: Sequence[str]) -> Mail:
        """What tells the sender of those for whom the act was in the end."""
        message = held.find(message_id)
        if message is None:
            return ()  # The desk says so.
        return after_act(letterhead(self._services.settings), event, message, paragraphs, self._services.clock())
