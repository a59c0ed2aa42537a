"""What a candidate is worth: its pattern, its check, and what its surroundings call it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dlp_gateway.detection.context import Relation, Surroundings
from dlp_gateway.detection.packs import Recogniser
from dlp_gateway.detection.validators import STRUCTURAL
from dlp_gateway.model import Zone

# What speaks for a candidate, added to the score of its pattern (0 to 1 in all).
RAISES: Mapping[Relation, float] = MappingProxyType(
    {
        Relation.LABEL: 0.45,
        Relation.COLUMN: 0.45,
        Relation.TITLE: 0.4,
        Relation.SENTENCE: 0.35,
        Relation.HINT: 0.3,
        Relation.TOPIC: 0.3,
        Relation.NEAR: 0.2,
    }
)
CHECK_DIGIT = 0.25
PLAUSIBLE = 0.1
# What speaks against it.
SINKS = 0.6
GLUED = 0.4

FAILED = "check: failed"
_GLUE = frozenset(b"-./_+")
_COLON = ord(":")
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset(b"0123456789")


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate at bytes ``start:end`` of the normalised text; ``stands`` tells whether it may become a finding."""

    recogniser: Recogniser
    start: int
    end: int
    score: float
    raised: tuple[str, ...]
    sank: tuple[str, ...]
    stands: bool = True
    allowed: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """A recogniser with its words as numbers of the vocabulary, and its check as a function."""

    recogniser: Recogniser
    positive: frozenset[int]
    negative: frozenset[int]
    check: Callable[[str], bool] | None
    mistyped: frozenset[int]
    compact: re.Pattern[str] | None
    letters: bool


def check(owner: Compiled, value: bytes) -> bool:
    """Tell whether a value passes the recogniser's check; true when it has none."""
    return owner.check is None or owner.check(value.decode("utf-8", "replace"))


def failed(owner: Compiled, pattern: str, start: int, end: int) -> Scored:
    """Return the candidate whose check failed: it is told, and never stands."""
    return Scored(owner.recogniser, start, end, 0.0, (f"pattern: {pattern}",), (FAILED,), stands=False)


def score(
    owner: Compiled,
    pattern: str,
    base: float,
    data: bytes,
    start: int,
    end: int,
    around: Surroundings,
    *,
    mistyped: bool = False,
) -> Scored:
    """Weigh a candidate that passed its check, or is ``mistyped``; ``base`` is the score of its pattern."""
    total, raised, sank = base, [f"pattern: {pattern}"], []
    if mistyped:
        raised.append("check: failed, yet called so")
    elif owner.check is not None:
        structural = owner.recogniser.validator in STRUCTURAL
        total += PLAUSIBLE if structural else CHECK_DIGIT
        raised.append("check: plausible" if structural else "check: passed")
    if around.positive is not None:
        total += RAISES[around.positive]
        raised.append(f"context: {around.positive.value}")
    elif owner.recogniser.context_required:
        total = 0.0
        sank.append("no context word near by")
    if around.negative is not None:
        total -= SINKS
        sank.append(f"called something else: {around.negative.value}")
    if _glued(data, start, end, labelled=around.positive in (Relation.LABEL, Relation.COLUMN)):
        total -= GLUED
        sank.append("part of a longer code")
    return Scored(owner.recogniser, start, end, round(min(max(total, 0.0), 1.0), 3), tuple(raised), tuple(sank))


def _glued(data: bytes, start: int, end: int, *, labelled: bool) -> bool:
    """Tell whether the value is only a piece of a longer code, path, decimal number or address.

    Letters glued to a labelled value are its label or an extension (``TFN-412277305``, ``licence_18274455.txt``).
    """
    before = start >= 2 and _glue(data[start - 1], data[start - 2], labelled=labelled)
    behind = end + 1 < len(data) and _glue(data[end], data[end + 1], labelled=labelled)
    return before or behind


def _glue(mark: int, beyond: int, *, labelled: bool) -> bool:
    """Tell whether a mark joins the value to what is beyond; a colon joins digits only, as in the time of day."""
    if mark == _COLON:
        return beyond in _DIGITS
    return mark in _GLUE and (beyond in _DIGITS or (not labelled and beyond in _LETTERS))
