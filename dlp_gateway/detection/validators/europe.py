"""European identifiers that python-stdnum has no module for, and IBAN."""

from __future__ import annotations

import re

from stdnum import iban as _iban
from stdnum import luhn as _luhn
from stdnum import verhoeff as _verhoeff
from stdnum.fr import nir as _nir

from dlp_gateway.detection.validators.cards import digits, not_trivial

_ALNUM = re.compile(r"[^0-9A-Za-z]")


def _compact(value: str) -> str:
    return _ALNUM.sub("", value).upper()


def iban(value: str) -> bool:
    """IBAN: length and structure of the country, mod 97 check (ISO 13616, SWIFT registry)."""
    code = _compact(value)
    return len(set(code[4:])) > 1 and bool(_iban.is_valid(code, check_country=False))


def nir(value: str) -> bool:
    """French NIR (INSEE), with or without its two-digit key."""
    code = _compact(value)
    if len(code) == 13:
        return 1 <= int(code[3:5] if code[3:5].isdigit() else 1) <= 99 and code[0] in "12378"
    return bool(_nir.is_valid(code))


def rvnr(value: str) -> bool:
    """German pension insurance number (§ 147 SGB VI, VKVV § 2): area, birth date, initial, serial, check digit."""
    code = _compact(value)
    if len(code) != 12 or not (code[:8] + code[9:]).isdigit() or not code[8].isalpha():
        return False
    if not (1 <= int(code[4:6]) <= 12 and 1 <= int(code[2:4]) <= 81):
        return False
    figures = f"{code[:8]}{ord(code[8]) - 64:02}{code[9:11]}"
    products = (int(d) * w for d, w in zip(figures, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True))
    return sum(p // 10 + p % 10 for p in products) % 10 == int(code[11])


def kvnr(value: str) -> bool:
    """German health insurance number, unchanging part (§ 290 SGB V): a letter, eight digits, check digit."""
    code = _compact(value)
    if len(code) != 10 or not code[0].isalpha() or not code[1:].isdigit():
        return False
    figures = f"{ord(code[0]) - 64:02}{code[1:9]}"
    products = (int(d) * (1 + place % 2) for place, d in enumerate(figures))
    return sum(p // 10 + p % 10 for p in products) % 10 == int(code[9])


def nuss(value: str) -> bool:
    """Spanish social security number: province, number, mod 97 check (Seguridad Social)."""
    number = digits(value)
    if len(number) != 12 or not 1 <= int(number[:2]) <= 66:
        return False
    base = int(number[:2] + number[3:10]) if number[2] == "0" else int(number[:10])
    return base % 97 == int(number[10:])


def niss(value: str) -> bool:
    """Portuguese social security number: eleven digits from 1 or 2, prime weights (Segurança Social)."""
    number = digits(value)
    if len(number) != 11 or number[0] not in "12":
        return False
    weights = (29, 23, 19, 17, 13, 11, 7, 5, 3, 2)
    return 9 - sum(int(d) * w for d, w in zip(number, weights, strict=False)) % 10 == int(number[10])


def taj(value: str) -> bool:
    """Hungarian social insurance number TAJ: weights 3 and 7, mod 10 (1996. évi XX. törvény)."""
    number = digits(value)
    if len(number) != 9 or not not_trivial(number):
        return False
    return sum(int(d) * (7 if i % 2 else 3) for i, d in enumerate(number[:8])) % 10 == int(number[8])


def hungarian_tax(value: str) -> bool:
    """Hungarian tax identification of a person: ten digits from 8, weights 1 to 9, mod 11 (1996. évi XX. törvény)."""
    number = digits(value)
    if len(number) != 10 or number[0] != "8":
        return False
    return sum(int(d) * w for d, w in zip(number, range(1, 10), strict=False)) % 11 == int(number[9])


def matricule(value: str) -> bool:
    """Luxembourg national identification number: birth date, serial, Luhn and Verhoeff digits (Loi du 19 juin 2013)."""
    number = digits(value)
    if len(number) != 13 or not (1 <= int(number[4:6]) <= 12 and 1 <= int(number[6:8]) <= 31):
        return False
    return bool(_luhn.is_valid(number[:12])) and bool(_verhoeff.is_valid(number[:11] + number[12]))


def personas_kods(value: str) -> bool:
    """Latvian personal code: birth date and check digit; codes from 32 on carry neither (PMLP, since July 2017)."""
    number = digits(value)
    if len(number) != 11:
        return False
    if number.startswith("32"):
        return not_trivial(number)
    if not (1 <= int(number[:2]) <= 31 and 1 <= int(number[2:4]) <= 12 and number[6] in "012"):
        return False
    total = sum(int(d) * w for d, w in zip(number, (1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=False))
    return (1101 - total) % 11 % 10 == int(number[10])


def ehic(value: str) -> bool:
    """European Health Insurance Card: twenty digits, 80 and the country first (Decision S2, 2010/C 106/09)."""
    number = digits(value)
    return len(number) == 20 and number.startswith("80") and not_trivial(number)
