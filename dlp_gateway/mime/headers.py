"""A header block as a list of fields, read the way lenient mail programs read it.

RFC 5322 section 2.2 is the rule; what breaks it is read in every way that
programs in use do (space before the colon, NUL, bare CR, no blank line before
the body, blank lines in front), and the differences are told in ``Block``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

# Any number of CR before the LF: a message made ready for the wire twice has CR CR LF, and readers end the line there.
_EMPTY_LINE = re.compile(rb"\r*\n")
_BLANK_LINE = re.compile(rb"\n\r*\n")
# Two line ends in a row, where some readers let a bare CR end a line as well.
_ANY_BLANK_LINE = re.compile(rb"(?:\r*\n|\r)(?:\r*\n|\r)")
# Blank lines in front of the header, which lenient readers skip. Sixty-four are more than any program writes by
# mistake; behind more of them everything is read as text of the body.
_LEADING_BLANK = re.compile(rb"(?:[ \t\r]*\n){1,64}")
# A field's name: ftext of RFC 5322 section 3.6.8, several times as long as any that is in use.
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
    blank: int = -1  # offset behind the first line of blanks alone
    crowded: bool = False
    bare_cr: bool = False
    nul: bool = False


def read_block(buffer: bytes, start: int, end: int, *, message: bool, max_bytes: int, max_fields: int) -> Block:
    """Read the header block at the start of ``buffer[start:end]``; linear, and never raises.

    Args:
        buffer: the bytes; only the header block is touched.
        start: where the entity starts.
        end: where it ends.
        message: true for a message, false for a part of a multipart (where a blank first line means: no header).
        max_bytes: the longest block that is read.
        max_fields: the most fields that are read.
    """
    first = _skip_front(buffer, start, end) if message else start
    stop, body = _find_end(buffer, first, end, first + max_bytes)
    truncated = ""
    if stop < 0:
        truncated = f"header block is longer than {max_bytes} bytes"
        stop = max(buffer.rfind(b"\n", first, first + max_bytes) + 1, first)
    block = buffer[first:stop]
    lines = _read_lines(block, max_fields)
    if lines.crowded:
        truncated = truncated or f"more than {max_fields} header fields"
    bodies = _bodies(lines, first, body)
    fields = lines.fields + lines.late
    ambiguous = _disagreements(lines, message=message)
    if lines.bare_cr:
        more = _behind_bare_cr(block, fields, max_fields)
        if more:
            fields = [replace(f, value=f.value.replace(b"\r", b" ")) for f in fields] + more
            blank = _ANY_BLANK_LINE.search(buffer, first, min(end, first + max_bytes))
            bodies += [blank.end()] if blank else []
            ambiguous += ("header lines ended by a bare CR",)
    shown = first > start and bool(fields) and not buffer[start:first].strip()
    return Block(tuple(fields), tuple(dict.fromkeys(bodies)), block if shown else b"", truncated, ambiguous)


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
    if empty := _EMPTY_LINE.match(buffer, start, end):
        return start, empty.end()
    window = min(end, limit)
    if blank := _BLANK_LINE.search(buffer, start, window):
        return blank.start() + 1, blank.end()
    if window == end:
        return end, end
    blank = _BLANK_LINE.search(buffer, max(start, window - 4), end)
    return -1, blank.end() if blank else end


def _read_lines(block: bytes, max_fields: int) -> _Lines:
    seen = _Lines()
    into = seen.fields
    name, offset = "", 0
    pieces: list[bytes] = []
    for line in block.split(b"\n"):
        here, offset = offset, offset + len(line) + 1
        stripped = line.rstrip(b"\r")
        if b"\r" in stripped:
            seen.bare_cr = True
        if stripped[:1] in (b" ", b"\t") and (pieces or stripped.strip()):
            # A line of blanks alone goes on with the field (RFC 5322 section 4.2); some readers end the header there.
            if seen.blank < 0 and not stripped.strip():
                seen.blank = offset
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
        seen.nul = seen.nul or b"\0" in before
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


def _bodies(lines: _Lines, first: int, body: int) -> list[int]:
    """Where the body starts when a line in the block is no field, or blank but for spaces.

    Strict readers end the block there; lenient ones skip the line, which only matters when fields that
    shape the body follow.
    """
    early = [first + lines.blank] if lines.blank >= 0 else []
    if lines.stray < 0:
        return [body, *early]
    if any(f.name in _STRUCTURAL for f in lines.late):
        return [body, first + lines.stray, *early]
    return [first + lines.stray, *early]


def _disagreements(lines: _Lines, *, message: bool) -> tuple[str, ...]:
    found: list[str] = []
    late = {f.name for f in lines.late}
    if late & _STRUCTURAL or (message and len(late & _IDENTIFYING) > 1):
        found.append("header fields behind a line that ends the header for some readers")
    if lines.nul:
        found.append("NUL in the name of a header field")
    return tuple(found)


def _behind_bare_cr(block: bytes, fields: list[Field], max_fields: int) -> list[Field]:
    """Return the fields that readers see besides who take a bare CR for the end of a line."""
    lines = _read_lines(b"\n".join(line.rstrip(b"\r").replace(b"\r", b"\n") for line in block.split(b"\n")), max_fields)
    known = {(f.name, f.value.strip()) for f in fields}
    return [f for f in lines.fields + lines.late if (f.name, f.value.strip()) not in known]


def starts_with_field(buffer: bytes, start: int, end: int) -> bool:
    """Whether a message seems to start here: a header field, after what may stand in front of one."""
    return _looks_like_field(buffer, _skip_front(buffer, start, end), end)
