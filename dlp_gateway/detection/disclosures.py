"""What texts say about people: the models' part of detection.

Names are looked for in the Subject, where a name alone is too much; statements
everywhere else, passage by passage. What both say becomes findings in the
vocabulary of the policy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from dlp_gateway.detection.companies import OF_COMPANIES, is_a_band, of_nobody
from dlp_gateway.detection.courtesies import without_acknowledgement
from dlp_gateway.detection.cues import Cues
from dlp_gateway.detection.passages import Passage, passages
from dlp_gateway.detection.relation import names_somebody
from dlp_gateway.detection.validators.secrets import password
from dlp_gateway.detection.values import People, PersonSpan, Statements
from dlp_gateway.model import Role, Text, Tier

# The labels of the statements model, as entities and tiers of the policy (special categories, offences and
# credentials are high-risk; GDPR articles 9 and 10, policy clause 5.13).
ENTITIES: Mapping[str, tuple[str, Tier]] = MappingProxyType(
    {
        "ethnicity": ("ETHNICITY", Tier.HIGH_RISK),
        "politics": ("POLITICS", Tier.HIGH_RISK),
        "religion": ("RELIGION", Tier.HIGH_RISK),
        "union": ("UNION", Tier.HIGH_RISK),
        "health": ("HEALTH", Tier.HIGH_RISK),
        "sexuality": ("SEX_LIFE", Tier.HIGH_RISK),
        "biometric_genetic": ("BIOMETRIC", Tier.HIGH_RISK),
        "offence": ("OFFENCE", Tier.HIGH_RISK),
        "proceedings": ("PROCEEDINGS", Tier.HIGH_RISK),
        "credentials": ("CREDENTIAL", Tier.HIGH_RISK),
        "birth": ("DOB", Tier.PERSONAL),
        "pay": ("SALARY", Tier.PERSONAL),
        "finance": ("DEBT", Tier.PERSONAL),
        "performance": ("PERFORMANCE", Tier.PERSONAL),
        "discipline": ("DISCIPLINE", Tier.PERSONAL),
        "family": ("FAMILY", Tier.PERSONAL),
        "nationality": ("NATIONALITY", Tier.PERSONAL),
        "child": ("CHILD", Tier.PERSONAL),
        "account": ("ACCOUNT_HISTORY", Tier.PERSONAL),
    }
)
# The model's score for "an identifiable person is the subject of this passage", and what it takes.
ABOUT = "about_person"
ABOUT_A_PERSON = 0.5
# A passage surely about a person, with a word of the label in it, counts from this score on.
SURE, CUED = 0.9, 0.1
# What no job title says of its holder. In a signature or contact block, where "Chaplain" and "Union Delegate" are at
# home, these alone count, and only where a word points at them and the model is sure.
BESIDE_TITLES = frozenset({"health", "offence", "proceedings", "discipline"})
# A passage has at least this many words, a document property or a header this many; and this share of it is words.
_WORDS_OF_A_PASSAGE = 2
_WORDS_OF_A_NOTE = 6
_WORDY = 0.4
# Where figures and marks outweigh the letters, this share of the letters is whole words.
_MOSTLY = 0.6
# Letters of a word that says something in lower case; "pts" and "min" do not.
_A_WORD = 4
_WORD = re.compile(r"[^\W\d_]{2,}")
# Words as they are written, between spaces and marks, and what is no letter.
_WHOLE_WORD = re.compile(r"\b[^\W\d_]{3,}\b")
_FIGURES = re.compile(r"[\W\d_]+")
_SPACE = re.compile(r"[\s\"'<>|]+")
# A call or the name of an argument in source code: client.charge(amount=12, currency=
_CODE = re.compile(r"[\w.]*[a-z_](?:\(|=$)")
_DIGIT = re.compile(r"\d")
# An amount of money: "2.300 euros", "7 200 zł", "£45k", "3.400 bruto".
_SUM = re.compile(
    r"\d(?:[\d.,' \u00a0\u202f]{0,12}\d)?[ \u00a0\u202f]?(?:k\b|tys\b|mil\b)?[ \u00a0\u202f]?"
    r"(?:[€$£]|(?:eur|euros?|zł|pln|chf|kr|sek|dkk|nok|usd|gbp|brutt?o|brut|nett?o|net|lord[oi]|líquidos?)\b)"
    r"|(?:[€$£]|\b(?:eur|pln|chf|usd|gbp))[ \u00a0\u202f]?\d",
    re.IGNORECASE,
)
_PIN = re.compile(r"(?<!\d)\d{4,8}(?!\d)")
_SECRET_WORD = re.compile(
    r"pass|\bpw\b|\bpwd|\bpin\b|log ?-?[io]n|sign ?-?in|\buser|credential|secret|api key|private key|token"
    r"|kennwort|zugang|mot de passe|contrase|wachtwoord|has[lł]o|senha"
    r"|(?:access|alarm|door|entry|gate|safe|security|unlock) code",
    re.IGNORECASE,
)
_TIME_STAMP = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4},? +\d{1,2}:\d{2}|\b\w+ \d{1,2},? \d{4},? +\d{1,2}:\d{2}")
_BIRTH = re.compile(
    r"born|birth|\bb\.|\bdob\b|d\.o\.b|\bage[ds]?\b|\bturn(?:s|ed|ing)?\b|years?\b|\byrs?\b|\byo\b|y/o|months?\b|weeks?\b"
    r"|\(\d{1,2}\)|, \d{1,2}(?:[,;.) \n]|$)|\b\d{1,2} (?:on|in|next|this|today|tomorrow)\b|\d(?:th|st|rd|nd)\b"
    r"|(?:teen|twent|thirt|fort|fift|sixt|sevent|eight|ninet)|infant|bab(?:y|ies)|toddler|retire|pension"
    # "is 54", "now 47", "who's 61": no time of day, sum or measure, whose figures go on.
    r"|(?:\b(?:i[sm]|was|are|am|be|now|only|just|nearly|almost|barely|over|about|around|at)|['\u2019](?:m|s|re))"
    r"[ ]\d{1,2}\b(?![:.,/%-]?\d|%|[ ](?:over|under|above|below|minutes?|hours?|points?|per)\b)"
    r"|\bgeb\b|geboren|naiss|\bn[ée]e?\b|nacid|\bnat[oa]\b|urodz|\b(?:19|20)\d\d\b|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}",
    re.IGNORECASE,
)
# A cell of a labelled row that names a place.
_PLACES = re.compile(
    r"(?:^|(?<=\| ))(?:site|town|city|suburb|location|depot|branch|office|region|venue|store|port|area): "
    r"[^|\n]{1,60}(?:\| |$)",
    re.IGNORECASE | re.MULTILINE,
)
# Passages are handed to the model in batches of this many, and one message yields no more findings of a label.
_BATCH = 32
ENOUGH = 50
# Who is named in a passage.
_Names = Callable[[], Sequence[PersonSpan]]
# After this many high-risk disclosures nothing that is still unread can change a verdict.
ENOUGH_HIGH_RISK = 20


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A passage that says something of a person; ``text`` is the index of its text."""

    text: int
    start: int
    end: int
    label: str
    score: float
    disclosed: bool


