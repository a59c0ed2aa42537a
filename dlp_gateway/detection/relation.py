"""Who a candidate is about: recognisers may ask for a person near by, or for a person as the owner."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from dlp_gateway.detection import ownership
from dlp_gateway.detection.normalise import Normalised
from dlp_gateway.detection.scoring import Scored
from dlp_gateway.detection.values import People, PersonSpan

# Characters of text before and behind a candidate that are searched for a name.
BEFORE, BEHIND = 240, 120
# Bytes between a name and what stands beside it: "Marcus Bell (46)".
BESIDE = 4
WORDS_OF_A_ROW = 14
_SEPARATORS = re.compile(r"[_.\-+]+|\.[A-Za-z0-9]{2,5}$")
_PARAGRAPH = re.compile(rb"\n[ \t\r]*\n")
_INTRODUCTION = re.compile(
    rb"\b(?:by|from|with|ask|contact|contact person|attn|attention|att|c/o|via|cc|see"
    rb"|signed|per|regards|wishes|thanks|says"
    rb"|ansprechpartner(?:in)?|z\. ?hd|von|durch|par|contacto|por|contatto|referente|contactpersoon)[:.,]?\s+$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    rb"[> \t]*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|thanks|thank you|cheers|kia ora|g'day"
    rb"|hallo|liebe[rs]?|sehr geehrte[rs]?|guten (?:tag|morgen)|moin|gruezi|bonjour|bonsoir|cher|chere|madame|monsieur"
    rb"|hola|estimad[oa]|buenos dias|buongiorno|ciao|gentile|egregio|beste|geachte|dzien dobry|ola|caro|cara|hej|hei)"
    rb"\b[^\n]{0,24}$",
    re.IGNORECASE,
)


def check(
    text: str, normalised: Normalised, scored: Sequence[Scored], people: People, hints: Sequence[str] = ()
) -> list[Scored]:
    """Return the candidates; those that lack the person they ask for, or belong to a company, no longer stand.

    A file that is named after somebody speaks of that person throughout.
    """
    asking = [i for i, s in enumerate(scored) if s.stands and _asks(s, normalised.data)]
    if not asking:
        return list(scored)
    names = _names(text, normalised, [scored[i] for i in asking], people)
    names = [name for name in names if not _introduced(normalised.data, name)]
    checked = list(scored)
    titled: bool | None = None
    for index in asking:
        checked[index] = _judge(scored[index], normalised.data, names)
        if not checked[index].stands and scored[index].recogniser.person == "near" and hints:
            titled = names_somebody(hints, people) if titled is None else titled
            checked[index] = scored[index] if titled else checked[index]
    return checked


def _introduced(data: bytes, name: PersonSpan) -> bool:
    """Tell whether somebody is named as contact, author or sender, which is not whom the words are about."""
    return _INTRODUCTION.search(data, max(0, name.start - 24), name.start) is not None


def names_somebody(hints: Sequence[str], people: People) -> bool:
    """Tell whether the name of a file or sheet names a person."""
    return any(people.find([_SEPARATORS.sub(" ", hint) for hint in hints]))


def _asks(scored: Scored, data: bytes) -> bool:
    recogniser = scored.recogniser
    return recogniser.person != "unneeded" or (
        recogniser.owner == "person" and ownership.of_a_company(data, scored.start, scored.end)
    )


def _names(text: str, normalised: Normalised, asking: Sequence[Scored], people: People) -> list[PersonSpan]:
    """Find names around the candidates; return their byte spans."""
    windows: list[tuple[int, int]] = []
    for scored in asking:
        start, end = normalised.span(scored.start, scored.end)
        low, high = max(0, start - BEFORE), min(len(text), end + BEHIND)
        if windows and low <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(high, windows[-1][1]))
        else:
            windows.append((low, high))
    found = people.find([text[low:high] for low, high in windows])
    names = []
    for (low, _), spans in zip(windows, found, strict=True):
        for span in spans:
            start, end = normalised.bytes_of(low + span.start, low + span.end)
            names.append(PersonSpan(start, end, span.score))
    return names


def _judge(scored: Scored, data: bytes, names: Sequence[PersonSpan]) -> Scored:
    recogniser = scored.recogniser
    if recogniser.person != "unneeded" and not any(_CLOSE[recogniser.person](scored, name, data) for name in names):
        return replace(scored, stands=False, sank=(*scored.sank, "no person near by"))
    if recogniser.owner == "person" and ownership.of_a_company(data, scored.start, scored.end, names):
        return replace(scored, stands=False, sank=(*scored.sank, "belongs to a company"))
    return scored


def _near(scored: Scored, name: PersonSpan, data: bytes) -> bool:
    """In front, or behind in the same paragraph; whom the mail greets is not whom it speaks of."""
    if name.start >= scored.end:
        return name.start < scored.end + BEHIND and not _PARAGRAPH.search(data, scored.end, name.start)
    line = data.rfind(b"\n", max(0, name.start - BEFORE), name.start) + 1
    return name.end > scored.start - BEFORE and not _GREETING.match(data, line, name.start)


def _row(scored: Scored, name: PersonSpan, data: bytes) -> bool:
    """In the same line, and the line is a row rather than a line of prose."""
    low = data.rfind(b"\n", max(0, scored.start - BEFORE), scored.start) + 1
    high = data.find(b"\n", scored.end, scored.end + BEFORE)
    high = min(len(data), scored.end + BEFORE) if high < 0 else high
    return low <= name.start and name.end <= high and len(data[low:high].split()) <= WORDS_OF_A_ROW


def _beside(scored: Scored, name: PersonSpan, data: bytes) -> bool:
    """Directly in front: "Marcus Bell (46)"."""
    del data
    return 0 <= scored.start - name.end <= BESIDE


_CLOSE: Mapping[str, Callable[[Scored, PersonSpan, bytes], bool]] = MappingProxyType(
    {"near": _near, "row": _row, "beside": _beside}
)
