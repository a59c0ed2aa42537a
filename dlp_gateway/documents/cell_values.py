"""Numbers of spreadsheets as they are shown: dates, leading zeros, no exponents."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

# Built-in formats that show dates or times (ECMA-376-1, 18.8.30).
_BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_LITERALS = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_ZEROS = re.compile(r"0[0 .\-/()]*0")
_SAME = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{0,5}[1-9])?")

Format = Callable[[float], str]


def formatter(number: int, code: str, *, epoch_1904: bool = False) -> Format | None:
    """Return how a number with this format is shown, or None when it is shown as it is.

    ``number`` is the id of the format, ``code`` its pattern when it is not built in.
    """
    bare = _LITERALS.sub(lambda m: m[0][1] if m[0][0] == "\\" else "", code.split(";", maxsplit=1)[0])
    if number in _BUILT_IN_DATES or (code and re.search(r"[dmyhs]", bare.lower()) and "0" not in bare.split(".")[0]):
        return lambda value: date_text(value, epoch_1904=epoch_1904)
    if _ZEROS.fullmatch(bare.strip()) and bare.count("0") > 2 and "." not in bare:
        return lambda value: _fill(bare.strip(), value)
    return None


def number_text(raw: str) -> str:
    """Return a stored number without exponent and without the noise of binary fractions."""
    if _SAME.fullmatch(raw):
        return raw
    try:
        value = float(raw)
    except ValueError:
        return raw
    if value.is_integer() and abs(value) < 1e20:
        return str(int(value))
    return f"{value:.15g}"


def date_text(value: float, *, epoch_1904: bool = False) -> str:
    """Return a serial day as ISO date or time (day 1 is 1900-01-01, with the leap year 1900 that never was)."""
    if not 0 <= value < 2_958_466:
        return number_text(repr(value))
    if value < 1 and not epoch_1904:
        return (datetime(1900, 1, 1) + timedelta(days=value)).strftime("%H:%M:%S")  # noqa: DTZ001 - wall time
    base = datetime(1904, 1, 1) if epoch_1904 else datetime(1899, 12, 31 if value < 60 else 30)  # noqa: DTZ001
    moment = base + timedelta(seconds=round(value * 86400))
    return moment.isoformat(" ") if value % 1 else moment.date().isoformat()


def _fill(pattern: str, value: float) -> str:
    """Put the digits of ``value`` into a pattern of zeros and separators, from the right."""
    digits = str(abs(round(value))).rjust(pattern.count("0"), "0")
    spare = len(digits) - pattern.count("0")
    out, position = [digits[:spare]], spare
    for mark in pattern:
        if mark == "0":
            out.append(digits[position])
            position += 1
        else:
            out.append(mark)
    return "".join(out)
