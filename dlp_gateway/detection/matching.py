"""From text to scored candidates: one pass for all patterns, then only those that hit.

An RE2 set says in one linear pass which patterns occur in a window of text;
only these are run singly. A recogniser that needs a context word is run only
if one is present. Validators and context then raise or sink each candidate.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import re2

from dlp_gateway.detection.context import Context, Hit, Relation, Surroundings, Vocabulary
from dlp_gateway.detection.layout import Layout
from dlp_gateway.detection.normalise import Normalised, Normaliser
from dlp_gateway.detection.packs import Recogniser
from dlp_gateway.detection.spread import LEAD, gather
from dlp_gateway.detection.validators import STRUCTURAL, find_validator
from dlp_gateway.model import Zone

# What speaks for a candidate, added to the score of its pattern (0 to 1 in all).
RAISES: Mapping[Relation, float] = MappingProxyType(
    {
        Relation.LABEL: 0.45,
        Relation.COLUMN: 0.45,
        Relation.SENTENCE: 0.35,
        Relation.HINT: 0.3,
        Relation.NEAR: 0.2,
    }
)
CHECK_DIGIT = 0.25
PLAUSIBLE = 0.1
SINKS = 0.6
GLUED = 0.4
SPREAD = 0.75
# A window overlaps its neighbours by the reach of context, so that nothing is lost on a seam.
WINDOW = 64 * 1024
MARGIN = 1024
# More candidates of one recogniser that count in one text change no verdict.
ENOUGH = 1000
_COUNTS = 0.5
# Values longer than this are no identifiers.
_LONGEST = 4096
_SET_MEMORY = 96 << 20
_UNDERSCORE = re.compile(rb"(?<=\d)_|_(?=\d)")
_GLUE = frozenset(b"-./_+")
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset(b"0123456789")
# Digits with something between them, spelled digits, letters among digits: where to look for spread out values.
_SPELLED = "(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)"
_SCATTERED = (
    rf"\d(?:\D{{0,6}}\d){{5}}|\b(?:\d{{1,4}}|{_SPELLED})(?:[\s,.;-]{{1,3}}(?:\d{{1,4}}|{_SPELLED})){{3}}"
    r"|\b(?:\d+[oilsbz|]|[oilsbz|]\d)[\doilsbz |.-]{4}"
)


class EngineError(RuntimeError):
    """Detection could not do its work; the message must not be taken as clean."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate at bytes ``start:end`` of the normalised text."""

    recogniser: Recogniser
    start: int
    end: int
    score: float
    raised: tuple[str, ...]
    sank: tuple[str, ...]
    stands: bool = True
    allowed: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True)
class _Compiled:
    recogniser: Recogniser
    positive: frozenset[int]
    negative: frozenset[int]
    check: Callable[[str], bool] | None
    compact: re.Pattern[str] | None
    letters: bool


@dataclass(frozen=True, slots=True)
class _Single:
    """One pattern of a recogniser, as RE2 runs it alone."""

    owner: _Compiled
    name: str
    score: float
    regex: re2._Regexp
    group: int


