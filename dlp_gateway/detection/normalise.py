"""Text as it reads, with the way back to the text as it stands.

Patterns and words are matched on the normalised form; findings are told in
offsets of the original. Both directions are linear, and plain ASCII without
control characters (nearly all mail) costs one look.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dlp_gateway.detection.folding import fold

# C0 controls and DEL are invisible wherever text is shown; TAB, LF, CR separate, VT and FF break the line.
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r\x0b\x0c") + b"\x7f"
_BREAKS = bytes.maketrans(b"\x0b\x0c", b"\n\n")


@dataclass(frozen=True, slots=True)
class Normalised:
    """UTF-8 bytes of the folded text; ``origin[i]`` is the character that byte ``i`` comes from (None: the same)."""

    data: bytes = field(repr=False)
    origin: npt.NDArray[np.int32] | None = field(repr=False, default=None)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Translate a non-empty byte span into character offsets of the original text."""
        if self.origin is None:
            return start, end
        return int(self.origin[start]), int(self.origin[end - 1]) + 1

    def bytes_of(self, start: int, end: int) -> tuple[int, int]:
        """Translate a span of characters of the original text into bytes of the normalised one."""
        if self.origin is None:
            return start, end
        low, high = np.searchsorted(self.origin, (start, end))
        return int(low), int(high)


class _Table(dict[int, str]):
    """Folded forms of code points, worked out when first seen (``str.translate`` asks by code point)."""

    def __missing__(self, code: int) -> str:
        form = chr(code) if code < 128 else fold(chr(code))
        if code < 128 and form.encode() in _CONTROLS:
            form = ""
        elif form in "\x0b\x0c":
            form = "\n" if form else ""
        self[code] = form
        return form


class Normaliser:
    """Folds texts; keeps what it learnt about single characters, nothing about texts."""

    def __init__(self) -> None:
        self._forms = _Table()
        self._widths = np.full(0x110000, -1, dtype=np.int8)

    def __call__(self, text: str) -> Normalised:
        """Return the normalised text: ASCII where any reading in ASCII exists, UTF-8 elsewhere."""
        if text.isascii():
            data = text.encode("ascii")
            if len(data.translate(None, _CONTROLS)) == len(data):
                return Normalised(data.translate(_BREAKS))
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        widths = self._widths[points]
        if widths.size and int(widths.min()) < 0:
            for code in np.unique(points[widths < 0]).tolist():
                self._widths[code] = len(self._forms[code].encode("utf-8"))
            widths = self._widths[points]
        data = text.translate(self._forms).encode("utf-8")
        return Normalised(data, np.repeat(np.arange(points.size, dtype=np.int32), widths))