class Reader:
    """Reads passages with the statements model; keeps nothing of them."""

    def __init__(self, model: Statements, people: People, cues: Cues, thresholds: Mapping[str, float]) -> None:
        self._model = model
        self._people = people
        self._cues = cues
        self._thresholds = thresholds

    def disclosures(self, texts: Sequence[Text]) -> Iterator[Disclosure]:
        """Yield what the passages of the texts say, at or above half the threshold of each label.

        ``disclosed`` tells whether it counts: a passage about a person, at or above the threshold and, where
        the label asks for it, with more than the model's word. A passage that occurs in several readings of the
        same part is scored once.
        """
        known: dict[tuple[str, bool], list[tuple[str, float, bool]]] = {}
        counts: dict[str, int] = {}
        high = 0
        for batch in self._batches(texts):
            if high >= ENOUGH_HIGH_RISK:
                return
            hints = {_key(one): texts[index].hints for index, one in reversed(batch) if _key(one) not in known}
            fresh = list(hints)
            for key, scores in zip(fresh, self._model.classify([text for text, _ in fresh]), strict=True):
                text, contact = key
                judged = self._beside_a_title(scores) if contact else self._judged(text, scores, hints[key])
                known[key] = list(judged)
            for index, one in batch:
                for label, score, disclosed in known[_key(one)]:
                    if counts.get(label, 0) < ENOUGH:
                        counts[label] = counts.get(label, 0) + disclosed
                        high += disclosed and ENTITIES[label][1] is Tier.HIGH_RISK
                        yield Disclosure(index, one.start, one.end, label, score, disclosed)

    def _batches(self, texts: Sequence[Text]) -> Iterator[list[tuple[int, Passage]]]:
        """Passages with the index of their text; those of short texts together."""
        batch: list[tuple[int, Passage]] = []
        for index, text in enumerate(texts):
            least = _WORDS_OF_A_NOTE if text.role in (Role.METADATA, Role.HEADER) else _WORDS_OF_A_PASSAGE
            for passage in passages(text.text, contact=True):
                if passage.contact and BESIDE_TITLES.isdisjoint(self._cues.labels(passage.text)):
                    continue
                if _says_anything(passage.text, least):
                    batch.append((index, passage))
                if len(batch) == _BATCH:
                    yield batch
                    batch = []
        if batch:
            yield batch

    def _judged(
        self, passage: str, scores: Mapping[str, float], hints: Sequence[str]
    ) -> Iterator[tuple[str, float, bool]]:
        names: _Names = cache(lambda: self._people.find([passage])[0])  # the model is asked once, where it matters
        foreign = self._in_other_words(passage, names)
        nobodys = self._of_nobody(passage, scores, foreign, names)
        if not scores:
            # The model's cheap sieve was taught English: another language goes by words and names alone.
            told = foreign - nobodys
            yield from ((label, self._thresholds[label], True) for label in sorted(told))
            return
        about = scores.get(ABOUT, 1.0)
        least = self._thresholds.get(ABOUT, ABOUT_A_PERSON)
        if about < least:
            # A file that is named after somebody speaks of that person throughout.
            found = any(score >= self._thresholds.get(label, 1.0) for label, score in scores.items() if label != ABOUT)
            about = least if found and hints and names_somebody(hints, self._people) else 0.0
        cues = self._cues.labels(passage) if about else frozenset()
        for label, given in scores.items():
            limit = self._thresholds.get(label)
            if limit is None or label not in ENTITIES or label in nobodys:
                continue
            score = self._ethnicity(passage, given) if label == "ethnicity" and given >= CUED else given
            score = max(score, limit) if label in foreign else score
            if label in cues and about >= SURE and CUED <= score < limit and self._points(passage, label, names):
                limit = CUED
            if score >= limit / 2:
                surely = score >= limit and (about > 0 or label in foreign)
                yield label, score, surely and _corroborated(label, passage, score)

    def _of_nobody(
        self, passage: str, scores: Mapping[str, float], foreign: frozenset[str], names: _Names
    ) -> frozenset[str]:
        """Return the labels that only a company or an open role has in this passage; asked where one of them counts."""
        found = {label for label in OF_COMPANIES if scores.get(label, 0.0) >= CUED} | (OF_COMPANIES & foreign)
        return of_nobody(passage, names) if found else frozenset()

    def _beside_a_title(self, scores: Mapping[str, float]) -> Iterator[tuple[str, float, bool]]:
        """Tell what a signature or contact block says of its holder beside what such are for."""
        sure = scores.get(ABOUT, 1.0) >= SURE
        for label in sorted(BESIDE_TITLES & scores.keys() & self._thresholds.keys()) if sure else ():
            if scores[label] >= max(SURE, self._thresholds[label]):
                yield label, scores[label], True

    def _ethnicity(self, passage: str, score: float) -> float:
        """Return the score for ethnicity beside an acknowledgement of peoples and cells for places ("Site: Roma")."""
        acknowledging = without_acknowledgement(passage)
        rest = _PLACES.sub("", passage if acknowledging is None else acknowledging)
        if rest == passage:
            return score
        return min(score, self._model.classify([rest])[0].get("ethnicity", 0.0)) if rest else 0.0

    def _points(self, passage: str, label: str, names: _Names) -> bool:
        """Tell whether a word of the passage that is no name points at a label.

        "She owes me lunch" names no figure, and a band is offered to whoever applies.
        """
        if label == "finance" and not _DIGIT.search(passage):
            return False
        if label == "pay" and is_a_band(passage):
            return False
        return label in self._cues.labels(passage, names())

    def _in_other_words(self, passage: str, names: _Names) -> frozenset[str]:
        """Return the labels of the cues of a passage that is in another language and names a person."""
        if not self._cues.may_suffice(passage):
            return frozenset()
        cues = self._cues.sufficient(passage, names()) if names() else frozenset()
        # "gana" and "gagne" speak of pay only beside a sum.
        return cues if _SUM.search(passage) else cues - {"pay"}


