"""Text of a page in the making."""

from __future__ import annotations

_BETWEEN_CELLS = " | "


class Flow:
    """Text in the making: lines where blocks begin and end, no space after a space."""

    __slots__ = ("_space", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._space = True

    def text(self, text: str, *, preserved: bool = False) -> None:
        """Add text, in which spaces are one unless they are ``preserved``."""
        if self._space and not preserved and text.startswith(" "):
            text = text[1:]
        if text:
            self.pieces.append(text)
            self._space = text.endswith((" ", "\n"))

    def line(self) -> None:
        """End the line, when one has begun."""
        if self.pieces and not self.pieces[-1].endswith("\n"):
            self.pieces.append("\n")
        self._space = True

    def cell(self) -> None:
        """Set what follows apart as another cell of the row."""
        if self.in_line and self.pieces[-1] is not _BETWEEN_CELLS:
            self.pieces.append(_BETWEEN_CELLS)
        self._space = True

    def block(self, text: str) -> None:
        """Add lines of their own."""
        self.line()
        self.pieces.append(text)
        self.line()

    @property
    def in_line(self) -> bool:
        """Whether something stands on the present line."""
        return bool(self.pieces) and not self.pieces[-1].endswith("\n")

    def result(self) -> str:
        """Return the text."""
        return "".join(self.pieces).strip()
