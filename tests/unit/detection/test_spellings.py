"""Eighteen identifiers in twenty-nine spellings behind a label: separators, disguises, spelled digits (trap E2)."""

import pytest

from dlp_gateway.model import Role, Text, Tier

VALUES = {
    "TFN": "412277305",
    "Medicare": "3848389163",
    "card": "4539109300171239",
    "IBAN": "DE06100100109145160541",
    "NI number": "JG103759A",
    "NHS number": "9924908880",
    "UTR": "1723808107",
    "SSN": "502592006",
    "SIN": "493790513",
    "IRD number": "068729491",
    "PPS number": "7461535C",
    "Aadhaar": "567860554574",
    "Steuer-ID": "50817934646",
    "PESEL": "95052413140",
    "BSN": "702238740",
    "DNI": "19154929T",
    "AHV-Nr.": "7567668982039",
    "numéro de sécurité sociale": "249088808627460",
}
WORDS = dict(zip("0123456789", "zero one two three four five six seven eight nine".split(), strict=True))


def groups(value: str, size: int, separator: str) -> str:
    return separator.join(value[i : i + size] for i in range(0, len(value), size))


def in_digits(value: str, digits: str) -> str:
    return value.translate(str.maketrans("0123456789", digits))


SPELLINGS = {
    "run together": lambda v: v,
    "threes": lambda v: groups(v, 3, " "),
    "fours": lambda v: groups(v, 4, " "),
    "pairs": lambda v: groups(v, 2, " "),
    "dots": lambda v: groups(v, 3, "."),
    "dashes": lambda v: groups(v, 4, "-"),
    "slashes": lambda v: groups(v, 3, "/"),
    "underscores": lambda v: groups(v, 3, "_"),
    "no-break spaces": lambda v: groups(v, 3, "\u00a0"),
    "thin spaces": lambda v: groups(v, 3, "\u2009"),
    "en dashes": lambda v: groups(v, 3, "\u2013"),
    "minus signs": lambda v: groups(v, 3, "\u2212"),
    "wide gaps": lambda v: groups(v, 3, "   "),
    "single": lambda v: groups(v, 1, " "),
    "single with commas": lambda v: groups(v, 1, ","),
    "one a line": lambda v: "\n" + groups(v, 1, "\n"),
    "one a cell": lambda v: groups(v, 1, " | "),
    "groups on lines": lambda v: groups(v, 4, "\n"),
    "zero width": lambda v: groups(v, 1, "\u200b"),
    "soft hyphens": lambda v: groups(v, 2, "\u00ad"),
    "full width": lambda v: in_digits(v, "０１２３４５６７８９"),
    "Arabic-Indic": lambda v: in_digits(v, "٠١٢٣٤٥٦٧٨٩"),
    "mathematical": lambda v: in_digits(v, "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"),
    "letters for digits": lambda v: v.replace("0", "O").replace("1", "l") if v.isdigit() else v,
    "spelled": lambda v: " ".join(WORDS.get(c, c) for c in v),
    "spelled with commas": lambda v: ", ".join(WORDS.get(c, c) for c in v),
    "dictated": lambda v: groups(v, 4, " then "),
    "deep quotes": lambda v: groups(v, 4, "\n> > > "),
    "brackets": lambda v: "".join(f"({v[i : i + 3]}) " for i in range(0, len(v), 3)),
    "stars": lambda v: groups(v, 3, "*"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("label", VALUES)
def test_an_identifier_is_found_however_it_is_spelled(engine, label, spelling):
    text = f"The {label} of Terri Ashdown: {SPELLINGS[spelling](VALUES[label])} as agreed"

    found = engine.scan([Text("body", text, Role.BODY)]).findings

    assert any(finding.tier is not Tier.CONTACT for finding in found)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("label", ["invoice", "order number", "ticket", "serial no."])
@pytest.mark.parametrize("value", ["412277305", "3848389163", "4539109300171239", "9924908880"])
def test_what_is_called_something_else_is_left_alone_however_it_is_spelled(engine, label, spelling, value):
    text = f"Please quote {label} {SPELLINGS[spelling](value)} in your answer"

    found = engine.scan([Text("body", text, Role.BODY)]).findings

    assert [finding.entity for finding in found if finding.tier is not Tier.CONTACT] == []
