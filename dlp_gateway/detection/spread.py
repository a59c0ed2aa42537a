"""Values whose characters are spread out: over lines, cells, odd separators, spelled as words.

"TFN: 4 1 2 / 2-7-7 / 3 0 5", one digit a line, "four one two ...": where a
label says what follows, the characters behind it are pulled together and
compared with the compact form of the value. A chance match needs the label,
the length and the check digit; where a value has none, what is pulled
together must look like one number. A date and a count are two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from dlp_gateway.detection.context import Context
from dlp_gateway.detection.scoring import Compiled, Scored
from dlp_gateway.detection.validators import STRUCTURAL

# How far behind a label the value may begin, over how many bytes it may stretch, how many beginnings are tried.
LEAD = 80
REACH = 240
TRIES = 2
SCORE = 0.75
_GAP = 4

_WORDS = {
    "zero": "0",
    "oh": "0",
    "nought": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
}
# Words that people put between groups when they dictate.
_FILLERS = frozenset(("and", "then", "dash", "hyphen", "space", "dot", "slash", "next", "followed", "by", "point"))
_REPEATS = {"double": 2, "triple": 3}
_LOOKS_LIKE = str.maketrans("OoQDIlLiSsBZz", "0000111155822")
# The beginning of a line of a quoted mail (RFC 3676, section 4.5) is one separator, however deep the quote.
_QUOTED_LINE = r"\r?\n[ \t]*>[> \t]*"
_TOKEN = re.compile(rb"[A-Za-z]+|\d|" + _QUOTED_LINE.encode() + rb"|[^A-Za-z\d]")

_SPELLED = "(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)"
# Where it is worth looking: digits with something between them, spelled digits, letters among digits (RE2 syntax).
TRIGGER = (
    rf"\d(?:(?:\D{{0,6}}|{_QUOTED_LINE})\d){{5}}|\b(?:\d{{1,4}}|{_SPELLED})(?:[\s,.;-]{{1,3}}(?:\d{{1,4}}|{_SPELLED})){{3}}"
    r"|\b(?:\d+[oilsbz]|[oilsbz]\d)[\doilsbz .-]{4}"
)
_BEGIN = re.compile(rf"\d|\b{_SPELLED}\b|\b[OIlS]\d".encode(), re.IGNORECASE)
_BEGIN_LETTERS = re.compile(rf"\d|\b[A-Z]{{1,4}}(?=\d|\b)|\b{_SPELLED}\b".encode())
_RUN = re.compile(rb"[\d \-.]*")
# A day with its year; "12/34/20/56" goes on in the same way and is none.
_DATE = re.compile(
    rb"(?<!\d)(?:[0-3]?\d([./-])[0-3]?\d\1(?:19|20)\d\d(?!\d|\1)|(?:19|20)\d\d([./-])[01]?\d\2[0-3]?\d(?!\d|\2))"
)
# With a year of two digits; a dash behind it leads to the rest of a number that begins with a date of birth.
_SHORT_DATE = re.compile(rb"(?<!\d)[0-3]?\d([./-])[0-3]?\d\1\d\d(?!\d|\1| ?-)")
_MARK = re.compile(rb"[^\w\s]")


def behind_labels(compiled: Sequence[Compiled], data: bytes, context: Context, low: int, high: int) -> Iterator[Scored]:
    """Yield the values spread out behind the labels that begin in bytes ``low:high``."""
    for hit in context.hits:
        if low <= hit.start < high:
            for one in compiled:
                if hit.word in one.positive:
                    found = _behind(one, data, hit.end, context)
                    if found is not None:
                        yield found


def gather(data: bytes, start: int, *, letters: bool) -> tuple[str, list[tuple[int, int]]]:
    """Pull together the characters from ``start`` on.

    Returns the characters and the byte span of each. Digits, spelled digits and,
    with ``letters``, short runs of capitals count; separators of up to four
    characters and dictation words are passed over; anything else ends it.
    """
    figures: list[str] = []
    spans: list[tuple[int, int]] = []
    gap, repeat = 0, 1
    for token in _TOKEN.finditer(data, start, min(len(data), start + REACH)):
        text = token[0].decode("ascii", "replace")
        taken = _taken(text, letters=letters)
        if taken:
            times = repeat if len(taken) == 1 else 1
            figures.extend(taken * times)
            spans.extend([token.span()] * (len(taken) * times))
            gap, repeat = 0, 1
        elif text.lower() in _REPEATS:
            repeat = _REPEATS[text.lower()]
        elif text.lower() in _FILLERS:
            gap = 0
        elif not text.isalpha() and gap < _GAP and text not in "@#&=":
            gap += 1
        else:
            break
    return "".join(figures), spans


def _taken(text: str, *, letters: bool) -> str:
    """Return the characters of the value that a token stands for, if any."""
    if text.isdigit():
        return text
    if not text.isalpha():
        return ""
    spelled = _WORDS.get(text.lower())
    if spelled is not None:
        return spelled
    if letters:
        return text if len(text) <= 4 and text.isupper() else ""
    folded = text.translate(_LOOKS_LIKE)
    return folded if folded.isdigit() and len(text) <= 3 else ""


def _behind(one: Compiled, data: bytes, position: int, context: Context) -> Scored | None:
    """Try the first places behind a label where a value may begin."""
    for begin in _begins(data, position, letters=one.letters):
        if context.between(position, begin, one.negative):
            return None
        figures, spans = gather(data, begin, letters=one.letters)
        length = _valid_length(one.compact, one.check, figures)
        if length:
            structural = one.check is None or one.recogniser.validator in STRUCTURAL
            start, end = spans[0][0], spans[length - 1][1]
            if _is_one_number(data[start:end], checked=not structural):
                raised = ("label before spread out characters", "check: plausible" if structural else "check: passed")
                return Scored(one.recogniser, start, end, SCORE, raised, ())
    return None


def _is_one_number(written: bytes, *, checked: bool) -> bool:
    """Tell whether what was pulled together may be one number; only what was ``checked`` may be written in any way.

    A comma, semicolon or colon among other marks parts sentences and cells, not groups of digits.
    """
    if _DATE.search(written):
        return False
    marks = set(_MARK.findall(written))
    return checked or not (_SHORT_DATE.search(written) or (len(marks) > 1 and marks & {b",", b";", b":"}))


def _begins(data: bytes, position: int, *, letters: bool) -> Iterator[int]:
    limit = min(len(data), position + LEAD)
    place = position
    for _ in range(TRIES):
        match = (_BEGIN_LETTERS if letters else _BEGIN).search(data, place, limit)
        if match is None:
            return
        yield match.start()
        run = _RUN.match(data, match.start())
        place = max(match.end(), run.end() if run else 0)


def _valid_length(compact: re.Pattern[str] | None, valid: Callable[[str], bool] | None, figures: str) -> int:
    """Return how many of the characters are a value, 0 for none; digits behind it would make it another number."""
    longest = compact.match(figures) if compact is not None else None
    if compact is None or longest is None:
        return 0
    for length in range(longest.end(), 0, -1):
        if not compact.fullmatch(figures, 0, length):
            break
        if not figures[length : length + 1].isdigit() and (valid is None or valid(figures[:length])):
            return length
    return 0
