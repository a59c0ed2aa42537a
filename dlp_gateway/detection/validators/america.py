"""United States."""

from __future__ import annotations

import re

from stdnum.us import ssn as _ssn

from dlp_gateway.detection.validators.cards import digits, luhn, not_trivial

_MBI = re.compile(
    r"[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d{2}"
)


def ssn(value: str) -> bool:
    """Social Security number: nothing that is never issued, nothing published (SSA POMS RM 10201)."""
    number = digits(value)
    return len(number) == 9 and not_trivial(number) and bool(_ssn.is_valid(f"{number[:3]}-{number[3:5]}-{number[5:]}"))


def mbi(value: str) -> bool:
    """Medicare Beneficiary Identifier: fixed places for digits and letters, without S, L, O, I, B, Z (CMS)."""
    return bool(_MBI.fullmatch("".join(c for c in value.upper() if c.isalnum())))


def npi(value: str) -> bool:
    """National Provider Identifier: Luhn over 80840 and the number (CMS)."""
    return len(digits(value)) == 10 and luhn("80840" + digits(value))


def dea(value: str) -> bool:
    """DEA registration: two letters, six digits, check digit (US Drug Enforcement Administration)."""
    number = digits(value)
    if len(number) != 7:
        return False
    odd, even = sum(int(d) for d in number[0:6:2]), sum(int(d) for d in number[1:6:2])
    return (odd + 2 * even) % 10 == int(number[6])
