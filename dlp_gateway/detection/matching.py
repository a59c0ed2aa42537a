"""From text to scored candidates: a few passes for all patterns, then only those that hit.

RE2 sets say in linear time which patterns occur in a window of text;
only these are run singly. A recogniser that needs a context word is run only
if one is present. Checks and context then raise or sink each candidate.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import re2

from dlp_gateway.detection import encodings, spread
from dlp_gateway.detection.contacts import DETAILS
from dlp_gateway.detection.context import NO_SURROUNDINGS, Context, Hit, Vocabulary
from dlp_gateway.detection.layout import Layout
from dlp_gateway.detection.normalise import Normalised, Normaliser
from dlp_gateway.detection.packs import Pattern, Recogniser
from dlp_gateway.detection.pattern_sets import PatternSets, options
from dlp_gateway.detection.scoring import Compiled, Scored, check, failed, score
from dlp_gateway.detection.topics import NO_TOPIC, Topic, Topics
from dlp_gateway.detection.validators import find_validator
from dlp_gateway.detection.validators.cards import not_trivial
from dlp_gateway.model import Text, Tier

# A window overlaps its neighbours by the reach of context, so that nothing is lost on a seam.
WINDOW = 64 * 1024
MARGIN = 1024
# More candidates of one recogniser that count in one text change no verdict.
ENOUGH = 1000
_COUNTS = 0.5
# Values longer than this are no identifiers.
_LONGEST = 4096
_SINGLE_MEMORY = 8 << 20
# A word that labels this many different entities ("account") is too common to look for spread out values behind it.
_COMMON = 3
_UNDERSCORE = re.compile(rb"(?<=\d)_|_(?=\d)")


@dataclass(frozen=True, slots=True)
class Matches:
    """The candidates of a text in order of start, and whether it seems to hold text in an encoding.

    ``contacts`` are the bytes at which contact details begin, where these were only counted.
    """

    scored: list[Scored]
    encoded: bool
    contacts: list[int]


@dataclass(frozen=True, slots=True)
class _Single:
    """One pattern of a recogniser, as RE2 runs it alone."""

    owner: Compiled
    pattern: Pattern
    regex: re2._Regexp
    group: int


class Matcher:
    """All patterns of all recognisers, compiled once; thread-safe, keeps nothing of a text."""

    def __init__(self, recognisers: Sequence[Recogniser], normaliser: Normaliser) -> None:
        words = {word for r in recognisers for word in (*r.context, *r.negative_context)}
        self._vocabulary = Vocabulary(sorted(words), normaliser)
        self._normaliser = normaliser
        compiled = [self._compile(recogniser) for recogniser in recognisers]
        self._singles = list(_singles(compiled))
        self._spread, self._encoded = len(self._singles), len(self._singles) + 1
        regexes = ["(?m)" + single.pattern.regex for single in self._singles]
        self._sets = PatternSets([*regexes, spread.TRIGGER, encodings.TRIGGER])
        self._contact = {i: s for i, s in enumerate(self._singles) if s.owner.recogniser.tier is Tier.CONTACT}
        self._spreading = _spreading(compiled)

    def _compile(self, recogniser: Recogniser) -> Compiled:
        return Compiled(
            recogniser,
            self._vocabulary.numbers(recogniser.context),
            self._vocabulary.numbers(recogniser.negative_context),
            find_validator(recogniser.validator) if recogniser.validator else None,
            self._vocabulary.numbers(recogniser.mistyped),
            None if recogniser.compact is None else re.compile(recogniser.compact),
            letters=re.search("[A-Z]", recogniser.compact or "") is not None,
        )

    def topics(self, texts: Sequence[Text]) -> Topics:
        """Return what the texts of one message say of each other."""
        return Topics(texts, self._vocabulary, self._normaliser)

    def scan(
        self,
        text: Normalised,
        layout: Layout,
        hints: Sequence[str],
        topic: Topic = NO_TOPIC,
        *,
        count_contacts: bool,
        explain: bool = False,
    ) -> Matches:
        """Find and score the candidates of a text.

        With ``count_contacts`` the places of contact details are returned, for lists of people, and contact
        information is no candidate, unless ``explain`` asks for all of them, failed checks included.

        Raises:
            EngineError: the patterns could not be run.
        """
        data = text.data
        if b"_" in data:
            data = _UNDERSCORE.sub(b" ", data)
        hinted = frozenset(hit.word for hint in hints for hit in self._vocabulary.find(self._normaliser(hint).data))
        found: list[Scored] = []
        contacts: list[int] = []
        counts: Counter[str] = Counter()
        encoded = False
        for low in range(0, max(len(data), 1), WINDOW):
            matched = self._matched(data, low)
            encoded = encoded or self._encoded in matched
            if count_contacts:
                contacts.extend(self._contacts(data, low, matched))
                matched = matched if explain else [index for index in matched if index not in self._contact]
            if matched:
                for scored in self._window(data, low, layout, hinted, topic, matched, counts):
                    if scored.stands:
                        counts[scored.recogniser.name] += scored.score >= _COUNTS
                        found.append(scored)
                    elif explain:
                        found.append(scored)
        found.sort(key=lambda scored: (scored.start, scored.end))
        return Matches(found, encoded, sorted(contacts))

    def _contacts(self, data: bytes, low: int, matched: Sequence[int]) -> Iterator[int]:
        """Yield where contact details begin that pass their check."""
        first, last = _bounds(data, low)
        for index in matched:
            single = self._contact.get(index)
            if single is not None and single.owner.recogniser.entity in DETAILS:
                for match in single.regex.finditer(data, first, last):
                    start, end = match.span(single.group)
                    if low <= start < low + WINDOW and check(single.owner, data[start:end]):
                        yield start

    def _matched(self, data: bytes, low: int) -> list[int]:
        first, last = _bounds(data, low)
        return self._sets.match(data if last - first == len(data) else data[first:last])

    def _window(
        self,
        data: bytes,
        low: int,
        layout: Layout,
        hinted: frozenset[int],
        topic: Topic,
        matched: Sequence[int],
        counts: Mapping[str, int],
    ) -> Iterator[Scored]:
        first, last = _bounds(data, low)
        hits = self._vocabulary.find(data if last - first == len(data) else data[first:last])
        if first:
            hits = [Hit(hit.start + first, hit.end + first, hit.word) for hit in hits]
        context = Context(data, hits, hinted, topic.words, topic.title)
        present = context.present | self._heads(layout, data, first)
        columns = _Columns(layout, data, self._vocabulary)
        for index in matched:
            if index >= len(self._singles):
                continue
            single = self._singles[index]
            if single.owner.recogniser.context_required and single.owner.positive.isdisjoint(present):
                continue
            for match in single.regex.finditer(data, first, last):
                start, end = match.span(single.group)
                if counts[single.owner.recogniser.name] >= ENOUGH:
                    break
                if low <= start < low + WINDOW and 0 < end - start <= _LONGEST:
                    yield _judge(single, data, start, end, context, columns)
        if self._spread in matched:
            active = [
                one
                for one in self._spreading
                if not one.positive.isdisjoint(context.present) and counts[one.recogniser.name] < ENOUGH
            ]
            yield from spread.behind_labels(active, data, context, low, low + WINDOW)

    def _heads(self, layout: Layout, data: bytes, first: int) -> frozenset[int]:
        """Return the words of the header of the table that a later window begins in."""
        top = layout.top(first) if first else None
        return self._vocabulary.words(data[top.start : top.end]) if top is not None else frozenset()


class _Columns:
    """The words of column headers, each header looked at once."""

    def __init__(self, layout: Layout, data: bytes, vocabulary: Vocabulary) -> None:
        self._layout, self._data, self._vocabulary = layout, data, vocabulary
        self._known: dict[int, frozenset[int]] = {}

    def over(self, start: int) -> frozenset[int] | None:
        head = self._layout.header(start)
        if head is None:
            return None
        if head.start not in self._known:
            self._known[head.start] = self._vocabulary.words(self._data[head.start : head.end])
        return self._known[head.start]


def _judge(single: _Single, data: bytes, start: int, end: int, context: Context, columns: _Columns) -> Scored:
    owner = single.owner
    mistyped = not check(owner, data[start:end])
    if mistyped and not _counts_mistyped(owner, data, start, end, context):
        return failed(owner, single.pattern.name, start, end)
    around = NO_SURROUNDINGS
    if owner.positive or owner.negative:
        around = context.judge(start, end, owner.positive, owner.negative, columns.over(start))
    return score(owner, single.pattern.name, single.pattern.score, data, start, end, around, mistyped=mistyped)


def _counts_mistyped(owner: Compiled, data: bytes, start: int, end: int, context: Context) -> bool:
    """Tell whether a value whose check failed counts all the same: called so, and no placeholder (123 456 789)."""
    return (
        bool(owner.mistyped)
        and context.labels(start, owner.mistyped)
        and not_trivial(data[start:end].decode("utf-8", "replace"))
    )


def _bounds(data: bytes, low: int) -> tuple[int, int]:
    return max(0, low - MARGIN), min(len(data), low + WINDOW + MARGIN)


def _singles(compiled: Iterable[Compiled]) -> Iterator[_Single]:
    how = options(_SINGLE_MEMORY)
    for owner in compiled:
        for pattern in owner.recogniser.patterns:
            regex = re2.compile("(?m)" + pattern.regex, how)
            yield _Single(owner, pattern, regex, regex.groupindex.get("value", 0))


def _spreading(compiled: Iterable[Compiled]) -> tuple[Compiled, ...]:
    """Return the recognisers that look for spread out values, with the labels that are their own."""
    compiled = list(compiled)
    meanings: dict[int, set[str]] = {}
    for one in compiled:
        for word in one.positive:
            meanings.setdefault(word, set()).add(one.recogniser.entity)
    return tuple(
        replace(one, positive=frozenset(word for word in one.positive if len(meanings[word]) < _COMMON))
        for one in compiled
        if one.compact is not None
    )
