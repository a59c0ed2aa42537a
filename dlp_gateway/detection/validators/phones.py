"""Telephone numbers, by the numbering plans of phonenumbers (ITU-T E.164 and national plans)."""

from __future__ import annotations

import re
from functools import lru_cache

from dlp_gateway.detection.validators.cards import digits

# National forms are read by the plans of these regions, in order.
REGIONS = ("AU", "GB", "NZ", "US", "IE", "DE", "FR", "SG", "IN", "HK")


# A day of a year, whichever of day and month is first, maybe of several days or with the hour; hours of a day.
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_HOUR = r"(?:[01]\d|2[0-3])\.?[0-5][05]"
_TIME = re.compile(
    rf"{_DAY}( ){_DAY} (?:19|20)\d\d|(?:{_DAY}[ ./-]{{1,3}})?{_DAY}([./-]){_DAY}\2(?:19|20)\d\d(?:[ -].*)?"
    rf"|{_DAY}([./-]){_DAY}\3\d\d {_HOUR}|{_HOUR} ?- ?{_HOUR}"
)


def phone(value: str) -> bool:
    """Accept a number that is possible in E.164 or in the national form of one of ``REGIONS``; no date, no hours."""
    if _TIME.fullmatch(value.strip()):
        return False
    number = digits(value)
    return 7 <= len(number) <= 15 and _possible("+" + number if value.lstrip(" (").startswith("+") else number)


@lru_cache(maxsize=4096)
def _possible(number: str) -> bool:
    if number.startswith("+"):
        return _ok(number, None)
    if number.startswith("00") and _ok("+" + number[2:], None):
        return True
    return any(_ok(number, region) for region in REGIONS)


def _ok(number: str, region: str | None) -> bool:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    # Numbers kept free for examples and drama are possible, not valid: both are somebody's form of a number. What is
    # possible is told by its length, which is quickly done.
    return bool(phonenumbers.is_possible_number(parsed) or phonenumbers.is_valid_number(parsed))
