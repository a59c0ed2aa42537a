"""Passages about a company or an open role, which name somebody only as whom to ask.

"Pay 38,000 to 42,000; apply to Ann Lee" is nobody's pay, and what a company
owes is no person's debt. Such a passage is told by its names: each is part of
a company's name, or introduced as the contact at the very end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dlp_gateway.detection.values import PersonSpan

# What a company can owe, be paid, be warned for or be sued for.
OF_COMPANIES = frozenset({"pay", "finance", "performance", "discipline", "proceedings", "account"})
# Legal forms as they are written: "inc." in lower case is "including", and "ag" the end of a word.
_FORM = (
    r"(?:(?:Pty\.? ?)?L(?:td|TD)|Limited|P(?:lc|LC)|LL[PC]|Inc|Corp(?:oration)?|Group|GmbH|AG|KG|OHG|UG"
    r"|S\.?[aA]\.?[rR]\.?[lL]|SAS|S\.A\.S|S\.?p\.?A|S\.?[rR]\.?[lL]|S\.?L\.?U?|S\.?A|B\.?V|N\.?V|ApS|A/S|AB|Oyj?|ASA"
    r"|[Ss]p\. ?z ?o\. ?o|Kft|s\.r\.o|L(?:da|DA))"
    r"(?![^\W_])"
)
# A form stands behind a name of the company: "Jansen B.V.", "Rossi & Figli S.r.l.".
_COMPANY = re.compile(r"[^\W\d_][\w.&'-]*,? " + _FORM)
_FORM_BEHIND = re.compile(r",? {0,2}(?:(?:[A-Z][\w-]{1,20}|&|und|et|e|y) ){0,2}" + _FORM)
# Sums, not dates or times: with a currency, thousands or "k"; the other end of a band may leave that out ("70-75k").
_MONEY = (
    r"(?:[€$£] ?\d[\d.,']{0,11}k?|(?<![\d.,])(?<!\d )\d{1,3}(?:[.,' \u00a0\u202f]\d{3}){1,2}(?!\d)"
    r"|(?<![\d.,])\d{1,4}k\b)"
    r"(?: ?(?:€|euros?\b|eur\b|zł))?"
)
_SHORT = r"(?<![\d.,/-])\d{1,3}(?![\d/])"
_TO = r" {0,2}(?:-|–|—|\b(?:to|and|bis|und|à|et|y|e|ed|al?|tot|en|do|i)\b) {0,2}"
_BAND = re.compile(
    rf"{_MONEY}{_TO}(?:{_MONEY}|{_SHORT})|{_SHORT}{_TO}{_MONEY}"
    r"|[€$£] ?\d[\d.,]{0,9} (?:per|an|a|/|p/) ?(?:h|hr|hour|day|week)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:he|she|his|hers?|him|er|sein(?:e[mnrs]?)?|elle|lui|él|ella|lei|hij|zij|jego|jej|ele|ela)\b", re.IGNORECASE
)
_TITLE = r"(?:(?:mr|mrs|ms|miss|dr|frau|herrn?|m\.|mme|madame|monsieur|sr|sra|señora?|sig|dhr|mevrouw|pan[aią]?)\.? )?"
_INTRODUCED = re.compile(
    r"(?:\b(?:contact(?: there)?(?: person)?(?: is)?|call|ring|phone|e-?mail|ask|ask for|apply to"
    r"|write to|speak to|talk to"
    r"|(?:applications?|questions?|queries|enquiries|correspondence|cvs?|resumes?)(?: please)? to|manager|attn\.?"
    r"|counsel is|ansprechpartner(?:in)?(?: ist)?|(?:bewerbung(?:en)?|rückfragen|fragen|lebenslauf)(?: bitte)? an"
    r"|(?:écrire|écrivez|s'adresser|cv) à|(?:escriba|escribir|diríjase|cv) a|(?:scrivere|scriva|rivolgersi|cv) a"
    r"|mail(?:en)?(?: naar)?|vraag naar|(?:pisać|pisz|cv) do|(?:escreva|escrever|cv) (?:a|à|ao)|contacto|referente)"
    r"[:,]? +)" + _TITLE + r"$",
    re.IGNORECASE,
)
# How a passage ends behind a contact: with a date, a number or an address, and nothing that is said of the person.
_ENDING = re.compile(
    r"(?:,? (?:by|before|until|bis|avant|antes|entro|voor|do) [\w. ]{1,24})?"
    r"(?:,? (?:has|have) been (?:told|informed|notified))?"
    r"(?:[,:]? ?\(?(?:on|at|under|unter|tel\.?|phone|ph|au|op|al|or)?[.:]? ?"
    r"(?:\+?\(?\d[\d ()./-]{5,18}|[^\s@]{1,64}@\S{1,128})){0,2}"
    r"[\s.!);]*$",
    re.IGNORECASE,
)
_BEFORE = 48
_BEHIND = 240


def of_nobody(passage: str, named: Callable[[], Sequence[PersonSpan]]) -> frozenset[str]:
    """Return the labels that a passage cannot disclose of a person, as it speaks of a company or of an open role.

    ``named`` gives the names in it, which cost a model's answer, and is called only where they matter.
    """
    company = _COMPANY.search(passage) is not None
    if not (company or is_a_band(passage)) or _PRONOUN.search(passage):
        return frozenset()
    names = named()
    if not names or not all(_is_a_company(passage, name) or _is_a_contact(passage, name) for name in names):
        return frozenset()
    return OF_COMPANIES if company else frozenset({"pay"})


def is_a_band(passage: str) -> bool:
    """Tell whether a passage names a range of sums, or a rate: "$78,000 - $84,000", "£12 per hour"."""
    return _BAND.search(passage) is not None


def _is_a_company(passage: str, name: PersonSpan) -> bool:
    return bool(_COMPANY.search(passage, name.start, name.end) or _FORM_BEHIND.match(passage, name.end))


def _is_a_contact(passage: str, name: PersonSpan) -> bool:
    before = passage[max(0, name.start - _BEFORE) : name.start]
    behind = passage[name.end : name.end + _BEHIND]
    return _INTRODUCED.search(before) is not None and _ENDING.match(behind) is not None