def _corroborated(label: str, passage: str, score: float) -> bool:
    """Ask for more than the model's word where the passage must show it.

    A login is disclosed with a secret: something that could be one, and a word for it unless the model is sure.
    A birth or age shows as a word or a figure, and the time at which a mail was sent is neither.
    """
    if label == "credentials":
        worded = _SECRET_WORD.search(passage) is not None
        words = (word for word in _SPACE.split(passage) if worded or not _CODE.match(word))
        secret = any(map(password, words)) or (worded and _PIN.search(passage) is not None)
        return secret and (worded or score >= SURE)
    if label == "birth":
        return _BIRTH.search(_TIME_STAMP.sub("", passage)) is not None
    return True


def _key(passage: Passage) -> tuple[str, bool]:
    return passage.text, passage.contact


def _says_anything(text: str, least: int) -> bool:
    """Leave out what is no language: rules, numbers, hashes, single labels, gibberish of a wrong character set."""
    words = _WORD.findall(text)
    if len(words) < least:
        return False
    return sum(map(len, words)) >= _WORDY * len(text) or _says_anything_among_figures(text, least)


def _says_anything_among_figures(text: str, least: int) -> bool:
    """Tell whether a row of many figures has words as well, by its letters: "88120044, Mia Lang, migraine"."""
    words = [word for word in _WHOLE_WORD.findall(text) if word.islower() or word.istitle() or word.isupper()]
    if all(word.istitle() or (word.islower() and len(word) < _A_WORD) for word in words):
        # Names and "pts" alone: a ladder, a table of results.
        return False
    return len(words) >= least and sum(map(len, words)) >= _MOSTLY * len(_FIGURES.sub("", text))
