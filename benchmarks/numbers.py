"""Made-up numbers for the accuracy figures: ones that are nobody's, and ones that are somebody's.

Both are drawn from a fixed seed. The sentences are those of business mail; the
identifiers are built by the rules of their authorities, so that check digits hold.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stdnum import iban, luhn, verhoeff

_NUMBER_SENTENCES = (
    "Your order {n} has left our warehouse.",
    "Please quote {n} in all correspondence.",
    "Invoice {n} is due at the end of the month.",
    "The tracking number is {n}, delivery is expected on Thursday.",
    "Part {n} is on back order until week 12.",
    "Ticket {n} was closed this morning.",
    "We have received payment for {n}, thank you.",
    "Serial {n}, firmware 4.2, returned as faulty.",
    "Batch {n} passed the quality check.",
    "See record {n} in the shared system.",
    "Booking {n} is confirmed for two nights.",
    "The meter reading was {n}.",
    "Please reorder item {n}, twelve boxes.",
    "Quote {n} stays valid for thirty days.",
    "Job {n} finished without errors.",
    "Consignment {n} is in two cartons.",
    "Attached is document {n} for your files.",
    "Our reference is {n}, yours is in the subject.",
    "Contract {n} runs until June.",
    "Transaction {n} was reversed by the bank's system.",
    "Please cancel {n} and send a new one.",
    "The total came to {n} units over the year.",
    "Article {n} replaces the older model.",
    "Case {n} has been passed to the second line.",
    "{n} is ready for collection at the front desk.",
    "I could not find {n} in the list you sent.",
    "Asset {n} moved from level 5 to level 6.",
    "Purchase order {n} is approved.",
    "Voucher {n} can be used once.",
    "The new licence key ends in {n}.",
    "Container {n} is booked on the Friday vessel.",
    "Delivery note {n} was signed by the depot.",
    "Our ABN is printed on {n}, page two.",
    "Scan code {n} at the gate.",
    "The backup of {n} files took four hours.",
    "Shipment {n} clears customs tomorrow.",
)
_GREETINGS = (
    "Hi team,",
    "Good morning,",
    "Hello Fiona,",
    "Dear customer,",
    "Hi Owen,",
    "Hello,",
    "Good afternoon Tom,",
)
_CLOSINGS = ("Thanks, Priya", "Regards\nDean Okafor", "Kind regards\nAccounts", "Cheers, Jack", "Best regards\nSupport")
_GROUPINGS: tuple[Callable[[str], str], ...] = (
    lambda n: n,
    lambda n: n,
    lambda n: n,
    lambda n: " ".join(n[i : i + 3] for i in range(0, len(n), 3)),
    lambda n: " ".join(n[i : i + 4] for i in range(0, len(n), 4)),
    lambda n: "-".join(n[i : i + 4] for i in range(0, len(n), 4)),
)


def nobodys(count: int) -> Iterator[str]:
    """Yield short business mails with one random number of 8 to 17 digits each."""
    draw = random.Random(20_260_301)
    for _ in range(count):
        number = "".join(draw.choices("0123456789", k=draw.randint(8, 17)))
        sentence = draw.choice(_NUMBER_SENTENCES).format(n=draw.choice(_GROUPINGS)(number))
        yield f"{draw.choice(_GREETINGS)}\n\n{sentence}\n\n{draw.choice(_CLOSINGS)}\n"


_GIVEN = (
    "Rosa Tom Priya Dean Ana Marcus Helen Yusuf Wei Aoife Lars Chiara Mehmet Ngozi Hana Ivo Kiri Lupe Sanjay Zoë"
).split()
_FAMILY = (
    "Delgado Hadley Raman Okafor Ruiz Bell Mazur Demir Chen Brannigan Lindqvist Bellini Aksoy"
    " Nwosu Novák Petrov Tau Iyer"
).split()
_TITLES = (
    "Accounts Receivable Lead", "Sales Director", "Project Manager", "Head of Delivery", "Licence Manager",
    "Office Manager", "Solicitor", "Practice Nurse", "Union Liaison Officer", "Chaplain", "Court Registrar",
    "Police Liaison Officer", "Payroll Officer",
)  # fmt: skip
_COMPANIES = (
    "Kelvin Tools Pty Ltd",
    "Harrison & Cole Ltd",
    "Lakeside Holdings",
    "Nordlicht GmbH",
    "Thames Pensions plc",
    "Bayview LLC",
)
_STREETS = (
    "12 Pier Road",
    "Level 6, 120 Sixth Street",
    "44 Quay Terrace",
    "Unit 9, 300 Collins Place",
    "Lindenstraße 40",
)
_TOWNS = (
    "Brisbane QLD 4000",
    "Melbourne VIC 3000",
    "London EC2A 4NE",
    "10969 Berlin",
    "Dublin D02 X285",
    "Auckland 1010",
)


def signatures(count: int) -> Iterator[str]:
    """Yield mails that end in a full business signature with register numbers, telephones and addresses."""
    draw = random.Random(20_260_302)
    for _ in range(count):
        given, family = draw.choice(_GIVEN), draw.choice(_FAMILY)
        company = draw.choice(_COMPANIES)
        domain = company.split()[0].lower() + ".example"
        register = draw.choice(
            (
                f"ABN {_abn(draw)}",
                f"ABN {_abn(draw)} | ACN {_digits(draw, 9, 3)}",
                f"VAT GB {_digits(draw, 9, 3)}",
                f"HRB {_digits(draw, 6)} B, USt-IdNr. DE{_digits(draw, 9)}",
                f"Registered in England no. {_digits(draw, 8)}",
                f"Company number {_digits(draw, 6)}, NZBN {_digits(draw, 13)}",
            )
        )
        phones = (
            f"T (0{draw.randint(2, 8)}) 55{_digits(draw, 2)} {_digits(draw, 4)}   M 04{_digits(draw, 8)}",
            f"Tel +44 20 7946 {_digits(draw, 4)} | Fax +44 20 7946 {_digits(draw, 4)}",
            f"Phone: 0{draw.randint(2, 8)} 55{_digits(draw, 2)} {_digits(draw, 4)}",
            f"+49 30 {_digits(draw, 5)} {_digits(draw, 3)}",
        )
        lines = [f"{given} {family}", draw.choice(_TITLES), f"{company} | {register}"]
        lines += [f"{draw.choice(_STREETS)}, {draw.choice(_TOWNS)}", draw.choice(phones)]
        lines += [f"{given.lower()}.{family.lower()}@{domain} | www.{domain}"]
        if draw.random() < 0.3:
            lines.append(f"Bank: BSB {_digits(draw, 3)}-{_digits(draw, 3)}, account {_digits(draw, 8)} ({company})")
        yield f"{draw.choice(_GREETINGS)}\n\nthe order is on its way.\n\nKind regards\n\n" + "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A text with one identifier of a person, what it is, and how it is written."""

    text: str
    kind: str
    form: str