class Matcher:
    """All patterns of all recognisers, compiled once; thread-safe, keeps nothing of a text."""

    def __init__(self, recognisers: Sequence[Recogniser], normaliser: Normaliser) -> None:
        words = {w for r in recognisers for w in (*r.context, *r.negative_context)}
        self._vocabulary = Vocabulary(sorted(words), normaliser)
        self._normaliser = normaliser
        options = re2.Options()
        options.case_sensitive = False
        options.dot_nl = True
        options.log_errors = False
        options.max_mem = _SET_MEMORY
        self._set = re2.Set.SearchSet(options)
        # The set answers "nothing" both when nothing matches and when it ran out of memory. This one always matches.
        self._canary = self._set.Add(r"\A")
        self._scattered = self._set.Add(_SCATTERED)
        self._singles: dict[int, _Single] = {}
        self._compiled = tuple(self._compile(r) for r in recognisers)
        options.max_mem = 8 << 20
        for compiled in self._compiled:
            for pattern in compiled.recogniser.patterns:
                regex = re2.compile("(?m)" + pattern.regex, options)
                group = regex.groupindex.get("value", 0)
                single = _Single(compiled, pattern.name, pattern.score, regex, group)
                self._singles[self._set.Add("(?m)" + pattern.regex)] = single
        self._set.Compile()
        self._spreading = tuple(c for c in self._compiled if c.compact is not None)

    def _compile(self, recogniser: Recogniser) -> _Compiled:
        compact = None if recogniser.compact is None else re.compile(recogniser.compact)
        return _Compiled(
            recogniser,
            self._vocabulary.numbers(recogniser.context),
            self._vocabulary.numbers(recogniser.negative_context),
            find_validator(recogniser.validator) if recogniser.validator else None,
            compact,
            letters=re.search("[A-Z]", recogniser.compact or "") is not None,
        )

    def scan(self, text: Normalised, layout: Layout, hints: Sequence[str]) -> list[Scored]:
        """Return the scored candidates of a text, in order of start; those with a sinking reason too."""
        data = text.data
        if b"_" in data:
            data = _UNDERSCORE.sub(b" ", data)
        hinted = frozenset(hit.word for hint in hints for hit in self._vocabulary.find(self._normaliser(hint).data))
        found: list[Scored] = []
        counts: Counter[str] = Counter()
        for low in range(0, max(len(data), 1), WINDOW):
            for scored in self._window(data, low, layout, hinted, counts):
                found.append(scored)
                counts[scored.recogniser.name] += scored.stands and scored.score >= _COUNTS
        found.sort(key=lambda scored: (scored.start, scored.end))
        return found

    def _window(
        self, data: bytes, low: int, layout: Layout, hinted: frozenset[int], counts: Mapping[str, int]
    ) -> Iterator[Scored]:
        first, last = max(0, low - MARGIN), min(len(data), low + WINDOW + MARGIN)
        piece = data if first == 0 and last == len(data) else data[first:last]
        matched = self._set.Match(piece)
        if not matched or self._canary not in matched:
            raise EngineError("the pattern set could not be run: out of memory")
        if len(matched) == 1:
            return
        hits = [Hit(hit.start + first, hit.end + first, hit.word) for hit in self._vocabulary.find(piece)]
        table = layout.top(first) if first else None
        heads = self._words(data[table.start : table.end]) if table is not None else frozenset()
        context = Context(data, hits, hinted)
        columns: dict[int, frozenset[int]] = {}
        for index in sorted(matched):
            single = self._singles.get(index)
            if single is None:
                continue
            recogniser = single.owner.recogniser
            if recogniser.context_required and not single.owner.positive & (context.present | heads):
                continue
            for match in single.regex.finditer(data, first, last):
                start, end = match.span(single.group)
                if counts[recogniser.name] >= ENOUGH:
                    break
                if low <= start < low + WINDOW and 0 < end - start <= _LONGEST:
                    yield self._score(single, data, start, end, context, self._column(layout, start, data, columns))
        if self._scattered in matched:
            yield from self._spread(data, low, context, counts)

    def _column(
        self, layout: Layout, start: int, data: bytes, known: dict[int, frozenset[int]]
    ) -> frozenset[int] | None:
        head = layout.header(start)
        if head is None:
            return None
        if head.start not in known:
            known[head.start] = self._words(data[head.start : head.end])
        return known[head.start]

    def _words(self, data: bytes) -> frozenset[int]:
        return frozenset(hit.word for hit in self._vocabulary.find(data))

    def _score(
        self, single: _Single, data: bytes, start: int, end: int, context: Context, column: frozenset[int] | None
    ) -> Scored:
        owner = single.owner
        score, raised, sank = single.score, [f"pattern: {single.name}"], []
        around = context.judge(start, end, owner.positive, owner.negative, column)
        if owner.check is not None:
            if owner.check(data[start:end].decode("utf-8", "replace")):
                plausible = owner.recogniser.validator in STRUCTURAL
                score += PLAUSIBLE if plausible else CHECK_DIGIT
                raised.append("check: plausible" if plausible else "check: passed")
            else:
                sank.append("check: failed")
        score, extra = _weigh(score, around, raised, sank, required=owner.recogniser.context_required)
        if _glued(data, start, end, labelled=not extra):
            score -= GLUED
            sank.append("part of a longer code")
        stands = not (sank and sank[0] == "check: failed")
        score = round(min(max(score, 0.0), 1.0), 3) if stands else 0.0
        return Scored(owner.recogniser, start, end, score, tuple(raised), tuple(sank), stands)

    def _spread(self, data: bytes, low: int, context: Context, counts: Mapping[str, int]) -> Iterator[Scored]:
        """Look behind labels for values whose characters are spread out."""
        active = [c for c in self._spreading if c.positive & context.present and counts[c.recogniser.name] < ENOUGH]
        if not active:
            return
        for hit in context.hits:
            if not low <= hit.start < low + WINDOW:
                continue
            for compiled in active:
                if hit.word in compiled.positive:
                    found = _behind(compiled, data, hit.end, context)
                    if found is not None:
                        yield found


