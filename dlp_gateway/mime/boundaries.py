"""Where a multipart is cut (RFC 2046 section 5.1.1), by every rule that readers use."""

from __future__ import annotations

import re
from dataclasses import dataclass

_GUESS = re.compile(rb"(?:^|(?<=[\r\n]))--([^\r\n]{1,200})\r?\n(?=[!-9;-~]{1,76}[ \t]{0,5}:)")
_LINE = re.compile(rb"[^\r\n]*(?:\r*\n|\r|\Z)")
_GUESSES_LOOKED_AT = 200
_MOST_GUESSES = 8
_MOST_WAYS = 16


@dataclass(frozen=True, slots=True)
class Split:
    """One way of cutting a multipart: ``parts`` and ``around`` (preamble, epilogues) as (start, end) offsets."""

    parts: tuple[tuple[int, int], ...]
    around: tuple[tuple[int, int], ...]


class TooManyParts(Exception):
    """A multipart has more delimiter lines, or more ways of cutting it, than may be looked at."""


def splits(buffer: bytes, start: int, end: int, boundaries: tuple[str, ...], most: int) -> tuple[Split, ...]:
    """Return every way of cutting ``buffer[start:end]``, the usual one first; none when no delimiter is found.

    Args:
        buffer: holds the multipart.
        start: where its body starts.
        end: where it ends.
        boundaries: candidates for the boundary. When none of them occurs, delimiters are looked for by their looks.
        most: the most delimiter lines that are looked at.

    Raises:
        TooManyParts: there are more.
    """
    found: dict[Split, None] = {}
    candidates = tuple(dict.fromkeys(b.rstrip(" \t").encode("utf-8", "surrogateescape") for b in boundaries))
    for candidate in candidates:
        for split in _by(buffer, start, end, candidate, most):
            found[split] = None
        if len(found) > _MOST_WAYS:
            raise TooManyParts
    if not found:
        for candidate in _guessed(buffer, start, end):
            for split in _by(buffer, start, end, candidate, most):
                found[split] = None
    return tuple(found)


def occurring(buffer: bytes, start: int, end: int, boundaries: tuple[str, ...]) -> int:
    """Count the different candidates that occur as a delimiter line, looking at the first few lines of each."""
    count = 0
    for boundary in dict.fromkeys(boundaries):
        marks = _marks(buffer, start, end, boundary.rstrip(" \t").encode("utf-8", "surrogateescape"), 50, stop=True)
        count += any(strict for _, _, strict, _ in marks)
    return count


def _guessed(buffer: bytes, start: int, end: int) -> tuple[bytes, ...]:
    candidates: dict[bytes, None] = {}
    for number, match in enumerate(_GUESS.finditer(buffer, start, end)):
        if number >= _GUESSES_LOOKED_AT or len(candidates) >= _MOST_GUESSES:
            break
        candidates[match[1].rstrip(b" \t")] = None
    return tuple(candidates)


def _by(buffer: bytes, start: int, end: int, boundary: bytes, most: int) -> tuple[Split, ...]:
    marks = _marks(buffer, start, end, boundary, most)
    strict = [mark for mark in marks if mark[2]]
    ways = []
    if strict:
        ways.append(_cut(buffer, start, end, strict))
    if len(strict) < len(marks) and boundary:
        ways.append(_cut(buffer, start, end, marks))
    return tuple(ways)


def _marks(
    buffer: bytes, start: int, end: int, boundary: bytes, most: int, *, stop: bool = False
) -> list[tuple[int, int, bool, bool]]:
    """Return the delimiter lines: (start, end behind the line, exact, closing)."""
    needle = b"--" + boundary
    marks: list[tuple[int, int, bool, bool]] = []
    at = start if buffer.startswith(needle, start, end) else _next(buffer, needle, start, end)
    while at >= 0:
        line = _LINE.match(buffer, at + len(needle), end)
        line_end = line.end() if line else end
        tail = buffer[at + len(needle) : min(line_end, at + len(needle) + 300)].strip(b"\r\n\t ")
        marks.append((at, line_end, tail in (b"", b"--"), tail.startswith(b"--")))
        if len(marks) > most:
            if stop:
                return marks
            raise TooManyParts
        # The line end of this line may be the one before the next delimiter.
        at = _next(buffer, needle, max(at + 1, line_end - 1), end)
    return marks


def _next(buffer: bytes, needle: bytes, start: int, end: int) -> int:
    """Return the next offset of ``needle`` at the start of a line (behind LF or a bare CR), or -1."""
    feed = buffer.find(b"\n" + needle, start, end)
    bare = buffer.find(b"\r" + needle, start, end if feed < 0 else feed)
    if bare >= 0:
        return bare + 1
    return feed + 1 if feed >= 0 else -1


def _cut(buffer: bytes, start: int, end: int, marks: list[tuple[int, int, bool, bool]]) -> Split:
    parts: list[tuple[int, int]] = []
    around: list[tuple[int, int]] = []
    into, begin = around, start
    for mark_start, mark_end, _, closing in marks:
        into.append((begin, _before_line_end(buffer, begin, mark_start)))
        into, begin = (around if closing else parts), mark_end
    into.append((begin, end))
    return Split(
        tuple(parts), tuple(a for a in around if buffer[a[0] : min(a[1], a[0] + 4096)].strip() or a[1] - a[0] > 4096)
    )


def _before_line_end(buffer: bytes, begin: int, at: int) -> int:
    """Return ``at`` without the line end before it, which belongs to the delimiter."""
    if at > begin and buffer[at - 1] == 10:
        at -= 1
    if at > begin and buffer[at - 1] == 13:
        at -= 1
    return at
