"""Signatures and contact blocks: who somebody is at work, which says nothing more of them.

"Police Liaison Officer", "Chaplain" or "Union Delegate" under a name is a job
title, not an offence, a belief or a membership. Lines that hold nothing but a
name, a title, a company or contact details are recognised below a closing
("Kind regards") or beside contact details, and are left out of what statements
are looked for in. A line that says anything in a sentence stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache

# A signature is at most this long; its lines have at most so many words.
_LINES = 14
_WORDS = 9
# Characters of a long line that tell most often.
_GLANCE = 120
_CLOSING = re.compile(
    r"(?:--|(?:with )?(?:kind|best|warm|many)? ?(?:regards|wishes|thanks)|cheers|sincerely|thank you|thanks again"
    r"|yours (?:sincerely|faithfully|truly)|respectfully"
    r"|(?:mit )?(?:freundlichen|besten|herzlichen|vielen?|schöne) (?:gr(?:ü|ue)(?:ß|ss)en?)|gruß|lg|mfg"
    r"|(?:bien )?cordialement|salutations|saludos|un saludo|atentamente|cordiali saluti|saluti"
    r"|met vriendelijke groet(?:en)?|groeten|z poważaniem|pozdrawiam|atenciosamente"
    r"|med vänlig hälsning|venlig hilsen)[ ,.!]*$",
    re.IGNORECASE,
)
# What is added below a letter is no part of the signature above it.
_POSTSCRIPT = re.compile(r"\s*p\.? ?(?:p\.? ?)?s\b", re.IGNORECASE)
_DETAIL = re.compile(
    r"@|\bwww\.|https?://|\b(?:abn|acn|vat|hrb|ust-id|siret|kvk|gst|nzbn)\b|(?P<number>\+?\(?\d[\d ()./-]{6,}\d)"
    r"|\b(?:level|suite|unit|floor) \d|\bp\.?o\.? ?box\b"
    r"|\b\d{1,5}[a-z]? \w+ (?:street|st|road|rd|avenue|ave|lane|drive|terrace|place)\b",
    re.IGNORECASE,
)
# Dates and times are made of the figures and marks of telephone numbers: days, spans of days or years, hours.
_DATE = re.compile(
    r"(?<!\d)(?<!\d[./])(?:"
    r"[0-3]?\d ?([./-]) ?[0-3]?\d ?\1 ?(?:(?:19|20)\d{2}|\d{2})(?!\1\d)|(?:19|20)\d{2}([./-])[01]?\d\2[0-3]?\d"
    r"|[0-3]?\d [01]?\d (?:19|20)\d{2}|(?:19|20)\d{2}[01]\d[0-3]\d|[0-3]\d[01]\d(?:19|20)\d{2}"
    r"|(?:19|20)\d{2} ?[/-] ?(?:(?:19|20)\d{2}|\d{2})|[0-3]?\d[./][0-5]\d"
    r")(?![./]?\d)"
)
# A telephone number has at least so many figures.
_FIGURES = 6
# Labels of contact details, and of the bank details that firms put below them (whose they are, patterns tell).
_LABELS = frozenset(
    (
        "t m p f e w tel telephone phone ph mobile mob cell fax email e-mail mail web website address office direct"
        " bank bsb iban bic swift account acct acc abn acn vat skype"
        " telefon handy mobil tél teléfono telefono linkedin twitter"
        # What the law asks a firm to put below its letters, and who speaks for it.
        " geschäftsführer geschäftsführerin geschäftsführung vorstand handelsregister amtsgericht hrb hra"
        " ust-id-nr ust-idnr ustid-nr ustidnr siret siren rcs tva gérant gérante kvk btw"
    ).split()
) | {"sort code"}
_CONTACT_LABEL = re.compile(r"\b(?:(?i:sort code)|[^\W\d_]+(?:-[^\W\d_]+)*)\b\.?:?")
_SENTENCE = re.compile(r"[a-z]{2}[.!?](?:\s|$)|;")
_LABEL = re.compile(r"[^\W\d_][^:|]{0,30}:")
_WORD = re.compile(r"[^\W\d_]+")
_LINK = re.compile(r"[^\s@]{1,254}@\S+|(?:https?://|www\.)\S+")
# A row of a list: cells, the first of them a name.
_CELL = re.compile(r"\s*[|\t;]\s*|,\s*|\s{2,}|\s+[-\u2013\u2014]\s+")
_NAMED = re.compile(r"[^\W\d_][^\W\d_.'\u2019-]*(?:[ .'\u2019-]{1,2}[^\W\d_]+){0,4}\.?")
_CELLS = 3
# Small words inside titles and names.
_SMALL = frozenset("of and the for at in to de la le du des von van der und et y e da di del per & a an".split())
# Words that do not count as said. What is not of letters alone is not counted anyway.
_UNCOUNTED = frozenset(filter(str.isalpha, [*_SMALL, *" ".join(_LABELS).split()]))


def signature_lines(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lines that are part of a signature or contact block."""
    found: set[int] = set()
    details: dict[int, None] = {}
    is_plain = cache(_is_plain)  # for this text alone: neighbours are asked again and again
    for number, line in enumerate(lines):
        if _CLOSING.match(line.strip()):
            end = min(len(lines), number + 1 + _LINES)
            end = next((n for n in range(number + 1, end) if _POSTSCRIPT.match(lines[n])), end)
            found.update(n for n in range(number, end) if is_plain(lines[n]) or n == number)
        elif line and not _says_too_much(line) and _has_details(line) and is_plain(line):
            found.update(_around(lines, number, is_plain))
            details[number] = None
    return frozenset(found) - (_rows(lines, details) if len(details) > 1 else frozenset())


