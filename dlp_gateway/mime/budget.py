"""How much work one message may cause the reader: limits, and a count against them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


class OverBudget(Exception):
    """A limit was hit; the message names it and holds nothing of the content."""


@dataclass(frozen=True, slots=True)
class ReadingBudget:
    """The limits of reading one message. What lies beyond a limit is reported as not scanned.

    What each is for is said where it is set, in ``settings`` (and so in docs/settings.md). ``clock`` gives seconds and
    never goes back; it is looked at between parts.
    """

    bytes: int = 256 << 20
    parts: int = 5_000
    depth: int = 100
    header_bytes: int = 262_144
    header_fields: int = 5_000
    addresses: int = 5_000
    characters: int = 100_000_000
    readings: int = 12
    seconds: float = 20.0
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, compare=False)


class Ledger:
    """Counts one message's use of its ``ReadingBudget``."""

    def __init__(self, limits: ReadingBudget) -> None:
        self.limits = limits
        self._deadline = limits.clock() + limits.seconds
        self._bytes = 0
        self._parts = 0
        self._characters = 0

    def part(self) -> None:
        """Count one entity and look at the clock; raises OverBudget past a limit."""
        self._parts += 1
        if self._parts > self.limits.parts:
            raise OverBudget(f"more than {self.limits.parts} parts")
        if self.limits.clock() > self._deadline:
            raise OverBudget("takes too long to read")

    def decoded(self, count: int) -> None:
        """Count ``count`` decoded octets; raises OverBudget past the limit."""
        self._bytes += count
        if self._bytes > self.limits.bytes:
            raise OverBudget(f"decodes to more than {self.limits.bytes} bytes")

    def text(self, count: int) -> None:
        """Count ``count`` characters of text; raises OverBudget past the limit."""
        self._characters += count
        if self._characters > self.limits.characters:
            raise OverBudget(f"more than {self.limits.characters} characters of text")

    @property
    def characters_left(self) -> int:
        """How many characters of text may still be added."""
        return max(0, self.limits.characters - self._characters)
