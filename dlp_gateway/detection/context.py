"""What the surroundings of a candidate say: labels, headers, words near by.

A number is what its label says it is. The label closest before a value wins:
"invoice 412 277 305" is no tax file number however well its check digit fits.
Words are compared folded, in
lower case, with ``_`` and ``-`` as spaces, so that field names count.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import ahocorasick_rs

from dlp_gateway.detection.normalise import Normaliser

# How far a word reaches, in bytes of normalised text.
LABEL_REACH = 40
SENTENCE_REACH = 160
NEAR_REACH = 320
AFTER_REACH = 240

_VIEW = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_-\n\t\r", b"abcdefghijklmnopqrstuvwxyz     ")
_LOWER = frozenset(b"abcdefghijklmnopqrstuvwxyz")
_UPPER = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_WORD = _LOWER | _UPPER | frozenset(b"0123456789")
_SENTENCE_END = re.compile(rb"[.!?]\s+[A-Z\"'(]|[.!?]\n|\n\s*\n")
# What may stand between a label and its value in the same line.
_LABEL_END = re.compile(rb"[ \t:#=.(-]*(?:(?:is|no|nr|num|number)\b[ \t:#=.]*){0,2}", re.IGNORECASE)
# What stands between a label and a word that only says which one, or where it was given: "TFN as told on the phone".
_WHICH = re.compile(
    rb"[ \t]*(?:(?:numbers?|no|nr|card|details?)\b\.?[ \t]*)?[(\[]?[ \t]*"
    rb"(?:(?:as|on|for|of|from|in|over|per|with|to|the|this|that|my|our|your|his|her|their|an?|i|we|you|gave|told|discussed"
    rb"|mentioned|given|see|same|last|not|or|and|laut|zur|zum|pour|de|la|du)\b[ \t]*|[/&][ \t]*){1,6}",
    re.IGNORECASE,
)
# A label in a line of its own leads to the next line that is not empty: a form, a web notification.
_OWN_LINE = re.compile(rb"[ \t]*(?:(?:numbers?|no|nr|num)\b\.?)?[ \t]*[:?*]?[ \t\r]*\n[ \t\r\n>*-]*", re.IGNORECASE)
_WORDS_OF_A_LABEL = 2
_NUMBERED = re.compile(rb"[ \t]*(?:numbers?|no|nr|details?)\b", re.IGNORECASE)
# "t.f.n", "T.F.N.", "T-F-N" and "T/F/N" are "TFN"; an acronym may stand directly before its value.
_ACRONYM = re.compile(rb"[a-z]{3,5}")
_SPACED_OUT = re.compile(rb"[a-z](?:[. /][a-z]){2,4}\.?")
_BETWEEN = (b".", b" ", b"/")
_FIGURES = re.compile(rb"(?:\d[ .-]?){6}")
_BROKEN = re.compile(rb"[\n\t]")
_CELL_END = re.compile(rb"[|;\t]|\n")


class Relation(StrEnum):
    """How a context word stands to a value, strongest first."""

    LABEL = "label"
    COLUMN = "column header"
    TITLE = "subject that is a label"
    SENTENCE = "same sentence"
    HINT = "file or sheet name"
    TOPIC = "subject or covering letter"
    NEAR = "near by"


@dataclass(frozen=True, slots=True)
class Hit:
    """A context word at bytes ``start:end``."""

    start: int
    end: int
    word: int


class Vocabulary:
    """All context words of all recognisers, found in one pass."""

    def __init__(self, words: Iterable[str], normaliser: Normaliser) -> None:
        # "tax file number", "tax_file_number" and "taxFileNumber" are one word: they share the form without spaces.
        self._numbers: dict[str, int] = {}
        canonical: dict[bytes, int] = {}
        # Short words that packs write in capitals (SIN, PAN) are everyday words otherwise.
        self._shouted: set[bytes] = set()
        forms: dict[bytes, int] = {}
        for word in words:
            form = b" ".join(view(normaliser(word).data).split())
            if word.isupper() and len(word) <= 4:
                self._shouted.add(form)
            joined = form.replace(b" ", b"")
            if _SPACED_OUT.fullmatch(form):
                joined = bytes(byte for byte in form if byte in _LOWER)
            number = self._numbers[word] = canonical.setdefault(joined, len(canonical))
            forms[form] = forms[joined] = number
            if _ACRONYM.fullmatch(joined):
                forms |= {mark.join(joined[i : i + 1] for i in range(len(joined))): number for mark in _BETWEEN}
        self._meaning = list(forms.values())
        self._automaton = ahocorasick_rs.BytesAhoCorasick(list(forms))

    def numbers(self, words: Iterable[str]) -> frozenset[int]:
        """Return the numbers by which hits name these words."""
        return frozenset(self._numbers[word] for word in words)

    def words(self, data: bytes) -> frozenset[int]:
        """Return the words that occur in normalised text."""
        return frozenset(hit.word for hit in self.find(data))

    def find(self, data: bytes) -> list[Hit]:
        """Find whole words of normalised text, sorted by start; a plural s is allowed."""
        folded = view(data)
        hits = []
        for number, start, last in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if start and _joined(data, start):
                continue
            end = last
            if end < len(data) and _joined(data, end) and not _glued_to_a_value(data, start, end):
                if folded[end : end + 1] != b"s" or (end + 1 < len(data) and _joined(data, end + 1)):
                    continue
                end += 1
            if self._shouted and folded[start:end] in self._shouted and not _is_label(data, start, end):
                continue
            hits.append(Hit(start, end, self._meaning[number]))
        hits.sort(key=lambda hit: (hit.start, -hit.end))
        return hits


def _joined(data: bytes, place: int) -> bool:
    """Tell whether the bytes on both sides of a place belong to one word; a capital inside begins a new one."""
    left, right = data[place - 1], data[place]
    if left not in _WORD or right not in _WORD:
        return False
    return not (left in _LOWER and right in _UPPER)


def _glued_to_a_value(data: bytes, start: int, end: int) -> bool:
    """Tell whether a value follows an acronym without anything between: "TFN735278579"."""
    return _ACRONYM.fullmatch(data[start:end].lower()) is not None and _FIGURES.match(data, end) is not None


def _is_label(data: bytes, start: int, end: int) -> bool:
    """Tell an acronym from a word: capitals, or alone in its cell or before a colon."""
    if data[start:end].isupper():
        return True
    cell = not start or data[start - 1] in b'\n|;,\t"_'
    return data[end : end + 1] in (b":", b"=") or (cell and (end == len(data) or data[end] in b'\n|;,\t"\r_'))


def view(data: bytes) -> bytes:
    """Prepare normalised text for finding words: same length, lower case, separators as spaces."""
    return data.translate(_VIEW)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The judgement of a candidate's context; the words themselves are the pack's, not the message's."""

    positive: Relation | None
    negative: Relation | None