def _has_details(text: str) -> bool:
    """Tell whether a line or cell has contact details; a date is none."""
    if _DETAIL.search(text) is None:
        return False
    return _DATE.search(text) is None or any(map(_is_detail, _DETAIL.finditer(text)))


def _is_detail(match: re.Match[str]) -> bool:
    number = match["number"]
    return number is None or sum(map(str.isdigit, _DATE.sub("", number))) >= _FIGURES


def _rows(lines: Sequence[str], details: Collection[int]) -> frozenset[int]:
    """Return those of the lines with contact details that are rows of a list: a signature has one name, a list many."""
    cells = {number: _CELL.split(lines[number].strip(" \t|")) for number in details}
    rows = {
        n: len(row)
        for n, row in cells.items()
        if len(row) >= _CELLS and _NAMED.fullmatch(row[0]) and not all(map(_has_details, filter(None, row[1:])))
    }
    return frozenset(n for n, size in rows.items() if size in (rows.get(n - 1), rows.get(n + 1)))


def _around(lines: Sequence[str], number: int, is_plain: Callable[[str], bool]) -> set[int]:
    """A line of contact details and the title lines directly above and below it."""
    block = {number}
    for step in (-1, 1):
        place = number + step
        while (
            0 <= place < len(lines)
            and abs(place - number) <= _LINES
            and lines[place].strip()
            and is_plain(lines[place])
        ):
            block.add(place)
            place += step
    return block


def _says_too_much(line: str) -> bool:
    """Tell at a glance that a line has too many words to be plain, whatever of it are links and labels."""
    if len(line) > _GLANCE and _counted(line[:_GLANCE].rpartition(" ")[0]) > _WORDS:
        return True
    return _counted(line) > _WORDS


def _counted(line: str) -> int:
    """How many words a line has, without labels and what is not of letters alone; few words count as none."""
    words = line.lower().split()
    if len(words) <= _WORDS:
        return 0
    return sum(map(str.isalpha, words)) - sum(map(_UNCOUNTED.__contains__, words))


def _is_plain(line: str) -> bool:
    """Tell whether a line is a name, a title, a company or contact details: short, in capitals, no sentence."""
    if _says_too_much(line):
        return False
    text = _CONTACT_LABEL.sub(_without_labels, _LINK.sub(" ", line))
    if (":" in text and _LABEL.search(text)) or _SENTENCE.search(text):
        return False
    words = [word for word in _WORD.findall(text) if word.lower() not in _SMALL]
    capitals = sum(word[0].isupper() for word in words)
    return len(words) <= _WORDS and capitals * 10 >= len(words) * 8


def _without_labels(match: re.Match[str]) -> str:
    return " " if match[0].rstrip(".:").lower() in _LABELS else match[0]
