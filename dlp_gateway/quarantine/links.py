"""The link in a notice to the sender's page of one held message.

Whoever reads the sender's mail is the sender: the key in the link (256 random
bits) goes there and nowhere else. Only its SHA-256 is kept, so that nobody can
make links out of the database. A key works once and for some days; looking at
it does not use it up, since mail scanners follow links. A new one is sent to
the envelope sender, whoever asks for it, if somebody holds an old one.
"""

from __future__ import annotations

import hashlib
import secrets

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.model import DAY
from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.answers import to_sender
from dlp_gateway.quarantine.notices import Event, Letterhead
from dlp_gateway.quarantine.rules import SENDER
from dlp_gateway.store import links as statements
from dlp_gateway.store.change import Change, change
from dlp_gateway.store.intake import add_outgoing, canonical
from dlp_gateway.store.keys import SealingKeys
from dlp_gateway.store.values import SenderLink

_KEY_BYTES = 32
# Links for one message within a day: somebody who holds an old one cannot fill the sender's mailbox.
_MOST_A_DAY = 5


def new(letterhead: Letterhead, now: float) -> tuple[str, SenderLink]:
    """A new link: its address for the notice, and what is kept of it."""
    key = secrets.token_urlsafe(_KEY_BYTES)
    return f"{letterhead.console}/sender/{key}", SenderLink(_digest(key), now + letterhead.link_days * DAY)


def usable(key: str, now: float) -> bool:
    """Whether a key would open its page; changes nothing. Raises StoreError."""
    link = statements.find(_digest(key))
    return link is not None and link.used_at is None and now < link.expires_at


def use(key: str, now: float, pseudonyms: bytes | None = None) -> str | None:
    """Use a key up, on record; returns the message whose page it opens, None when it opens none. Raises StoreError."""
    with change(pseudonyms) as made:
        message_id = statements.use(made.cursor, _digest(key), now)
        if message_id is not None:
            _note(made, message_id, now, "link used")
    return message_id


def send_again(
    key: str, letterhead: Letterhead, keys: SealingKeys, now: float, pseudonyms: bytes | None = None
) -> bool:
    """Send a new link to the sender of the message that ``key``, used or expired, belongs to.

    Returns whether a notice goes out; never tell that to whoever asks.
    Raises StoreError.
    """
    old = statements.find(_digest(key))
    message = held.find(old.message_id) if old is not None else None
    if message is None or message.sender is None or not letterhead.console:
        return False
    address, link = new(letterhead, now)
    mails = to_sender(letterhead, Event.LINK, message, [r.id for r in message.recipients], (), now, link=address)
    with change(pseudonyms) as made:
        if statements.made_since(made.cursor, message.message_id, now - DAY) >= _MOST_A_DAY:
            return False
        made.rows.links.append((link.digest, message.message_id, now, link.expires_at))
        for mail in mails:
            add_outgoing(made.rows, mail, keys, now)
        _note(made, message.message_id, now, "link sent")
    return True


def _note(made: Change, message_id: str, now: float, outcome: str) -> None:
    message, texts = held.find(message_id), Texts()
    details = {"outcome": outcome}
    if message is not None and message.sender is not None:
        details["sender"] = texts.address(canonical(message.sender))
    made.rows.notes.append(Note(EntryKind.SIGN_IN, now, SENDER, message_id, details, tuple(texts.items)))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