def identifiers(count: int) -> Iterator[Identifier]:
    """Yield texts with one true identifier each: in prose, tables, forms, file-like rows and with odd separators."""
    draw = random.Random(20_260_303)
    kinds = tuple(_MAKERS)
    for index in range(count):
        kind = kinds[index % len(kinds)]
        labels, make, separators = _MAKERS[kind]
        label, value = draw.choice(labels), make(draw)
        name = f"{draw.choice(_GIVEN)} {draw.choice(_FAMILY)}"
        form = draw.choice(tuple(_FORMS))
        if form == "odd separators" and separators:
            plain = "".join(c for c in value if c.isalnum())
            size = draw.choice((2, 3, 4))
            value = draw.choice(separators).join(plain[i : i + size] for i in range(0, len(plain), size))
        yield Identifier(_FORMS[form].format(label=label, value=value, name=name), kind, form)


_FORMS = {
    "prose": "Hello,\n\nas discussed, {name} starts on Monday. The {label} is {value}. Please set it up.\n\nThanks",
    "prose, label behind": "Please register {name}, {value} ({label}), before Friday.",
    "form": "Name: {name}\n{label}: {value}\nStart: 3 March",
    "table": "Name | {label} | Start\n{name} | {value} | 3 March\n",
    "csv": "name;{label};start\n{name};{value};2026-03-03\n",
    "aligned": "Name                {label}              Team\n{name}          {value}          Field\n",
    "row with labels": "Name: {name} | {label}: {value} | Team: Field",
    "label above": "{name}\n{label}\n{value}\n",
    "quoted reply": "Fine with me.\n\n> On Tuesday {name} wrote:\n> my {label} is {value}, please add it.\n",
    "odd separators": "Details of {name}, {label} {value}, as agreed.",
}


def _digits(draw: random.Random, count: int, group: int = 0) -> str:
    text = "".join(draw.choices("0123456789", k=count))
    return " ".join(text[i : i + group] for i in range(0, count, group)) if group else text


def _until(draw: random.Random, check: Callable[[str], bool], make: Callable[[], str]) -> str:
    del draw
    while True:
        value = make()
        if check(value):
            return value


def _stdnum(
    module: str, length: int, group: int = 0, prefix: str = "", suffix: str = ""
) -> Callable[[random.Random], str]:
    """Make numbers of a stdnum module by drawing until one is valid."""
    import importlib

    check = importlib.import_module(f"stdnum.{module}").is_valid

    def make(draw: random.Random) -> str:
        value = _until(
            draw,
            lambda v: bool(check(v)) and len(set(v)) > 3,
            lambda: prefix + "".join(draw.choices("0123456789", k=length)) + (draw.choice(suffix) if suffix else ""),
        )
        return " ".join(value[i : i + group] for i in range(0, len(value), group)) if group else value

    return make


def _abn(draw: random.Random) -> str:
    value = _stdnum("au.abn", 11)(draw)
    return f"{value[:2]} {value[2:5]} {value[5:8]} {value[8:]}"


