"""A header block as a list of fields, read the way lenient mail programs read it.

RFC 5322 section 2.2 is the rule; what breaks it is read in every way that
programs in use do (space before the colon, NUL, bare CR, no blank line before
the body, blank lines in front), and the differences are told in ``Block``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

_BARE_CR = re.compile(rb"\r(?!\r*\n)")
_ANY_BLANK_LINE = re.compile(rb"(?:\r*\n|\r)(?:\r*\n|\r)")
_LEADING_BLANK = re.compile(rb"(?:[ \t\r]*\n){1,64}")
_NAME = re.compile(r"[!-9;-~]{1,200}")
_CONTROLS = bytes(range(32)) + b"\x7f"
_STRUCTURAL = frozenset({"content-type", "content-transfer-encoding", "content-disposition", "mime-version"})
_IDENTIFYING = frozenset({"from", "to", "cc", "bcc", "subject", "sender", "reply-to"})


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: ``name`` in lower case, ``value`` unfolded and still encoded."""

    name: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Block:
    """A header block.

    Attributes:
        fields: all fields of all readings, in order; a name may occur often.
        bodies: the offsets at which readers may see the body start, the likeliest first.
        clear: bytes within the block that some readers show as text of the body.
        truncated: the limit that cut the block short, as a phrase, or "".
        ambiguous: why readers may see different fields, as phrases.
    """

    fields: tuple[Field, ...]
    bodies: tuple[int, ...]
    clear: bytes = field(default=b"", repr=False)
    truncated: str = ""
    ambiguous: tuple[str, ...] = ()


@dataclass(slots=True)
class _Lines:
    """What one way of cutting the block into lines gives."""

    fields: list[Field] = field(default_factory=list)
    late: list[Field] = field(default_factory=list)
    stray: int = -1  # offset of the first line that is no field
    crowded: bool = False


def read_block(buffer: bytes, start: int, end: int, *, message: bool, max_bytes: int, max_fields: int) -> Block:
    """Read the header block at the start of ``buffer[start:end]``.

    Args:
        buffer: the bytes; only the header block is touched.
        start: where the entity starts.
        end: where it ends.
        message: true for a message, false for a part of a multipart (where a blank first line means: no header).
        max_bytes: the longest block that is read.
        max_fields: the most fields that are read.
    """
    first, clear = start, b""
    if message:
        first = _skip_front(buffer, start, end)
    stop, body = _find_end(buffer, first, end, first + max_bytes)
    truncated = f"header block is longer than {max_bytes} bytes" if stop < 0 else ""
    if stop < 0:
        cut = buffer.rfind(b"\n", first, first + max_bytes)
        stop = cut + 1 if cut > first else first + max_bytes
    block = buffer[first:stop]
    lines = _read_lines(block, max_fields)
    bodies = [body]
    if lines.stray >= 0:
        bodies = _stray_bodies(lines, first, body)
    ambiguous = _late_reasons(lines)
    fields = lines.fields + lines.late
    if b"\r" in block and _BARE_CR.search(block):
        fields, again, why = _with_bare_cr(buffer, block, first, end, fields, max_bytes, max_fields)
        bodies += again
        ambiguous += why
    if first > start and buffer[start:first].strip(b"\r\n \t") == b"" and fields:
        clear = block
    if b"\0" in block and any(b"\0" in line.partition(b":")[0] for line in block.split(b"\n")):
        ambiguous += ("NUL in the name of a header field",)
    if lines.crowded:
        truncated = truncated or f"more than {max_fields} header fields"
    return Block(tuple(fields), tuple(dict.fromkeys(bodies)), clear, truncated, ambiguous)


def _skip_front(buffer: bytes, start: int, end: int) -> int:
    """Skip what stands before the first field: blank lines, an mbox ``From `` line, a UTF-8 byte order mark."""
    at = start
    if buffer.startswith(b"\xef\xbb\xbf", at):
        at += 3
    blank = _LEADING_BLANK.match(buffer, at, end)
    if blank and _looks_like_field(buffer, blank.end(), end):
        at = blank.end()
    if buffer.startswith((b"From ", b">From "), at):
        newline = buffer.find(b"\n", at, min(end, at + 1000))
        if newline >= 0:
            at = newline + 1
    return min(at, end)


def _looks_like_field(buffer: bytes, at: int, end: int) -> bool:
    line = buffer[at : min(end, at + 300)].split(b"\n", 1)[0]
    return _field_name(line.partition(b":")[0]) is not None and b":" in line


