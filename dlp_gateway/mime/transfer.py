"""Content-Transfer-Encoding: which ones are meant, and every plausible decoding."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field

from dlp_gateway.mime import charsets, embedded, encoded_words

IDENTITY = "identity"
BASE64 = "base64"
QUOTED_PRINTABLE = "quoted-printable"
UUENCODE = "uuencode"
YENC = "yenc"
BINHEX = "binhex"
UNKNOWN = "unknown"

_EXACT: dict[bytes, str] = {
    b"7bit": IDENTITY,
    b"8bit": IDENTITY,
    b"binary": IDENTITY,
    b"base64": BASE64,
    b"quoted-printable": QUOTED_PRINTABLE,
}
_SPELLINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"base64|b64"), BASE64),
    (re.compile(r"quoted|printable|qprint"), QUOTED_PRINTABLE),
    (re.compile(r"uuenc|uue|xuu"), UUENCODE),
    (re.compile(r"yenc"), YENC),
    (re.compile(r"binhex|hqx"), BINHEX),
    (re.compile(r"[78]bits?|binary|none|identity|seven|eight"), IDENTITY),
)
_SQUEEZE = re.compile(r"[^a-z0-9]")
_BLANKS = b"\r\n\t "
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_JUNK_LINE = re.compile(rb"[^A-Za-z0-9+/=\s]")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_MOST_SEGMENTS = 1_000
_SOFT_BREAK = re.compile(rb"=[ \t]+\r*\n|=\r+\n|=[ \t]+$")
_STRAY_CR = re.compile(rb"=\r(?!\n)")


@dataclass(frozen=True, slots=True)
class Decoded:
    """All decodings of a body, the likeliest first; ``clear`` is what stands in it as clear text besides."""

    contents: tuple[bytes, ...] = field(repr=False)
    clear: bytes = field(default=b"", repr=False)


def encodings(values: tuple[bytes, ...]) -> tuple[str, ...]:
    """Return the encodings that some reader takes these Content-Transfer-Encoding values for, without repetition.

    None at all means identity. A value that nobody knows is ``unknown`` (with identity).
    """
    found: dict[str, None] = {}
    for value in values:
        exact = _EXACT.get(value.strip().lower())
        if exact:
            found[exact] = None
            continue
        for text in encoded_words.readings(charsets.header_text(value)):
            for name in _spelt(text):
                found[name] = None
    return tuple(found) or (IDENTITY,)


def _spelt(text: str) -> tuple[str, ...]:
    squeezed = _SQUEEZE.sub("", text.lower()[:2_000])
    names = tuple(name for pattern, name in _SPELLINGS if pattern.search(squeezed))
    if names:
        return names
    if not squeezed or charsets.codec_of(squeezed) or squeezed.isdigit() or "text" in squeezed:
        return (IDENTITY,)
    return (IDENTITY, UNKNOWN)


def decode(encoding: str, buffer: bytes, start: int, end: int) -> Decoded:
    """Return the decodings of ``buffer[start:end]``; linear, and never raises."""
    if encoding == BASE64:
        return _base64(buffer, start, end)
    if encoding == QUOTED_PRINTABLE:
        return Decoded((quoted_printable(buffer[start:end]),))
    if encoding in (UUENCODE, YENC, BINHEX):
        content = buffer[start:end]
        files = tuple(embedded.files(content))
        if not files and encoding == UUENCODE:
            files = embedded.bare_uuencode(content)
        return Decoded(tuple(file.content for file in files) or (content,), content if files else b"")
    return Decoded((buffer[start:end],))


def quoted_printable(content: bytes) -> bytes:
    """Decode quoted-printable; what is no valid escape stays as it is."""
    if b"=" not in content:
        return content
    content = _SOFT_BREAK.sub(b"=\n", content)
    if b"\r" in content:
        content = _STRAY_CR.sub(b"=3D\r", content)
    return binascii.a2b_qp(content)


def _base64(buffer: bytes, start: int, end: int) -> Decoded:
    """Decode base64: past padding and junk, and up to the first padding, where these differ."""
    view = memoryview(buffer)[start:end]
    try:
        content = binascii.a2b_base64(view)
    except binascii.Error:
        return _bent_base64(bytes(view))
    # Clean when every octet that is no line end or final padding has gone into the result.
    padding = buffer.find(b"=", start, end)
    padding = end if padding < 0 else padding
    letters = padding - start - buffer.count(b"\n", start, padding) - buffer.count(b"\r", start, padding)
    if end - padding < 64 and not buffer[padding:end].strip(b"=" + _BLANKS) and letters * 3 // 4 == len(content):
        return Decoded((content,))
    return _bent_base64(bytes(view))


def _bent_base64(raw: bytes) -> Decoded:
    """Decode base64 with padding inside, junk, or a piece missing: every way that decoders go on."""
    packed = raw.translate(None, _NOT_BASE64)
    segments = [s for s in packed.split(b"=", _MOST_SEGMENTS + 1) if s]
    contents: dict[bytes, None] = {}
    if len(segments) <= _MOST_SEGMENTS:
        contents[b"".join(_whole(segment) for segment in segments)] = None
    if len(segments) != 1:
        contents[_whole(packed.replace(b"=", b""))] = None
        contents[_whole(packed.partition(b"=")[0])] = None
    if b"-" in raw or b"_" in raw:
        safe = raw.translate(_URL_SAFE).translate(None, _NOT_BASE64).replace(b"=", b"")
        contents[_whole(safe)] = None
    contents.pop(b"", None)
    return Decoded(tuple(contents) or (b"",), _clear(raw, len(packed)))


def _whole(letters: bytes) -> bytes:
    """Decode base64 letters without padding; a lone last letter holds no octet and is dropped."""
    rest = len(letters) % 4
    if rest == 1:
        letters, rest = letters[:-1], 0
    return binascii.a2b_base64(letters + b"=" * (-rest % 4))


def _clear(raw: bytes, packed: int) -> bytes:
    """Return the clear text among base64: all when it is no base64 at all, else the lines with other characters."""
    if len(raw) - packed == raw.count(b"\r") + raw.count(b"\n"):
        return b""
    lines = [line for line in raw.split(b"\n") if _JUNK_LINE.search(line) or b" " in line.strip()]
    if sum(map(len, lines)) * 10 > len(raw):
        return raw
    return b"\n".join(lines)
