"""Inline elements that stand in the midst of a word or a number, where what they hold may be there to split it.

Nobody knows all the ways in which text can be hidden. What is between two
letters, or two digits, is therefore read in two ways: with and without it.
"""

from __future__ import annotations

from dataclasses import dataclass

# Characters that nobody sees: soft hyphens, joiners, marks of direction.
INVISIBLE = "\u00ad\u034f\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\ufe0f" + "".join(
    map(chr, range(0x202A, 0x202F))
)


# Elements that are open at once between two characters; those further in are left out with the ones around them.
_DEEPEST = 50
# Elements one behind the other that are taken together.
_MOST_PREVIOUS = 10


@dataclass(slots=True)
class _Element:
    """An open or just closed element: the character before it, and what is known of its text."""

    number: int
    before: str
    apart: bool
    # Those right before it, with no text between.
    previous: tuple[_Element, ...] = ()
    said: bool = False
    digits: bool = False


class Seams:
    """Watches the text that is seen; ``splitting`` are the numbers of the elements between two word characters."""

    __slots__ = ("_blank", "_open", "_text", "_waiting", "splitting")

    def __init__(self) -> None:
        self.splitting: set[int] = set()
        # The last text on the line, and whether blanks followed it.
        self._text = ""
        self._blank = True
        self._open: dict[int, _Element] = {}
        self._waiting: list[_Element] = []

    @property
    def touching(self) -> bool:
        """Whether a letter or digit stands right before what comes next."""
        return not self._blank and self._text[-1:].isalnum()

    def text(self, text: str) -> None:
        """Take text that is seen."""
        if not text.isascii() and not (text := text.strip(INVISIBLE)):
            return
        if text.isspace():
            self._blank = True
            return
        if self._open or self._waiting:
            self._take(text)
        self._text, self._blank = text, False

    def line(self) -> None:
        """A line ends: nothing before it touches what follows."""
        self._text, self._blank = "", True
        if self._open or self._waiting:
            self._open.clear()
            self._waiting.clear()

    def start(self, depth: int, number: int) -> None:
        """An inline element begins."""
        if len(self._open) >= _DEEPEST:
            return
        if self._waiting:
            first = self._waiting[0]
            self._open[depth] = _Element(number, first.before, first.apart, tuple(self._waiting[:_MOST_PREVIOUS]))
            return
        if not (words := self._text.rstrip()):
            return
        before, apart = words[-1], self._blank or self._text[-1].isspace()
        if before.isalnum() and (not apart or before.isdigit()):
            self._open[depth] = _Element(number, before, apart)

    def end(self, depth: int) -> None:
        """The inline element that began at this depth ends."""
        if self._open and (element := self._open.pop(depth, None)) is not None and element.said:
            # A blank at the end of its own text is left out with it.
            self._blank = False
            waiting = {id(one): one for one in (*element.previous, *self._waiting, element)}
            self._waiting = list(waiting.values())[:_DEEPEST]

    def _take(self, text: str) -> None:
        digits = any(c.isdigit() for c in text)
        if self._waiting:
            self._settle(text)
        for element in self._open.values():
            element.said = True
            element.digits = element.digits or digits

    def _settle(self, text: str) -> None:
        after, apart = text.lstrip()[0], self._blank or text[0].isspace()
        for element in self._waiting:
            if element.before.isdigit() and after.isdigit():
                # A number may be written in groups: one blank beside the element belongs to it.
                split = element.digits or not (element.apart and apart)
            else:
                split = after.isalnum() and not element.apart and not apart
            if split:
                self.splitting.add(element.number)
        self._waiting.clear()
