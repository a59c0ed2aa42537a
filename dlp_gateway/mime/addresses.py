"""Address headers (RFC 5322 section 3.4): the addresses, and what is written around them; linear and lenient."""

from __future__ import annotations

import re

# A piece of an address list: quoted string, angle brackets, the start of a comment, a separator, or words. The classes
# leave no two ways to cut it, and what is not closed goes on to the end: linear.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^<>]*>?|\(|[,;:]|[^"(<,;:]+', re.DOTALL)
_COMMENT_EDGE = re.compile(r"[()\\]")
# local@domain with blanks around the @, the domain a name or a literal in [brackets]. A domain has 255 octets, a path
# 256 (RFC 5321 sections 4.5.3.1.2 and 4.5.3.1.3); local parts longer than the 64 that are allowed are read, too.
# The look-behind lets it begin only where a word begins, which keeps it linear.
_ADDRESS = re.compile(
    r"(?<![^\s<>,;:\"()\[\]@\\])([^\s<>,;:\"()\[\]@\\]{1,256})\s{0,4}@\s{0,4}((?:[^\s<>,;:\"()\[\]@\\]){1,255}|\[[^\s\[\]]{1,255}\])"
)
# The same with a quoted local part (RFC 5321 section 4.1.2), of 64 characters at most (section 4.5.3.1.1): it may begin
# at every quote, those behind a backslash too.
_QUOTED = re.compile(
    r'"((?:[^"\\]|\\.){1,64})"\s{0,4}@\s{0,4}([^\s<>,;:"()\[\]@\\]{1,255}|\[[^\s\[\]]{1,255}\])', re.DOTALL
)
# A quoted pair stands for its second character (RFC 5322 section 3.2.1).
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# What joins the words of a plain local part; what counts as one of them; seven digits, blanks between them or not.
_JOINT = re.compile(r"[._+=-]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"(?:\d ?){7}")
_USUAL_WORDS = 5


def split(value: str) -> tuple[str, tuple[str, ...]]:
    """Return the words around the addresses (display names, comments, group names) and the address specs.

    Words are quoted-printable-free text but may still hold encoded words; specs are the characters between
    angle brackets, or whatever holds an ``@``.
    """
    words: list[str] = []
    specs: list[str] = []
    segment: list[str] = []
    at = 0
    while (match := _TOKEN.match(value, at)) is not None:
        piece, at = match[0], match.end()
        if piece == "(":
            inner, at = comment(value, at)
            words.append(inner)
        elif piece in ",;:":
            _finish(segment, words, specs)
        elif piece.startswith("<"):
            specs.append(piece.strip("<>"))
        else:
            segment.append(piece)
    _finish(segment, words, specs)
    return "; ".join(word for word in words if word), tuple(specs)


def _finish(segment: list[str], words: list[str], specs: list[str]) -> None:
    """Close a segment between separators: an address without brackets, or a phrase."""
    if not segment:
        return
    text, pieces = "".join(segment).strip(), tuple(segment)
    segment.clear()
    if "@" in text and (_ADDRESS.fullmatch(text) or _QUOTED.fullmatch(text)):
        specs.append(text)
        return
    if "@" in text and '"' not in text:
        specs.append(text)
    words.append(" ".join(filter(None, map(_plain, pieces))))


def _plain(piece: str) -> str:
    if piece.startswith('"'):
        piece = _ESCAPE.sub(r"\1", piece[1:].removesuffix('"'))
    return piece.strip()


def comment(value: str, at: int) -> tuple[str, int]:
    """Return the text of a comment whose ``(`` ends at ``at``, and the offset behind its ``)``."""
    depth, start = 1, at
    while depth:
        edge = _COMMENT_EDGE.search(value, at)
        if edge is None:
            return value[start:].strip(), len(value)
        at = edge.end()
        if edge[0] == "\\":
            at += 1
        else:
            depth += 1 if edge[0] == "(" else -1
    return value[start : at - 1].strip(), at


def said(spec: str) -> str:
    """Return what a spec says beyond an address of a few words; nothing, for nearly every one.

    What stands between angle brackets need not be an address, a quoted local part may be a sentence (RFC 5322
    section 3.4.1), and a plain one a chain of words or a number: mail programs show all of them.
    """
    match = _ADDRESS.fullmatch(spec.strip())
    if match is None:
        return spec.strip()
    local = _JOINT.sub(" ", match[1])
    return local if len(_WORD.findall(local)) > _USUAL_WORDS or _NUMBER.search(local) else ""


def canonical(spec: str) -> tuple[str, ...]:
    """Return the addresses in ``spec`` as ``local@domain``: domain in lower case, A-labels, no trailing dot."""
    found = []
    spec = _without_comments(spec)
    for match in _ADDRESS.finditer(spec) if '"' not in spec else _QUOTED.finditer(spec):
        local, domain = _ESCAPE.sub(r"\1", match[1]), _domain(match[2])
        if domain:
            found.append(f"{local}@{domain}")
    return tuple(found)


def _without_comments(spec: str) -> str:
    """Drop comments, which may stand on both sides of the ``@`` (RFC 5322 section 3.4.1)."""
    parts: list[str] = []
    at = 0
    while (opening := spec.find("(", at)) >= 0 and '"' not in spec:
        parts.append(spec[at:opening])
        _, at = comment(spec, opening + 1)
    return "".join(parts) + spec[at:]


def _domain(name: str) -> str:
    lowered = name.rstrip(".").lower()
    if lowered.isascii():
        return lowered
    import idna

    try:
        return idna.encode(lowered, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return lowered
