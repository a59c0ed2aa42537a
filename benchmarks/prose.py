"""Business letters of our own writing: clean mail as staff send it, no two alike.

A sentence is drawn from a few dozen forms whose gaps are filled from lists, so
that a passage hardly ever comes twice and nothing that is remembered of an
earlier message helps. Names, telephone numbers, mailboxes, web addresses,
dates, sums and reference numbers are there, since they are what detection has
to look at and let pass.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

_GIVEN = "Tessa Marco Aroha Priya Jonas Mei Callum Ingrid Tomasz Leila Owen Sofia Ravi Hannah Diego Anneke".split()
_FAMILY = "Wilde Bellini Ngata Raman Lindqvist Tanaka Ferguson Novak Okafor Haddad Pryce Moreau Castillo Visser".split()
_COMPANIES = "Brightwater Harbourline Northfield Castleton Redgum Ironbark Seacrest Millbrook Larkspur Quayside".split()


def _listed(items: str) -> tuple[str, ...]:
    return tuple(items.split(", "))


_LISTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "thing": _listed(
            "delivery, drawing set, test report, site visit, access card order, floor plan, fire panel, "
            "cabling work, lift survey, printer lease, parking permit, catering order, venue booking, "
            "pump replacement, window repair, data migration, training day, service agreement, annual return, "
            "supplier form, price list, quote, statement of works, carpet sample, projector, generator, "
            "roof inspection, switchboard upgrade, furniture order, cleaning contract"
        ),
        "place": _listed(
            "ground floor, second floor, east wing, loading dock, main hall, reception area, server room, "
            "north car park, workshop, training room, warehouse, mezzanine, board room, plant room, courtyard, "
            "archive, library, canteen, stairwell B, river entrance"
        ),
        "team": _listed(
            "facilities team, project office, accounts team, help desk, site manager, contractor, supplier, "
            "architect, electrician, procurement desk, building owner, logistics partner, design group, landlord, "
            "planning department"
        ),
        "adjective": _listed(
            "final, revised, missing, first, updated, signed, open, spare, temporary, agreed, larger, smaller, "
            "second, remaining, printed, digital, old, new, amended, approved"
        ),
        "verb": _listed(
            "check, confirm, send back, approve, measure, replace, reschedule, collect, print, label, move, "
            "install, review, order, store, cancel, compare, test, document, hand over"
        ),
        "reason": _listed(
            "the weather holds, the parts arrive, the road is closed, the budget is released, "
            "the permit is granted, the drawings are signed, nothing else comes up, the crane is free, "
            "the tender closes, the old stock is gone, the paint has dried, the auditors agree, "
            "the lease is renewed, the school holidays are over"
        ),
        "result": _listed(
            "we can start early, the price stays as quoted, two lines need a correction, the gate will be open, "
            "we keep the present layout, the rest follows by courier, the meeting moves to the afternoon, "
            "an extra truck is booked, the noise stays below the limit, the work is done at night, "
            "the order is split, the warranty is extended, the spare keys stay at the desk, "
            "the trial runs for another fortnight"
        ),
        "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
        "month": tuple("January February March April May June July August September October November December".split()),
    }
)
_GAPS: Mapping[str, Callable[[random.Random], str]] = MappingProxyType(
    {
        "number": lambda chance: str(chance.randrange(2, 95)),
        "hour": lambda chance: f"{chance.randrange(7, 18)}:{chance.choice(('00', '15', '30', '45'))}",
        "date": lambda chance: f"{chance.randrange(1, 29)} {chance.choice(_LISTS['month'])}",
        "short_date": lambda chance: f"{chance.randrange(1, 29):02d}/{chance.randrange(1, 13):02d}/2026",
        "sum": lambda chance: f"${chance.randrange(1, 90)},{chance.randrange(1000):03d}.{chance.randrange(100):02d}",
        "order": lambda chance: f"PO {chance.randrange(4_500_000_000, 4_600_000_000)}",
        "ticket": lambda chance: f"INC{chance.randrange(10**7):07d}",
        "invoice": lambda chance: f"INV-{chance.randrange(2020, 2027)}-{chance.randrange(10**5):05d}",
        "part": lambda chance: f"{chance.choice('ABCDEFGH')}{chance.randrange(100, 999)}-{chance.randrange(10, 99)}",
        "name": lambda chance: f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}",
        "phone": lambda chance: f"+61 7 3555 {chance.randrange(10**4):04d}",
        "mobile": lambda chance: f"0491 570 {chance.randrange(1000):03d}",
        "company": lambda chance: chance.choice(_COMPANIES),
        "link": lambda chance: (
            f"https://www.{chance.choice(_COMPANIES).lower()}.example/jobs/{chance.randrange(10**5)}"
        ),
        "mailbox": lambda chance: f"{chance.choice(_FAMILY).lower()}@{chance.choice(_COMPANIES).lower()}.example",
    }
)
_OPENINGS = (
    "thank you for the call about the {thing} this morning.",
    "the {adjective} {thing} for the {place} is ready for your review.",
    "please find below where we are with the {thing} and the {thing}.",
    "the {thing} for the {place} was moved to {day}.",
    "a short note on the {thing} before we meet on {day}.",
)
_FORMS = (
    "The {thing} in the {place} is planned for {day}, {date}, from {hour} to {hour}.",
    "We have ordered {number} of the {adjective} parts ({part}); the {team} confirmed the quantity.",
    "Could the {team} {verb} the {adjective} {thing} before {date}?",
    "Our order number is {order} and the ticket in your system is {ticket}.",
    "The invoice {invoice} over {sum} goes to accounts as usual, due {short_date}.",
    "If {reason}, {result}.",
    "As soon as {reason}, the {team} will {verb} the {thing} for the {place}.",
    "The {thing} took {number} minutes, and {result}.",
    "Please {verb} the {adjective} {thing} and {verb} the {thing} at the {place}.",
    "The {team} asked whether {result}; I think that depends on whether {reason}.",
    "Version {number} of the {thing} is at {link}, with the {adjective} {thing} behind it.",
    "Compared with {month}, the {thing} costs {sum} less because {result}.",
    "The {place} is closed on {date}; use the {place} instead.",
    "Item {number} on the list, the {adjective} {thing}, is still with the {team}.",
    "We would rather {verb} the {thing} first and leave the {thing} for {month}.",
    "The {team} has {number} crates in the {place} and wants to {verb} them by {day}.",
    "Nothing changes for the {place}, although the {thing} is {adjective}.",
    "For the {thing} we need the {adjective} form, the {part} connector and {number} metres of cable.",
    "The agenda has {number} points; the {thing} of the {place} is the longest.",
    "Parking is at the {place}; the gate opens at {hour} with the code from the {team}.",
    "Unless {reason}, the {thing} is due on {short_date} and {result}.",
)
_CONTACTS = (
    "Questions about the {thing} go to the {team} on {phone}.",
    "{name} from {company} brings the {adjective} {thing} on {day} and can be reached on {mobile}.",
    "Replies to {mailbox} reach the {team} directly.",
)
_SUBJECTS = (
    "{thing} for the {place}",
    "Re: {thing} on {day}",
    "{adjective} {thing}, the {place}",
    "{company} {thing}, {month}",
    "Agenda for {date}: {thing}, {thing}",
    "Questions on the {thing} before {month}",
    "{place}: {thing} moved to {day}",
    "Fwd: {thing} at the {place}",
)
_SIGNATURE = (
    "Kind regards",
    "{name}",
    "Project Manager | Facilities",
    "Westend on Sixth",
    "Level 6, 120 Sixth Street, Brisbane QLD 4000",
    "T {phone} | M {mobile}",
    "{own}@westendonsixth.com | www.westendonsixth.com",
    "This message is meant for the person or firm it is addressed to. Please tell us if it reached you by mistake.",
)
# Characters after which nobody new is named: what is longer is no letter, but a report.
_LETTER = 4_000
_GAP = re.compile(r"\{(\w+)\}")


def filled(chance: random.Random, form: str) -> str:
    """``form`` with its gaps filled."""

    def fill(gap: re.Match[str]) -> str:
        name = gap.group(1)
        return chance.choice(_LISTS[name]) if name in _LISTS else _GAPS[name](chance)

    return _GAP.sub(fill, form)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def sentence(chance: random.Random, *, contacts: bool = False) -> str:
    """One sentence; ``contacts`` may name somebody, or say how to reach them."""
    return _capital(filled(chance, chance.choice(_FORMS + _CONTACTS if contacts else _FORMS)))


def subject(chance: random.Random) -> str:
    """A Subject that names nobody."""
    return _capital(filled(chance, chance.choice(_SUBJECTS)))


def letter(chance: random.Random, size: int) -> str:
    """A letter of about ``size`` characters with greeting and signature, lines ended by CR LF."""
    name = _GAPS["name"](chance)
    own = name.lower().replace(" ", ".")
    signature = [filled(chance, line.replace("{name}", name).replace("{own}", own)) for line in _SIGNATURE]
    lines = [f"Hello {chance.choice(_GIVEN)},", "", _capital(filled(chance, chance.choice(_OPENINGS)))]
    length = sum(map(len, (*lines, *signature))) + 40
    while length < size:
        contacts = length < _LETTER
        paragraph = " ".join(sentence(chance, contacts=contacts) for _ in range(chance.randrange(1, 5)))
        lines += ["", paragraph]
        length += len(paragraph) + 4
    return "\r\n".join([*lines, "", *signature, ""])
