"""United Kingdom."""

from __future__ import annotations

import re

from dlp_gateway.detection.validators.cards import digits, not_trivial

_NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]?")
_LICENCE = re.compile(r"[A-Z]{1,5}9{0,4}(\d)(\d\d)(\d\d)\d[A-Z][A-Z9]\d[A-Z]{2}(?:\d\d)?")


def nino(value: str) -> bool:
    """National Insurance number: prefixes never used and suffix A to D (HMRC manual NIM39110)."""
    code = "".join(c for c in value.upper() if c.isalnum())
    return bool(_NINO.fullmatch(code)) and not_trivial(code)


def driving_licence(value: str) -> bool:
    """Driver number: surname padded with 9, decade, month (plus 50 for women), day, year, initials (DVLA)."""
    code = "".join(c for c in value.upper() if c.isalnum())
    found = _LICENCE.fullmatch(code)
    if found is None or len(code) not in (16, 18):
        return False
    month, day = int(found[2]), int(found[3])
    return 1 <= (month - 50 if month > 50 else month) <= 12 and 1 <= day <= 31


def chi(value: str) -> bool:
    """Scottish Community Health Index number: birth date, three digits, mod 11 check (NHS Scotland)."""
    number = digits(value)
    if len(number) != 10 or not (1 <= int(number[:2]) <= 31 and 1 <= int(number[2:4]) <= 12):
        return False
    check = 11 - sum(int(d) * w for d, w in zip(number, range(10, 1, -1), strict=False)) % 11
    return check % 11 == int(number[9]) and check != 10
