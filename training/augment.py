"""Variations of the training texts: other names, other case, other company.

They keep a model of this size from learning its names by heart, and make it
meet the forms that mail has and the corpora lack.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from training.corpus import Statement, Tagged

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# Words of a name that stay as they are when the name is swapped.
_KEPT = frozenset(
    "mr mrs ms miss dr prof sir dame madam frau herr fräulein mme mlle m don doña sr sra srta dra ing capt captain sgt "
    "rev fr sister father aunty uncle auntie lord lady judge justice mx hr fru pan pani sig sigra san sama "
    "de da di del della van von der den bin ibn al el la le du dos das and y e o und et".split()
)


_COMMON = 2000


@dataclass(frozen=True, slots=True)
class Names:
    """Given names and surnames, most frequent first; ``rare`` are given names that such lists lack."""

    given: Sequence[str]
    family: Sequence[str]
    rare: Sequence[str]

    def common(self, name: str) -> bool:
        """Tell whether a name is among the commonest."""
        return name in self.given[:_COMMON] or name in self.family[:_COMMON]

    def full(self, name: str) -> bool:
        """Tell whether a name is of two or more words, the first of them a common given name."""
        first, _, rest = name.partition(" ")
        return bool(rest) and first in self.given[:_COMMON]

    def pick(self, rng: random.Random, *, family: bool) -> str:
        """One name; frequent ones more often, yet every third one from far down the list."""
        if not family and rng.random() < 0.25:
            return rng.choice(self.rare)
        pool = self.family if family else self.given
        if rng.random() < 0.67:
            return pool[int(len(pool) ** rng.random()) - 1]
        return rng.choice(pool)

    def pick_common(self, rng: random.Random, *, family: bool) -> str:
        """One of the commonest names."""
        return rng.choice((self.family if family else self.given)[:_COMMON])


def swap_names(item: Tagged, names: Names, rng: random.Random, share: float) -> Tagged:
    """Replace some of the persons by others, written in the same form."""
    parts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    at = shift = 0
    for start, end, label in item.spans:
        old = item.text[start:end]
        new = _other(old, names, rng) if label == "PERSON" and rng.random() < share else old
        parts += [item.text[at:start], new]
        spans.append((start + shift, start + shift + len(new), label))
        shift += len(new) - len(old)
        at = end
    return replace(item, text="".join(parts) + item.text[at:], spans=tuple(spans))


_HONORIFIC = re.compile(
    r"(?:(?:mr|mrs|ms|miss|mx|dr|prof|sir|dame|herr|frau|mme|mlle|monsieur|madame|don|doña|sr|sra|srta|dra|sig|sigra|ing|capt|captain|sgt"
    r"|rev|fr|sister|father|aunty|auntie|uncle|lord|lady|judge|cllr|councillor|pan|pani|hr|fru|m)\b\.?\s+)+",
    re.IGNORECASE,
)


def trim_honorifics(item: Tagged) -> Tagged:
    """Leave honorifics out of the spans of persons, as the public corpora do."""
    spans = []
    for start, end, label in item.spans:
        match = _HONORIFIC.match(item.text, start, end) if label == "PERSON" else None
        begin = match.end() if match and match.end() < end else start
        spans.append((begin, end, label))
    return replace(item, spans=tuple(spans))


def _other(person: str, names: Names, rng: random.Random) -> str:
    found = [m for m in _WORD.finditer(person) if m.group().lower() not in _KEPT and len(m.group()) > 1]
    if not found:
        return person
    swapped = ", " in person  # "Surname, Given"
    result, at = [], 0
    for number, match in enumerate(found):
        family = (number == 0) if swapped else (number > 0 and number == len(found) - 1)
        if len(found) == 1:
            family = rng.random() < 0.3
        new = names.pick(rng, family=family)
        old = match.group()
        if old.isupper():
            new = new.upper()
        elif old.islower():
            new = new.lower()
        result += [person[at : match.start()], new]
        at = match.end()
    return "".join(result) + person[at:]


def recase(text: str, rng: random.Random, upper: float, lower: float) -> str:
    """All capitals or all lower case, where that keeps the length (offsets stay true)."""
    chance = rng.random()
    if chance < upper:
        changed = text.upper()
    elif chance < upper + lower:
        changed = text.lower()
    else:
        return text
    return changed if len(changed) == len(text) else text


def vary_tagged(item: Tagged, names: Names, rng: random.Random) -> Tagged:
    """A random variation of a text with spans."""
    subject = item.source == "subjects"
    item = swap_names(item, names, rng, 0.5 if subject else 0.25)
    case = (0.08, 0.12) if subject else (0.04, 0.08)
    return replace(item, text=recase(item.text, rng, *case))


def join_disclosures(item: Statement, others: Sequence[Statement], rng: random.Random) -> Statement:
    """Two disclosures in one passage, with the labels of both: each label is to be seen whatever else is there."""
    other = rng.choice(others)
    texts = [item.text, other.text]
    rng.shuffle(texts)
    return replace(item, text=rng.choice((" ", "\n")).join(texts), labels=item.labels | other.labels, about_person=True)


def vary_statement(item: Statement, neutral: Sequence[Statement], rng: random.Random) -> Statement:
    """A random variation of a passage: in other company (which discloses nothing), in other case."""
    text, about = item.text, item.about_person
    for _ in range(rng.choices((0, 1, 2), (55, 33, 12))[0]):
        other = rng.choice(neutral)
        joint = rng.choice((" ", " ", "\n"))
        text = joint.join((text, other.text) if rng.random() < 0.5 else (other.text, text))
        about = about or other.about_person
    return replace(item, text=recase(text, rng, 0.03, 0.1), about_person=about)
