"""Dates of birth and ages."""

from __future__ import annotations

import re

_MONTHS = {
    month: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio januari janeiro styczen stycznia sijecanj leden "
            "tammikuu enr janv",
            "feb february februar fevrier fev febrero febbraio februari fevereiro luty lutego veljaca unor "
            "helmikuu febr",
            "mar march marz mars marzo maart marco marzec marca ozujak brezen maaliskuu mrz maerz mrt",
            "apr april avril avr abril aprile kwiecien kwietnia travanj duben huhtikuu abr",
            "may mai mayo maggio mei maio maj maja svibanj kveten toukokuu mag",
            "jun june juni juin junio giugno junho czerwiec czerwca lipanj cerven kesakuu giu",
            "jul july juli juillet juil julio luglio julho lipiec lipca srpanj cervenec heinakuu lug",
            "aug august aout agosto augustus sierpien sierpnia kolovoz srpen elokuu ago",
            "sep sept september septembre septiembre settembre setembro wrzesien wrzesnia rujan zari syyskuu set",
            "oct october oktober octobre octubre ottobre outubro pazdziernik pazdziernika listopad rijen "
            "lokakuu okt ott out",
            "nov november novembre noviembre novembro listopada studeni marraskuu",
            "dec december dezember decembre diciembre dicembre dezembro grudzien grudnia prosinac prosinec "
            "joulukuu dez dic",
        ),
        start=1,
    )
    for month in names.split()
}
# Of those born later, the name stands near by.
_LONG_AGO = 2015
_FEASTS = 2024  # from this year on a birthday is one that is celebrated
# A year of two digits above this is of the last century.
_LAST_CENTURY = 40
_WORD = re.compile(r"[a-z]{3,}")
_NUMBER = re.compile(r"\d+")


def date_of_birth(value: str) -> bool:
    """Accept a calendar day (or a year alone) on which somebody alive may have been born, from 1900 on.

    Day and month come in either order; two-digit years are taken as they are.
    """
    numbers = _NUMBER.findall(value)
    words = _WORD.findall(value.lower())
    months = [_MONTHS[word] for word in words if word in _MONTHS]
    if not numbers or (words and not months):
        return False
    if len(numbers) == 1 and len(numbers[0]) == 8 and not months:
        text = numbers[0]
        return (
            _day(text[:4], text[4:6], text[6:])
            or _day(text[4:], text[2:4], text[:2])
            or _day(text[4:], text[:2], text[2:4])
        )
    if months:
        if len(numbers) == 1:
            return _day("00", str(months[0]), numbers[0]) if len(numbers[0]) <= 2 else _year(numbers[0])
        year, day = sorted(numbers[:2], key=len, reverse=True) if len(numbers[0]) != len(numbers[1]) else numbers[1::-1]
        return _day(year, str(months[0]), day)
    if len(numbers) == 1:
        return len(numbers[0]) == 4 and _year(numbers[0])
    if len(numbers) == 2:
        return False
    first, second, third = numbers[:3]
    if len(first) == 4:
        return _day(first, second, third) or _day(first, third, second)
    return _day(third, second, first) or _day(third, first, second)


def date_long_ago(value: str) -> bool:
    """Accept a date of birth with a year in which no feast or sale of today lies."""
    numbers = _NUMBER.findall(value)
    short = len(numbers) == 3 and _LAST_CENTURY < int(numbers[2]) < 100
    years = [int(part) for number in numbers if len(number) in (4, 8) for part in (number[:4], number[-4:])]
    return date_of_birth(value) and (short or any(1900 <= year <= _LONG_AGO for year in years))


def birthday(value: str) -> bool:
    """Accept a date of birth, or a day without a year; in a year of late there is a feast, of a firm perhaps.

    The years are fixed: what is found must not hang on the day on which it is looked for.
    """
    numbers = [number for number in _NUMBER.findall(value) if len(number) in (4, 8)]
    years = [int(part) for number in numbers for part in (number[:4], number[-4:])]
    return date_of_birth(value) and not any(_FEASTS <= year <= _FEASTS + 30 for year in years)


def _year(text: str) -> bool:
    return len(text) == 2 or (len(text) == 4 and 1900 <= int(text) <= 2099)


def _day(year: str, month: str, day: str) -> bool:
    return (
        _year(year)
        and 1 <= int(month) <= 12
        and 1 <= int(day) <= (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[int(month) - 1]
    )


def age(value: str) -> bool:
    """Accept the age of a living person."""
    numbers = _NUMBER.findall(value)
    return bool(numbers) and 0 < int(numbers[0]) <= 115
