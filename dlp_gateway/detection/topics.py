"""What the mail around a text says of it: the Subject, the letter that a file comes with, the part before.

"Tax file number" in the Subject and the number in the letter, or "attached are
the tax file numbers" in the letter and the numbers in the file, is how people
send them. A Subject that is nothing but a label is nearly as good as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dlp_gateway.detection.context import SENTENCE_REACH, Vocabulary
from dlp_gateway.detection.normalise import Normalised, Normaliser
from dlp_gateway.model import Role, Text

# Characters of a letter, and of a Subject, that are searched.
_LETTER = 20_000
_SUBJECT = 2_000
_REPLY = re.compile(r"(?:\s{0,3}(?:re|fwd?|aw|wg|sv|tr|rv)(?:\[\d{1,3}\])?:){0,9}\s{0,9}", re.IGNORECASE)
# What may stand around the label in a Subject that is one: "her new passport number:".
_WORDS_BEFORE = 3
_REST = re.compile(
    rb"\W{0,9}(?:(?:s|numbers?|nos?|nr|details?|info|information|cards?|copy|ids?|attached|enclosed|as requested)\b"
    rb"\W{0,9}){0,3}",
    re.IGNORECASE,
)
# A line or sentence of a letter that speaks of what comes with it.
_SENTENCE = re.compile(r"[^\n.!?]{1,600}")
_ATTACHED = re.compile(
    r"attach|enclos|annex|append|herewith|here(?:'s|\sis|\sare)|\blists?\b|sheet|(?<!tax )files?\b|csv|excel|export"
    r"|scan|requested|asked for|anbei|anhang|anlage|ci-joint|adjunt|allegat|bijlage|załącz|anex",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Topic:
    """Words around one text, as numbers of the vocabulary; the Subject is no more than the label ``title``."""

    words: frozenset[int] = frozenset()
    title: frozenset[int] = frozenset()


NO_TOPIC = Topic()


class Topics:
    """The topics of the texts of one message."""

    def __init__(self, texts: Sequence[Text], vocabulary: Vocabulary, normaliser: Normaliser) -> None:
        self._vocabulary, self._normaliser = vocabulary, normaliser
        subjects = {text.text[:_SUBJECT] for text in texts if text.role is Role.SUBJECT}
        self._subject = frozenset(word for subject in subjects for word in self._words(subject))
        self._title = frozenset(word for subject in subjects if self._subject for word in self._label(subject))
        bodies = {text.text: None for text in texts if text.role is Role.BODY}
        documents = any(text.role is Role.DOCUMENT for text in texts)
        self._letter = frozenset(word for body in bodies if documents for word in self._of_the_files(body))
        # Where a picture or file stands in the middle of a letter, a mail program writes two bodies.
        self._ends = frozenset(word for body in bodies if len(bodies) > 1 for word in self._words(_end(body)))

    def of(self, text: Text, normalised: Normalised) -> Topic:
        """Return what is said around ``text``; nothing of headers, and of a Subject itself."""
        if text.role is Role.DOCUMENT:
            return Topic(self._subject | self._letter, self._title)
        if text.role is not Role.BODY:
            return NO_TOPIC
        ends = self._ends and self._ends - self._vocabulary.words(normalised.data)
        return Topic(self._subject | ends if ends else self._subject, self._title)

    def _words(self, text: str) -> frozenset[int]:
        return self._vocabulary.words(self._normaliser(text).data)

    def _of_the_files(self, letter: str) -> Iterator[int]:
        for sentence in _SENTENCE.findall(letter[:_LETTER]):
            if _ATTACHED.search(sentence):
                yield from self._words(sentence)

    def _label(self, subject: str) -> Iterator[int]:
        """Yield the words of a Subject that is a label, with little before and nothing else behind."""
        data = self._normaliser(_REPLY.sub("", subject, count=1)).data
        for hit in self._vocabulary.find(data):
            if len(data[: hit.start].split()) <= _WORDS_BEFORE and _REST.fullmatch(data, hit.end):
                yield hit.word


def _end(body: str) -> str:
    return body.rstrip()[-SENTENCE_REACH:]
