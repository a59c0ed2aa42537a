"""The held messages that concern a person: by their envelope, or by what the search found inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlp_gateway.store import matches, persons
from dlp_gateway.store.keys import load_sealing
from dlp_gateway.store.requests import Request
from dlp_gateway.wiring import pseudonym_key

_PLACES = {
    "subject": "Subject",
    "header": "headers",
    "body": "body",
    "filename": "name of a file",
    "document": "document",
    "metadata": "properties of a document",
    matches.UNREAD: "could not be searched: open it and look",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A held message that concerns the person: by its envelope (``role``), by its content (``places``), or both."""

    message_id: str
    role: str
    places: str
    expires_at: float
    restricted: bool


def pseudonyms(services: Any) -> bytes | None:
    """The key of a record that is kept with pseudonyms; None where it keeps addresses. Raises KeysError."""
    if not services.settings.audit.pseudonyms:
        return None  # and no key is read
    return pseudonym_key(services.settings, load_sealing(services.settings.keys.directory))


def held_of(one: Request, traces: persons.Traces | None) -> list[Found]:
    """Held messages that concern the person, by identifier."""
    by_content = {match.message_id: match for match in matches.of(one)}
    by_envelope = {kept.message_id: kept for kept in (traces.held if traces else ())}
    found = []
    for message_id in sorted(by_content.keys() | by_envelope.keys()):
        match, kept = by_content.get(message_id), by_envelope.get(message_id)
        either = kept or match
        if either is None:
            continue
        places = "" if match is None else _places(match)
        role = "" if kept is None else kept.role
        found.append(Found(message_id, role, places, either.expires_at, either.restricted))
    return found


def _places(match: matches.Match) -> str:
    counts: dict[str, int] = {}
    for role, _, count in match.places:
        counts[role] = counts.get(role, 0) + count
    return ", ".join(
        _PLACES.get(role, role) + (f" ({count} times)" if count > 1 else "") for role, count in counts.items()
    )