def _medicare(draw: random.Random) -> str:
    base = draw.choice("23456") + "".join(draw.choices("0123456789", k=7))
    check = sum(int(d) * w for d, w in zip(base, (1, 3, 7, 9, 1, 3, 7, 9), strict=True)) % 10
    return f"{base[:4]} {base[4:]}{check} {draw.randint(1, 9)}"


def _card(draw: random.Random) -> str:
    prefix, length = draw.choice((("4", 16), ("53", 16), ("2221", 16), ("37", 15), ("6011", 16), ("3528", 16)))
    base = prefix + "".join(draw.choices("0123456789", k=length - len(prefix) - 1))
    value = base + str(luhn.calc_check_digit(base))
    return (
        f"{value[:4]} {value[4:10]} {value[10:]}"
        if length == 15
        else " ".join(value[i : i + 4] for i in range(0, 16, 4))
    )


def _iban(draw: random.Random) -> str:
    base = "DE00" + "".join(draw.choices("0123456789", k=18))
    value = iban.calc_check_digits(base)
    return " ".join(f"DE{value}{base[4:]}"[i : i + 4] for i in range(0, 22, 4))


def _nino(draw: random.Random) -> str:
    return f"{draw.choice(('JG', 'AB', 'CE', 'PX', 'SR'))} {_digits(draw, 6, 2)} {draw.choice('ABCD')}"


def _ssn(draw: random.Random) -> str:
    return f"{draw.randint(100, 660):03}-{draw.randint(10, 99)}-{draw.randint(1000, 9998)}"


def _aadhaar(draw: random.Random) -> str:
    base = draw.choice("23456789") + "".join(draw.choices("0123456789", k=10))
    value = base + verhoeff.calc_check_digit(base)
    return " ".join(value[i : i + 4] for i in range(0, 12, 4))


def _date(draw: random.Random) -> str:
    day, month, year = draw.randint(1, 28), draw.randint(1, 12), draw.randint(1940, 2007)
    return draw.choice(
        (f"{day:02}/{month:02}/{year}", f"{year}-{month:02}-{day:02}", f"{day}.{month}.{year}", f"{day} May {year}")
    )


def _passport(draw: random.Random) -> str:
    return (
        draw.choice("NPELR")
        + (draw.choice("ABEF") if draw.random() < 0.3 else "")
        + "".join(draw.choices("0123456789", k=7))
    )


# Labels, a maker, and the separators that still leave it an identifier (none: its form is fixed).
_MAKERS: dict[str, tuple[tuple[str, ...], Callable[[random.Random], str], tuple[str, ...]]] = {
    "TFN": (("TFN", "tax file number", "Tax file no."), _stdnum("au.tfn", 9, 3), (".", "-", " ", "/")),
    "Medicare": (("Medicare", "Medicare number", "Medicare card no."), _medicare, (".", "-", " ")),
    "card": (("card", "credit card", "card number", "Visa"), _card, (".", "-", "/", "_")),
    "IBAN": (("IBAN",), _iban, ("-", " ")),
    "NINO": (("NINO", "National Insurance number", "NI no."), _nino, (".", "-", " ")),
    "NHS": (("NHS number", "NHS no.", "NHS"), _stdnum("gb.nhs", 10), (".", "-", " ")),
    "UTR": (("UTR", "unique taxpayer reference"), _stdnum("gb.utr", 10, 5), ("-", " ")),
    "SSN": (("SSN", "social security number", "Social Security no."), _ssn, ()),
    "SIN": (("SIN", "social insurance number"), _stdnum("ca.sin", 9, 3), (".", "-", " ")),
    "IRD": (("IRD number", "IRD no."), _stdnum("nz.ird", 9, 3), (".", "-", " ")),
    "PPS": (("PPS number", "PPSN"), _stdnum("ie.pps", 7, suffix="ABCDEFGHIJKLMNOPQRSTUVW"), ()),
    "Aadhaar": (("Aadhaar", "Aadhaar number"), _aadhaar, (".", "-", " ")),
    "German tax ID": (("Steuer-ID", "steuerliche Identifikationsnummer"), _stdnum("de.idnr", 11), (" ", ".")),
    "PESEL": (("PESEL", "numer PESEL"), _stdnum("pl.pesel", 11), (" ", "-")),
    "BSN": (("BSN", "burgerservicenummer"), _stdnum("nl.bsn", 9), (".", " ")),
    "DNI": (("DNI", "NIF"), _stdnum("es.dni", 8, suffix="TRWAGMYFPDXBNJZSQVHLCKE"), ()),
    "AHV": (("AHV-Nr.", "numéro AVS"), _stdnum("ch.ssn", 10, prefix="756"), (".",)),
    "passport": (("passport number", "passport no.", "Passport"), _passport, ()),
    "birth": (("date of birth", "DOB", "born", "birth date"), _date, ()),
    "BSB and account": (
        ("BSB",),
        lambda draw: f"{draw.randint(100, 899)}-{_digits(draw, 3)}, account {_digits(draw, 8)}",
        (),
    ),
}
