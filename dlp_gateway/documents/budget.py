"""How much work attachments may cause: limits, and a count against them.

Every reader charges what it unpacks, parses or renders before it goes on.
Going over a limit raises ``OverBudget``; the dispatcher turns that into an
``Unscanned`` entry, so that a limit is never mistaken for "no text".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields


class OverBudget(Exception):
    """A limit was hit; the message says which one and holds nothing of the content."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What may be used, in one unit each; ``seconds`` is processor time, ``pixels`` what OCR or decoding may touch."""

    bytes: int
    entries: int
    pages: int
    cells: int
    characters: int
    pixels: int
    seconds: float


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """All limits of the readers.

    What each is for is said where it is set, in ``settings`` (and so in
    docs/settings.md); only the two on pictures are set by the policy: an unread
    picture is reported when its shorter side and its area reach
    ``picture_side`` and ``picture_area``, the size of a screenshot or page.
    Logos and signature banners stay below.
    """

    part: Amounts = Amounts(192 << 20, 2_000, 5_000, 3_000_000, 50_000_000, 100_000_000, 20.0)
    message: Amounts = Amounts(384 << 20, 5_000, 10_000, 6_000_000, 100_000_000, 200_000_000, 40.0)
    depth: int = 8
    ratio: int = 250
    ratio_floor: int = 4 << 20
    xml_depth: int = 512
    kdf_rounds: int = 1_100_000
    password_tries: int = 400
    costly_rounds: int = 20_000
    costly_tries: int = 10
    password_seconds: float = 1.5
    password_seconds_message: float = 5.0
    least_tries: int = 3
    least_seconds: float = 12.0
    legible_side: int = 24
    legible_area: int = 4_000
    picture_side: int = 150
    picture_area: int = 160_000


_WORDS = {
    "bytes": "unpacks to too many bytes",
    "entries": "too many entries",
    "pages": "too many pages",
    "cells": "too many cells",
    "characters": "too much text",
    "pixels": "too many pixels",
    "seconds": "takes too long to read",
}


@dataclass(slots=True)
class _Used:
    limits: Amounts
    started: float
    amounts: dict[str, int] = field(default_factory=lambda: {f.name: 0 for f in fields(Amounts)})


@dataclass(slots=True)
class Tried:
    """The passwords that were tried on one locked file, and the seconds that took."""

    count: int = 0
    seconds: float = 0.0


class DocumentBudget:
    """Counts one message's use of its ``DocumentLimits``.

    ``clock`` gives seconds and never goes back: processor time of this process, so that a busy machine
    turns nothing into "takes too long". Wall time is watched from outside the worker.
    """

    def __init__(self, limits: DocumentLimits | None = None, *, clock: Callable[[], float] = time.process_time) -> None:
        self.limits = limits or DocumentLimits()
        self._clock = clock
        self._message = _Used(self.limits.message, clock())
        self._part = _Used(self.limits.part, clock())
        self._try_seconds = 0.0

    @contextmanager
    def part(self) -> Iterator[None]:
        """Open a fresh count for one attachment; what it uses counts for the message too."""
        outer, self._part = self._part, _Used(self.limits.part, self._clock())
        try:
            yield
        finally:
            self._part = outer

    def charge(self, unit: str, amount: int) -> None:
        """Use ``amount`` of ``unit`` (a field of ``Amounts``); raises OverBudget past a limit, also in time."""
        for used in (self._part, self._message):
            used.amounts[unit] += amount
            if used.amounts[unit] > getattr(used.limits, unit):
                raise OverBudget(_WORDS[unit])
        self.check_time()

    def check_time(self) -> None:
        """Raise OverBudget when the part or the message has used up its seconds."""
        now = self._clock()
        for used in (self._part, self._message):
            if now - used.started > used.limits.seconds:
                raise OverBudget(_WORDS["seconds"])

    def left(self, unit: str) -> int:
        """Return how much of ``unit`` may still be used, at least 0."""
        return max(0, min(int(getattr(used.limits, unit)) - used.amounts[unit] for used in (self._part, self._message)))

    def check_ratio(self, unpacked: int, packed: int) -> None:
        """Raise OverBudget when a stream of ``packed`` bytes has grown to ``unpacked`` beyond reason."""
        if unpacked > self.limits.ratio_floor and unpacked > self.limits.ratio * max(packed, 1):
            raise OverBudget("unpacks to far more than its size")

    @contextmanager
    def password_try(self, tried: Tried) -> Iterator[bool]:
        """Count one password check of a file, for which ``tried`` stands; yields False when none may be made any more.

        Defaults of programs are no guesses: they are tried without being counted here.
        """
        limits = self.limits
        usual = tried.seconds < limits.password_seconds and self._try_seconds < limits.password_seconds_message
        least = tried.count < limits.least_tries and self._try_seconds < limits.least_seconds
        allowed = tried.count < limits.password_tries and (usual or least)
        started = self._clock()
        try:
            yield allowed
        finally:
            if allowed:
                spent = self._clock() - started
                tried.count += 1
                tried.seconds += spent
                self._try_seconds += spent
