"""Who a candidate is about: recognisers may ask for a person near by, or for a person as the owner."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from dlp_gateway.detection import ownership
from dlp_gateway.detection.normalise import Normalised, Normaliser
from dlp_gateway.detection.scoring import Scored
from dlp_gateway.detection.signatures import signature_lines
from dlp_gateway.detection.values import People, PersonSpan
from dlp_gateway.model import Role, Text

# Characters of text before and behind a candidate that are searched for a name.
BEFORE, BEHIND = 240, 120
# Bytes between a name and what stands beside it: "Marcus Bell (46)".
BESIDE = 4
WORDS_OF_A_ROW = 14
# Candidates whose surroundings are read together; after so many of a recogniser are confirmed, more change nothing.
_BATCH = 64
ENOUGH = 50
# Characters of a covering letter that are searched for whom it speaks of.
_COVER = 20_000
_SEPARATORS = re.compile(r"[_.\-+]+|\.[A-Za-z0-9]{2,5}$")
# A value this close behind a name, with no end of the sentence, cell or label between, is about that person.
_BREATH = 48
_STOP = re.compile(rb"[.!?]\s|[\n|:;\t]")
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


class Whom:
    """Whom the texts of one message speak of; names are asked for only where a candidate depends on them."""

    def __init__(self, texts: Sequence[Text], people: People, normaliser: Normaliser) -> None:
        self._texts = texts
        self._people = people
        self._normaliser = normaliser
        self._cover: bool | None = None

    def check(self, text: Text, normalised: Normalised, scored: Sequence[Scored]) -> list[Scored]:
        """Return the candidates; those that lack the person they ask for, or belong to a company, no longer stand.

        A file that is named after somebody speaks of that person throughout, and so does one that comes
        with a letter about somebody.
        """
        checked = list(scored)
        confirmed: Counter[str] = Counter()
        asking = [i for i, s in enumerate(scored) if s.stands and _asks(s, normalised.data)]
        for first in range(0, len(asking), _BATCH):
            batch = asking[first : first + _BATCH]
            open_ones = [i for i in batch if confirmed[scored[i].recogniser.name] < ENOUGH]
            names = _names(text.text, normalised, [scored[i] for i in open_ones], self._people)
            for index in batch:
                one = scored[index]
                if index not in open_ones:
                    checked[index] = replace(one, stands=False, sank=(*one.sank, "enough of them are confirmed"))
                    continue
                checked[index] = _judge(one, normalised.data, names)
                if not checked[index].stands and one.recogniser.person == "near" and self._known_from(text):
                    checked[index] = one
                confirmed[one.recogniser.name] += checked[index].stands
        return checked

    def _known_from(self, text: Text) -> bool:
        """Tell whether a document without names is about somebody named in its own name or in the covering letter."""
        if names_somebody(text.hints, self._people):
            return True
        if text.role is not Role.DOCUMENT:
            return False
        if self._cover is None:
            self._cover = any(self._speaks_of_somebody(one) for one in self._texts if one.role is Role.BODY)
        return self._cover

    def _speaks_of_somebody(self, text: Text) -> bool:
        """Tell whether a letter names a person other than its writer, its reader and their contacts."""
        lines = text.text[:_COVER].split("\n")
        outside = signature_lines(lines)
        letter = "\n".join("" if number in outside else line for number, line in enumerate(lines))
        normalised = self._normaliser(letter)
        spans = [normalised.bytes_of(span.start, span.end) for span in self._people.find([letter])[0]]
        data = normalised.data
        return any(not _introduced(data, start) and not _greeted(data, start) for start, _ in spans)


def _introduced(data: bytes, start: int) -> bool:
    """Tell whether the name at ``start`` is that of a contact, author or sender: not whom the words are about."""
    return _INTRODUCTION.search(data, max(0, start - 24), start) is not None


def _greeted(data: bytes, start: int) -> bool:
    line = data.rfind(b"\n", max(0, start - BEFORE), start) + 1
    return _GREETING.match(data, line, start) is not None


def names_somebody(hints: Sequence[str], people: People) -> bool:
    """Tell whether the name of a file or sheet names a person."""
    return bool(hints) and any(people.find([_SEPARATORS.sub(" ", hint) for hint in hints]))


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
    found = people.find([text[low:high] for low, high in windows]) if windows else []
    names = []
    for (low, _), spans in zip(windows, found, strict=True):
        for span in spans:
            start, end = normalised.bytes_of(low + span.start, low + span.end)
            if _told_of(normalised.data, end, asking) or not _introduced(normalised.data, start):
                names.append(PersonSpan(start, end, span.score))
    return names


def _told_of(data: bytes, end: int, asking: Sequence[Scored]) -> bool:
    """Tell whether a value follows the name that ends at ``end`` in the same breath: it is about that person.

    Whoever introduces the name: "a claim from Ann Lee, policy number ..." is about the one whom it is from.
    """
    return any(
        one.recogniser.person in ("near", "beside")
        and end <= one.start < end + _BREATH
        and not _STOP.search(data, end, one.start)
        for one in asking
    )


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
    return name.end > scored.start - BEFORE and not _greeted(data, name.start)


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