def _find_end(buffer: bytes, start: int, end: int, limit: int) -> tuple[int, int]:
    """Return (end of the block, start of the body); the first is -1 when the block is longer than the limit."""
    if buffer.startswith(b"\n", start) and start < end:
        return start, start + 1
    if buffer.startswith(b"\r\n", start) and start < end:
        return start, start + 2
    window = min(end, limit)
    found = _blank_line(buffer, start, window)
    if found is not None:
        return found
    if window == end:
        return end, end
    found = _blank_line(buffer, window - 4, end)
    return -1, found[1] if found else end


def _blank_line(buffer: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Find the first empty line: (offset behind the line before it, offset behind it)."""
    crlf = buffer.find(b"\n\r\n", start, end)
    lf = buffer.find(b"\n\n", start, end if crlf < 0 else crlf)
    odd = buffer.find(b"\n\r\r", start, min(end, max(crlf, lf)) if max(crlf, lf) >= 0 else end)
    best = min((at for at in (crlf, lf) if at >= 0), default=-1)
    if 0 <= odd and (best < 0 or odd < best):
        tail = odd + 1
        while tail < end and buffer[tail] == 13:
            tail += 1
        if tail < end and buffer[tail] == 10:
            return odd + 1, tail + 1
    if best < 0:
        return None
    return best + 1, best + (2 if best == lf else 3)


def _read_lines(block: bytes, max_fields: int) -> _Lines:
    seen = _Lines()
    into = seen.fields
    name = ""
    pieces: list[bytes] = []
    offset = 0
    for line in block.split(b"\n"):
        here, offset = offset, offset + len(line) + 1
        stripped = line.rstrip(b"\r")
        if stripped[:1] in (b" ", b"\t") and stripped.strip(b" \t"):
            if pieces:
                pieces.append(stripped)
                continue
            stripped = stripped.strip(b" \t")
        elif not stripped and here >= len(block):
            break
        before, colon, value = stripped.partition(b":")
        found = _field_name(before) if colon else None
        if pieces:
            into.append(Field(name, b"".join(pieces)))
            pieces = []
        if found is None:
            if seen.stray < 0:
                seen.stray, into = here, seen.late
            continue
        if len(seen.fields) + len(seen.late) >= max_fields:
            seen.crowded = True
            break
        name, pieces = found, [value]
    if pieces:
        into.append(Field(name, b"".join(pieces)))
    return seen


def _field_name(raw: bytes) -> str | None:
    """Return the name as lenient readers match it (controls dropped, space before the colon), or None."""
    try:
        name = raw.strip(b" \t").decode("ascii")
    except UnicodeDecodeError:
        return None
    if not _NAME.fullmatch(name):
        name = raw.translate(None, _CONTROLS).strip(b" ").decode("ascii")
        if not _NAME.fullmatch(name):
            return None
    return name.lower()


def _stray_bodies(lines: _Lines, first: int, body: int) -> list[int]:
    """Where the body starts when a line in the block is no field.

    Strict readers end the block there; lenient ones skip the line, which only matters when fields that
    shape the body follow.
    """
    early = first + lines.stray
    if any(f.name in _STRUCTURAL for f in lines.late):
        return [body, early]
    return [early]


def _late_reasons(lines: _Lines) -> tuple[str, ...]:
    names = {f.name for f in lines.late}
    if names & _STRUCTURAL or len(names & _IDENTIFYING) > 1:
        return ("header fields behind a line that ends the header for some readers",)
    return ()


def _with_bare_cr(
    buffer: bytes, block: bytes, first: int, end: int, fields: list[Field], max_bytes: int, max_fields: int
) -> tuple[list[Field], list[int], tuple[str, ...]]:
    """Add the fields and the body start that readers see who take a bare CR for the end of a line."""
    lines = _read_lines(re.sub(rb"\r+\n|\r", b"\n", block), max_fields)
    known = {(f.name, f.value.strip()) for f in fields}
    more = [f for f in lines.fields + lines.late if (f.name, f.value.strip()) not in known]
    blank = _ANY_BLANK_LINE.search(buffer, first, min(end, first + max_bytes))
    new_names = {f.name for f in more}
    why = ("header lines ended by a bare CR",) if more else ()
    if not more:
        return fields, [], why
    shortened = [replace(f, value=f.value.replace(b"\r", b" ")) for f in fields]
    del new_names
    return shortened + more, [blank.end()] if blank else [], why


def starts_with_field(buffer: bytes, start: int, end: int) -> bool:
    """Whether a message seems to start here: a header field, after what may stand in front of one."""
    return _looks_like_field(buffer, _skip_front(buffer, start, end), end)
