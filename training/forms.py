"""Names in the forms of mail: signatures, lists, headers, tables, file names.

The public corpora are prose. These texts are put together from our own
patterns, with names drawn from the lexicons and, for contrast, companies
that carry surnames, places, products and dates.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from training.augment import Names, trim_honorifics
from training.corpus import ENTITIES, Tagged

_SLOT = re.compile(r"\{(\w+)\}")

# p person, g given name, h honorific with surname, r "Surname, Given", i initial with surname, f file-name form,
# u PERSON IN CAPITALS, l person in lower case; o company, c place, t job title, n number, e email, d date, x time,
# k product.
PATTERNS = (
    "Kind regards,\n{p}\n{t}\n{o}\n{n}",
    "Regards\n{g}",
    "Best,\n{g}\n\n{p} | {t} | {o} | {c}",
    "Cheers, {g}",
    "Thanks,\n\n{p}\n{o}, {c}",
    "--\n{p}\n{t}, {o}\nT {n} E {e}",
    "Mit freundlichen Grüßen\n{p}\n{o}",
    "Cordialement,\n{p}\n{t}",
    "Saludos,\n{g}",
    "Hi {g},\nplease see below.",
    "Hi {g} and {g},",
    "Dear {h},",
    "Dear {g}, thank you for your order with {o}.",
    "Hello {p},\nyour order from {o} is ready in {c}.",
    "Good morning {g},",
    "{g},\n\ncan you send the {k} file to {o}?",
    "From: {p}\nSent: {d}\nTo: {p}; {p}\nCc: {r}\nSubject: {k} for {o}",
    "From: {r}\nTo: {r}; {r}\nSubject: RE: {c} office",
    "On {d}, {p} wrote:",
    "On {d}, {p} <{e}> wrote:",
    "{p}\n{d} {x}",
    "{p}\n{d} {x}\nTo: {p}\ncc: {p}, {p}\nSubject: Re: {k}",
    "Sent by: {p}\n{d} {x}\nTo: {p}/{o}@{o}",
    "{p} on {d} {x}\nPlease respond to {p}",
    "-----Original Message-----\nFrom: {r}\nSent: {d} {x}\nTo: {r}\nSubject: {k}",
    "Am {d} um {x} schrieb {p}:",
    "Present: {p} ({t}), {p} ({o}), {h}. Apologies: {p}.",
    "Attendees: {g}, {g}, {g}\nVenue: {c}",
    "1. {p}\n2. {p}\n3. {p}",
    "{r}\n{r}\n{r}",
    "{r}; {r}; {r}; {r}",
    "{p}, {p} and {p}",
    "Name\tCompany\tPhone\n{p}\t{o}\t{n}\n{p}\t{o}\t{n}",
    "Name,Town,Title\n{p},{c},{t}\n{p},{c},{t}",
    "Surname | Given name | Site\n{r}",
    "Supplier\tTown\tItem\n{o}\t{c}\t{k}\n{o}\t{c}\t{k}",
    "Contact: {p}, {t}, {o}, {n}",
    "Attn: {p}",
    "c/o {p}, {o}, {c}",
    "Name: {p}\nDate: {d}\nSite: {c}",
    "NAME: {u}\nCOMPANY: {o}",
    "Signed by {p} for {o}",
    "Employee: {r}",
    "Passenger: {u}",
    "Guest {u}, arriving {d}",
    "{p} of {o} comes to {c} on {d}.",
    "{o} has moved to {c}.",
    "{o} and {o} will merge on {d}.",
    "Please pay {o} by {d}.",
    "Ask {g} or {h} about the {k}.",
    "{h} and {h} have left {o}.",
    "@{g} can you check the {k}?",
    "spoke to {l} about the {k}",
    "pls ask {l} at {o}",
    "{f}.pdf",
    "CV_{f}.docx",
    "{f}_contract_{d}.pdf",
    "invoice_{n}.pdf",
    "Re: {p}",
    "FW: {u}",
    "re: {l}",
    "{i} - {d}",
    "{o} - {d}",
    "{k} {d}",
    "{c} {k}",
    "Meeting with {p} ({o})",
    "Meeting with {o}",
    "RE: {o} AND {o}",
    "{r} - {k}",
    "{h}: {k}",
    "{k} training in {c}, {d}",
    "Offer for {o}, {c}",
    "MEETING {u} {d}",
    "visit by {l} and {l}",
    "{i}, {i}, {i}",
    "{p}'s {k}",
    "{o}'s {k}",
)

_HONORIFICS = (
    "Mr",
    "Mrs",
    "Ms",
    "Dr",
    "Mr.",
    "Ms.",
    "Prof.",
    "Herr",
    "Frau",
    "M.",
    "Mme",
    "Sr.",
    "Sra.",
    "Sig.",
    "Capt.",
    "Cllr",
)
_COMPANY = (
    "{s} & Sons",
    "{s} Pty Ltd",
    "{s} Logistics",
    "{s} and {s} Ltd",
    "{s} GmbH",
    "{c} {w}",
    "{s} {w}",
    "{w} Group",
    "{s}, {s} & Co",
    "{c} Hospital",
    "St {g}'s School",
    "{s} Street",
    "{s} Holdings Inc",
    "{g}'s Bakery",
    "{c} Council",
    "{s} University",
    "Port {s}",
)
_TRADE = (
    "Fittings",
    "Engineering",
    "Partners",
    "Bank",
    "Motors",
    "Foods",
    "Software",
    "Timber",
    "Wines",
    "Electrical",
    "Freight",
    "Health",
    "Dental",
)
_PRODUCTS = (
    "report",
    "budget",
    "laptop",
    "invoice",
    "agenda",
    "quote",
    "roster",
    "pump",
    "server",
    "printer",
    "lease",
    "brochure",
    "minutes",
    "Jaguar",
    "Mercedes",
    "Alexa",
    "Jenkins",
    "Grafana",
    "Dell",
    "Oracle",
    "Watson",
    "Jira",
    "Excel",
    "Outlook",
    "Parker pen",
    "Victoria sponge",
)
_THINGS = frozenset({"ORG", "PRODUCT", "LOC"})
_MONTHS = ("January", "April", "May", "June", "August", "Monday", "Friday", "Easter")


@dataclass(frozen=True, slots=True)
class Forms:
    """Makes texts of PATTERNS with the given lists.

    ``things`` are companies, products and places (label, name) that are easily taken for people; ``lines`` are
    Subjects in which either may stand in place of ``@``. Things called by a common name stand in no such line, which
    could not tell them from people.
    """

    names: Names
    places: Sequence[str]
    titles: Sequence[str]
    things: Sequence[tuple[str, str]]
    lines: Sequence[str]

    def make(self, rng: random.Random) -> Tagged:
        """One text with its spans."""
        pattern = rng.choice(PATTERNS)
        parts: list[str] = []
        spans: list[tuple[int, int, str]] = []
        at = length = 0
        for slot in _SLOT.finditer(pattern):
            text, label = self._fill(slot.group(1), rng)
            before = pattern[at : slot.start()]
            parts += [before, text]
            length += len(before) + len(text)
            if label:
                spans.append((length - len(text), length, label))
            at = slot.end()
        return trim_honorifics(Tagged("".join(parts) + pattern[at:], tuple(spans), frozenset(ENTITIES), "forms"))

    def line(self, rng: random.Random) -> Tagged:
        """A Subject about a person or a thing, of which nothing but the name tells which."""
        if rng.random() < 0.6:
            label = "PERSON"
            fill = rng.choices((self._given, self._family, self.person, self._ordinary), (5, 2, 2, 5))[0](rng)
        else:
            label, fill = rng.choice(self.things)
            while self.names.common(fill):
                label, fill = rng.choice(self.things)
        before, after = rng.choice(self.lines).split("@", 1)
        start, end = len(before), len(before) + len(fill)
        return Tagged(before + fill + after, ((start, end, label),), frozenset(ENTITIES), "subjects")

    def swap_things(self, item: Tagged, rng: random.Random, share: float) -> Tagged:
        """Replace some companies, products and places of a Subject by others."""
        parts: list[str] = []
        spans: list[tuple[int, int, str]] = []
        at = length = 0
        for start, end, label in item.spans:
            kind, text = label, item.text[start:end]
            if label in _THINGS and rng.random() < share:
                kind, text = rng.choice(self.things)
            parts += [item.text[at:start], text]
            length += start - at + len(text)
            spans.append((length - len(text), length, kind))
            at = end
        return replace(item, text="".join(parts) + item.text[at:], spans=tuple(spans))

    def _fill(self, slot: str, rng: random.Random) -> tuple[str, str]:
        if slot in _PERSON:
            return _PERSON[slot](self, rng), "PERSON"
        match slot:
            case "o":
                return self.company(rng), "ORG"
            case "c":
                return rng.choice(self.places), "LOC"
            case "t":
                return rng.choice(self.titles), "JOB_TITLE"
            case "n":
                return f"0{rng.randrange(2, 9)} {rng.randrange(1000, 9999)} {rng.randrange(1000, 9999)}", "PHONE"
            case "e":
                return f"{self._given(rng)}.{self._family(rng)}@{self._family(rng)}.example".lower().replace(
                    " ", ""
                ), "EMAIL"
            case "d":
                return rng.choice(
                    (
                        f"{rng.randrange(1, 31)} {rng.choice(_MONTHS[:5])}",
                        rng.choice(_MONTHS),
                        f"{rng.randrange(1, 12)}/{rng.randrange(1, 12)}/2025",
                    )
                ), ""
            case "x":
                return f"{rng.randrange(1, 12)}:{rng.randrange(10, 59)}{rng.choice((' PM', ' AM', ''))}", ""
            case _:
                return rng.choice(_PRODUCTS), ""

    def _given(self, rng: random.Random) -> str:
        return self.names.pick(rng, family=False)

    def _family(self, rng: random.Random) -> str:
        return self.names.pick(rng, family=True)

    def person(self, rng: random.Random) -> str:
        """A full name, sometimes with a second given name, an initial or a double surname."""
        given, family = self._given(rng), self._family(rng)
        match rng.randrange(12):
            case 0:
                return f"{given} {self._given(rng)} {family}"
            case 1:
                return f"{given} {rng.choice('ABCDEFGHJKLMNPRSTVW')}. {family}"
            case 2:
                return f"{given} {family}-{self._family(rng)}"
            case 3:
                return (
                    f"{given} {rng.choice(('de', 'van', 'von', 'al', 'bin', 'del', 'da', 'Le', 'O', 'Mac'))} {family}"
                )
            case 4:
                return f"{family} {given}"
            case _:
                return f"{given} {family}"

    def _ordinary(self, rng: random.Random) -> str:
        """A full name of two common ones, which companies are called by as well."""
        return f"{self.names.pick_common(rng, family=False)} {self.names.pick_common(rng, family=True)}"

    def company(self, rng: random.Random) -> str:
        """A company, a school or a council."""
        fills = {
            "s": self._family,
            "g": self._given,
            "c": lambda r: r.choice(self.places),
            "w": lambda r: r.choice(_TRADE),
        }
        return _SLOT.sub(lambda m: fills[m.group(1)](rng), rng.choice(_COMPANY))


def _file_form(forms: Forms, rng: random.Random) -> str:
    given, family = forms._given(rng), forms._family(rng)
    joint = rng.choice(("_", "-", ".", "", " ", "_"))
    pair = (given, family) if rng.random() < 0.6 else (family, given)
    text = joint.join(pair)
    return text.lower() if joint and rng.random() < 0.25 else text


_PERSON: dict[str, Callable[[Forms, random.Random], str]] = {
    "p": Forms.person,
    "g": Forms._given,
    "h": lambda f, r: f"{r.choice(_HONORIFICS)} {f._family(r)}",
    "r": lambda f, r: f"{f._family(r)}, {f._given(r)}",
    "i": lambda f, r: f"{r.choice('ABCDEFGHIJKLMNOPRSTVWYZ')}{r.choice(('.', '. ', ' '))}{f._family(r)}",
    "f": _file_form,
    "u": lambda f, r: f.person(r).upper(),
    "l": lambda f, r: f.person(r).lower() if r.random() < 0.5 else f._given(r).lower(),
}