NO_SURROUNDINGS = Surroundings(None, None)


class Context:
    """The context words of one window of text."""

    def __init__(
        self,
        data: bytes,
        hits: Sequence[Hit],
        hinted: frozenset[int],
        topical: frozenset[int] = frozenset(),
        title: frozenset[int] = frozenset(),
    ) -> None:
        self._data = data
        self.hits = hits
        self._starts = [hit.start for hit in hits]
        self.present = frozenset(hit.word for hit in hits) | hinted | topical
        self._hinted, self._topical, self._title = hinted, topical, title

    def judge(
        self, start: int, end: int, positive: frozenset[int], negative: frozenset[int], column: frozenset[int] | None
    ) -> Surroundings:
        """Weigh the words around bytes ``start:end``; ``column`` are the words of the column's header."""
        before = self._before(start, positive, negative)
        after = self._after(end, positive)
        best = after
        sunk: Relation | None = None
        if before is not None:
            relation, favourable = before
            if favourable:
                best = relation if best is None or _RANK[relation] < _RANK[best] else best
            else:
                sunk = relation
        if column is not None:
            if column & positive:
                best, sunk = (Relation.COLUMN if best is not Relation.LABEL else best), None
            elif column & negative:
                sunk = sunk or Relation.COLUMN
        return Surroundings(self._best(best, start, positive), sunk)

    def _best(self, best: Relation | None, start: int, positive: frozenset[int]) -> Relation | None:
        """Return what speaks for a value: what stands by it, unless the words around the text say more."""
        found = [] if best is None else [best]
        if self._title & positive:
            found.append(Relation.TITLE)
        if best is None:
            if self._hinted & positive:
                found.append(Relation.HINT)
            if self._topical & positive:
                found.append(Relation.TOPIC)
            if self._near(start, positive):
                found.append(Relation.NEAR)
        return min(found, key=_RANK.__getitem__, default=None)

    def labels(self, start: int, words: frozenset[int]) -> bool:
        """Tell whether one of the words stands right before byte ``start``, as its label."""
        return any(
            hit.word in words and hit.end <= start and _LABEL_END.fullmatch(self._data, hit.end, start)
            for hit in self._from(start - LABEL_REACH, start)
        )

    def between(self, start: int, end: int, words: frozenset[int]) -> bool:
        """Tell whether one of the words stands in bytes ``start:end``."""
        return any(hit.word in words and hit.end <= end for hit in self._from(start, end))

    def _from(self, low: int, high: int) -> Sequence[Hit]:
        """Return the words that begin in bytes ``low:high``, in order."""
        return self.hits[bisect_left(self._starts, low) : bisect_left(self._starts, high)]

    def _before(self, start: int, positive: frozenset[int], negative: frozenset[int]) -> tuple[Relation, bool] | None:
        """Return the relation of the closest word before, and whether it speaks for the candidate."""
        closest: Hit | None = None
        for index in range(bisect_left(self._starts, start) - 1, -1, -1):
            hit = self.hits[index]
            if hit.start < start - NEAR_REACH:
                break
            if hit.end > start or not (hit.word in positive or hit.word in negative):
                continue
            if closest is None or hit.end > closest.end or (hit.start < closest.start and hit.end == closest.end):
                closest = hit
        if closest is None:
            return None
        gap = self._data[closest.end : start]
        favourable = self._qualifies(closest, positive) or (
            closest.word in positive and not self._is_of_something_else(closest, negative)
        )
        if len(gap) <= LABEL_REACH and favourable and self._is_line_above(closest, start, negative):
            return Relation.LABEL, True
        if _SENTENCE_END.search(gap) or self._labelled_itself(closest.end, start):
            return (Relation.NEAR, True) if favourable else None
        if not favourable and (named := self._named_before(closest, gap, positive)) is not None:
            return (Relation.LABEL if start - named.end <= LABEL_REACH else Relation.SENTENCE), True
        if len(gap) <= LABEL_REACH:
            return Relation.LABEL, favourable
        if len(gap) <= SENTENCE_REACH:
            return (Relation.SENTENCE, True) if favourable else None
        return (Relation.NEAR, True) if favourable else None

    def _named_before(self, hit: Hit, gap: bytes, positive: frozenset[int]) -> Hit | None:
        """Return the label that a word right behind it only specifies ("card number for the reservation: ...").

        A word with nothing but a space to the value is the value's own label ("pay by card for invoice ...").
        """
        for other in reversed(self._from(hit.start - LABEL_REACH, hit.start)):
            if other.word in positive and other.end <= hit.start and _WHICH.fullmatch(self._data, other.end, hit.start):
                own = not gap.strip() and not _NUMBERED.match(self._data, other.end, hit.start)
                return None if own else other
        return None

    def _labelled_itself(self, end: int, start: int) -> bool:
        """Tell whether the value has a label of its own behind the word, in its own cell or line."""
        own = max(self._data.rfind(mark, end, start) for mark in (b"|", b"\n", b";", b"\t"))
        return own >= 0 and self._data.find(b":", own, start) >= 0

    def _qualifies(self, hit: Hit, positive: frozenset[int]) -> bool:
        """Tell whether a word only qualifies a label right before it ("Medicare reference", "TFN ref")."""
        return self._data[hit.start : hit.start + 3].lower() == b"ref" and any(
            other.word in positive and not self._data[other.end : hit.start].strip(b" _-")
            for other in self._from(hit.start - 60, hit.start)
        )

    def _is_line_above(self, hit: Hit, start: int, negative: frozenset[int]) -> bool:
        """Tell whether a label ends its own short line, and nothing but empty lines parts it from the value.

        Words that sink the label stand above it in forms, too: "Product", its name, "Licence number".
        """
        if not _OWN_LINE.fullmatch(self._data, hit.end, start):
            return False
        if any(other.word in negative for other in self._from(hit.start - LABEL_REACH, hit.start)):
            return False
        low = max(self._data.rfind(b"\n", 0, hit.start) + 1, hit.start - LABEL_REACH)
        return len(self._data[low : hit.start].split()) <= _WORDS_OF_A_LABEL

    def _is_of_something_else(self, hit: Hit, negative: frozenset[int]) -> bool:
        """Tell whether a label begins inside a word that says what it is of: "software licence" number."""
        return any(
            other.word in negative
            and hit.start < other.end < hit.end
            and not _BROKEN.search(self._data, other.start, other.end)
            for other in self._from(hit.start - LABEL_REACH, hit.start)
        )

    def _after(self, end: int, positive: frozenset[int]) -> Relation | None:
        for index in range(bisect_left(self._starts, end), len(self.hits)):
            hit = self.hits[index]
            if hit.start > end + AFTER_REACH:
                return None
            if hit.word in positive:
                gap = self._data[end : hit.start]
                if len(gap) <= 3 and gap.strip() in (b"(", b"[", b"="):
                    return Relation.LABEL
                close = len(gap) <= LABEL_REACH and not _SENTENCE_END.search(gap) and not _CELL_END.search(gap)
                return Relation.SENTENCE if close else Relation.NEAR
        return None

    def _near(self, start: int, positive: frozenset[int]) -> bool:
        for index in range(bisect_left(self._starts, start) - 1, -1, -1):
            hit = self.hits[index]
            if hit.start < start - NEAR_REACH:
                return False
            if hit.word in positive:
                return True
        return False


_RANK = {relation: rank for rank, relation in enumerate(Relation)}