def _weigh(
    score: float, around: Surroundings, raised: list[str], sank: list[str], *, required: bool
) -> tuple[float, bool]:
    """Add what the context says; the second value tells whether the value still has to stand alone as a word."""
    if around.positive is not None:
        score += RAISES[around.positive]
        raised.append(f"context: {around.positive.value}")
    elif required:
        score = 0.0
        sank.append("no context word near by")
    if around.negative is not None:
        score -= SINKS
        sank.append(f"called something else: {around.negative.value}")
    return score, around.positive not in (Relation.LABEL, Relation.COLUMN)


def _glued(data: bytes, start: int, end: int, *, labelled: bool) -> bool:
    """Tell whether the value is only a piece of a longer code, path, decimal number or address.

    Letters glued to a labelled value are its label or an extension (``TFN-412277305``, ``licence_18274455.txt``).
    """
    alike = _DIGITS if labelled else _DIGITS | _LETTERS
    before = start >= 2 and data[start - 1] in _GLUE and data[start - 2] in alike
    behind = end + 1 < len(data) and data[end] in _GLUE and data[end + 1] in alike
    return before or behind


def _behind(compiled: _Compiled, data: bytes, position: int, context: Context) -> Scored | None:
    """Try the first two places behind a label where a value may begin."""
    assert compiled.compact is not None  # noqa: S101 - callers pass spreading recognisers only
    for tried, begin in enumerate(_begins(data, position, letters=compiled.letters)):
        if tried == 2:
            break
        if context.between(position, begin, compiled.negative):
            return None
        figures, spans = gather(data, begin, letters=compiled.letters)
        length = _valid_length(compiled.compact, compiled.check, figures)
        if length:
            raised = ("label before spread out characters", "check: passed")
            return Scored(compiled.recogniser, spans[0][0], spans[length - 1][1], SPREAD, raised, ())
    return None


def _valid_length(compact: re.Pattern[str], check: Callable[[str], bool] | None, figures: str) -> int:
    """Return how many of the characters are a value, 0 for none; digits behind it would make it another number."""
    longest = compact.match(figures)
    for length in range(longest.end() if longest else 0, 0, -1):
        if not compact.fullmatch(figures, 0, length):
            break
        if not figures[length : length + 1].isdigit() and (check is None or check(figures[:length])):
            return length
    return 0


_BEGIN = re.compile(
    rb"\d|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)\b|\b[OIlS]\d", re.IGNORECASE
)
_BEGIN_LETTERS = re.compile(rb"\d|\b[A-Z]{1,4}(?=\d|\b)|\b(?:zero|one|two|three|four|five|six|seven|eight|nine)\b")
_RUN = re.compile(rb"[\d \-.]*")


def _begins(data: bytes, position: int, *, letters: bool) -> Iterator[int]:
    limit = min(len(data), position + LEAD)
    place = position
    while place < limit:
        match = (_BEGIN_LETTERS if letters else _BEGIN).search(data, place, limit)
        if match is None:
            return
        yield match.start()
        run = _RUN.match(data, match.start())
        place = max(match.end(), run.end() if run else 0)
