"""Whose is it? A company's bank account is no personal data, a person's is.

The words around a value tell: legal forms, register numbers, "our account",
invoices on the one side; titles, pronouns, pay, refunds and names of people on
the other. The word closest to the value decides, words in front of it before
words behind it; with neither, the value is taken for a person's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dlp_gateway.detection.values import PersonSpan

# A company and its account stand in one block of lines; further away a word says nothing.
REACH = 400
# What follows a value says less than what leads to it.
_BEHIND = 2.0
# What stands in the same line says more.
_SAME_LINE = 0.3

# Single letters before a form make it another abbreviation: "t.n.v." (in the name of), "m.b.v." (by means of).
_LEGAL_FORM = (
    rb"(?<!\b[a-z]\.)(?:pty\.? ?ltd|p/l|ltd|limited|plc|llp|llc|inc|incorporated|corporation|corp|gmbh|ag|kg|ohg|ug"
    rb"|e\.?v\.|s\.?a\.?r\.?l|sas|s\.?p\.?a"
    rb"|s\.?r\.?l|s\.?l\.?u?|b\.?v|n\.?v|aps|a/s|oyj?|asa|sp\. ?z ?o\.? ?o|kft|d\.o\.o|s\.r\.o|lda"
    rb"|trust account|holdings|council|university"
    rb"|association|foundation|department|ministry|bank of|partners(?:hip)?)"
)
# Who collects money and has no legal form in its name; its members are named beside it.
_COLLECTOR = (
    rb"club|society|committee|co-?operative|parish|church|mosque|synagogue|temple|diocese"
    rb"|p ?(?:&|and) ?[cft]|charity|fundraiser|fundraising|donations?"
    rb"|(?:primary|high|secondary|public|grammar|state) school|kindergarten|scouts|girl guides|league|rotary|lions club"
    rb"|surf life ?saving"
    rb"|stichting|vereniging"
    rb"|verein|gemeinde|pfarrei|spenden?|spendenkonto|tierheim|association sportive|paroisse|parroquia|parrocchia|dons?"
)
_COMPANY = re.compile(
    rb"(?<![a-z])(?:"
    + _LEGAL_FORM
    + rb"|our (?:bank )?(?:account|details|iban|bank details)|unser(?:e|es)? (?:konto|bankverbindung|iban)"
    rb"|notre (?:compte|iban|rib)|onze (?:bank)?rekening|onze iban|nuestra cuenta|nostro (?:conto|iban)|nossa conta"
    rb"|(?:business|trading|supplier) name|company(?:'s)?|corporation|corporate|business account|trading as|t/a"
    rb"|remit(?:tance)?|payable to"
    rb"|invoices?|inv-|rechnung|facture|factura|fattura|faktura|tax invoice|statement of account"
    rb"|creditor|supplier|vendor|payee company"
    rb"|a\.?b\.?n|a\.?c\.?n|vat|ust-?id(?:nr)?|hrb|siret|siren|kvk|cvr|gst|ein"
    rb"|accounts? (?:receivable|payable|department)"
    rb"|head office)"
    rb"(?![a-z])",
    re.IGNORECASE,
)
_PERSON = re.compile(
    rb"(?<![a-z])(?:mr|mrs|ms|miss|mx|dr|prof|herr|frau|mme|mlle|m\.|sr|sra|sig|sig\.ra|dhr"
    rb"|de heer|meneer|mevr(?:ouw)?|pan|pani|monsieur|madame"
    rb"|his|her|hers|their own|my|mine|myself|mein(?:e|em|en)?|seine?|ihre?"
    rb"|employees?|staff member|salar(?:y|ies)|wages?|payroll|payslip|pay ?run|lohn|gehalt|salaire"
    rb"|sueldo|nomina|stipendio|wynagrodzenie"
    rb"|reimburse(?:ment|d)?|freelancer?|trainer(?:in)?|contractor|honorar|beneficiary name"
    rb"|account holder|name on (?:the )?account|kontoinhaber(?:in)?"
    rb"|titulaire|titular|intestatario|rekeninghouder|personal account|private account|savings account"
    rb"|tenant|patient|student|pensioner|widow"
    rb"|child support|member|claimant|applicant|guest|learner|volunteer|deceased|estate of|to the person)(?![a-z])",
    re.IGNORECASE,
)
# "Kelvin Tools Pty Ltd": what a legal form follows in the same line is no person's name.
_FORM = re.compile(rb"(?<![A-Za-z])(?:" + _LEGAL_FORM + rb")(?![A-Za-z])", re.IGNORECASE)
_FORM_REACH = 16
_COLLECTS = re.compile(rb"(?<![a-z])(?:" + _COLLECTOR + rb")(?![a-z])", re.IGNORECASE)
# Of somebody who is paid for a club's sake, although no name is told.
_SOMEBODY = re.compile(
    rb"(?<![a-z])(?:i|i'm|i'll|i've|me|refund\w*|repay\w*|pay(?:ing)? back|owed?|owes)(?![a-z])", re.IGNORECASE
)
# "St Luke's Parish", "Bell Street Primary School"
_NAMED_AFTER = re.compile(rb"(?:'s?)?(?: [A-Z][a-z]+){0,2} (?i:" + _COLLECTOR + rb")(?![a-z])")
# Surnames, where they are written so; as forms of companies they are in capitals.
_SURNAME = re.compile(rb"Ag|Kg|Ug|Sas|Spa|Asa|Sa")
_GAP = re.compile(rb"\n[ \t\r]*\n")
# In a form the holder's name stands below its own label, parted by empty lines from the number.
_HOLDER = re.compile(
    rb"\s+(?:(?:account|business|company|trading) )?(?:name|holder|payee|beneficiary)[ \t]*:?[ \t\r]*\n\s*",
    re.IGNORECASE,
)


def has_legal_form(name: str) -> bool:
    """Tell whether a name has the legal form of a company in it: "Mary Smith Consulting Pty Ltd"."""
    return _FORM.search(name.encode("utf-8", "replace")) is not None


def of_a_company(data: bytes, start: int, end: int, people: Iterable[PersonSpan] = ()) -> bool:
    """Tell whether the value at bytes ``start:end`` belongs to a company; ``people`` are byte spans of names."""
    low, high = _block(data, start, end)
    company = min(_distances(_COMPANY.finditer(data, low, high), data, start, end), default=None)
    if company is None and (not _COLLECTS.search(data, low, high) or _SOMEBODY.search(data, low, high)):
        return False
    person = min(_distances(_PERSON.finditer(data, low, high), data, start, end), default=None)
    people = [p for p in people if not _is_in_the_name(data, p, high)]
    named = min(
        (_distance(data, p.start, p.end, start, end) for p in people if low <= p.start and p.end <= high), default=None
    )
    closest = min((d for d in (person, named) if d is not None), default=None)
    return closest is None or (company is not None and company < closest)


def _is_in_the_name(data: bytes, name: PersonSpan, high: int) -> bool:
    """Tell whether the name is part of that of a company or a club."""
    last = data.rfind(b" ", name.start, name.end)
    if _SURNAME.fullmatch(data, last + 1, name.end):
        last = -1
    form = _FORM.search(data, last + 1 if last > 0 else name.end, min(name.end + _FORM_REACH, high))
    return form is not None or _NAMED_AFTER.match(data, name.end, high) is not None


def _block(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Return the lines around a value up to blank lines; a block that starts with the value takes in the one above."""
    floor, ceiling = max(0, start - REACH), min(len(data), end + REACH // 2)
    breaks = [gap.end() for gap in _GAP.finditer(data, floor, start)]
    low = breaks[-1] if breaks else floor
    if breaks and not data[low:start].strip(b" \t\r\n-*:|") and low - floor > 0:
        low = breaks[-2] if len(breaks) > 1 else floor
        # A form: label and value in lines of their own, above them those of the holder.
        for at in reversed(breaks[:-2]):
            if b"\n" in data[at:low].strip() or len(data[at:low].split()) > 6:
                break
            low = at
    holder = _HOLDER.match(data, end, ceiling)
    below = _GAP.search(data, holder.end() if holder else end, ceiling)
    return low, below.start() if below else ceiling


def _distances(words: Iterator[re.Match[bytes]], data: bytes, start: int, end: int) -> Iterator[float]:
    for word in words:
        yield _distance(data, word.start(), word.end(), start, end)


def _distance(data: bytes, word_start: int, word_end: int, start: int, end: int) -> float:
    """Measure how far a word is from a value; inside the value it is as close as can be."""
    if word_start < end and start < word_end:
        return 0.0
    low, high = (word_end, start) if word_end <= start else (end, word_start)
    distance = float(high - low)
    if b"\n" not in data[low:high]:
        return distance * _SAME_LINE
    return distance if word_end <= start else distance * _BEHIND
