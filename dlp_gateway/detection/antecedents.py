"""Whom a paragraph speaks of when another one says so: a greeting, a heading, a question.

"Dear Ms Quayle" above "your test is back", "Rhona Keddie" above "Arrested on
Saturday", and "What is her date of birth?" in the quoted mail below "17/11/1969"
are read together, for apart they say nothing of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# "Dear Karim Benali," and "Dear Ms Quayle," name a person; "Hi Fiona" is how colleagues and customers are greeted.
_GREETED = re.compile(
    r"(?:dear|sehr geehrte[rs]?|liebe[rs]?|cher|chère|estimad[oa]|gentile|egregio|geachte|beste|szanown[ya]|prezad[oa])"
    r" (?:[^\W\d_]+\.? ){1,3}[A-ZÀ-Þ][^\W\d_]+(?:-[^\W\d_]+)?[,:!]?$",
    re.IGNORECASE,
)
_YOU = re.compile(
    r"\b(?:you|your|yours|Ihnen|Ihre?[mnrs]?|Sie|vous|votre|vos|usted|su|sus|Lei|Suo|Sua|u|uw|Pan[ai]?)\b"
)
# Two words with capitals, or a title and one: a name, perhaps. What the words say of somebody the model decides.
_NAME = re.compile(r"\b(?:[A-ZÀ-Þ][^\W\d_]+,? |(?:Mr|Mrs|Ms|Miss|Dr)\.? )[A-ZÀ-Þ][^\W\d_]")
_NAME_FIELD = re.compile(
    r"(?:(?:first|given|middle|last|sur|family|full|preferred|your)[ _-]?)?names?\b[ \t:=*]*\n?[ \t]*[A-ZÀ-Þ][^\W\d_]",
    re.IGNORECASE,
)
# A paragraph of so many characters may be a heading; it is carried over so many passages.
_HEADING = 70
_CARRIED = 20
# Greetings, closings, fields of mail, and those who wrote or may be asked: not whom the next paragraph is about.
_NO_HEADING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|kia ora|g'day|thanks|thank you|cheers|sincerely|yours"
    r"|(?:kind|best|warm|many) (?:regards|wishes|thanks)|regards|welcome|hallo|liebe[rs]?|sehr geehrte[rs]?|bonjour"
    r"|cher|chère|hola|estimad[oa]|ciao|gentile|beste|geachte|from|to|cc|bcc|sent|by|with|attn|att|attention|c/o|contact"
    r"|(?:author|writer|editor|speaker|presenter|photo|host|source|trainer|instructor|teacher|lecturer|coach|facilitator"
    r"|organi[sz]er|chair|tutor|guide)s?"
    r"|(?:written|prepared|presented|published|signed) by)\b",
    re.IGNORECASE,
)
# An answer above the quoted mail has up to so many words; of that mail so many characters are searched for a question.
_ANSWER = 12
_QUOTED = 2_000
_QUESTION = re.compile(r"[^.?!\n]{4,200}\?")
_SAID_BEFORE = re.compile(r"[^.?!\n]{4,200}[.!]\s*$")
_SAID = 210


class Antecedents:
    """Goes through the paragraphs of a text in order and tells what to read in front of each.

    Args:
        question: what the mail that is quoted below asks about somebody, or nothing.
    """

    def __init__(self, question: str) -> None:
        self._question = question
        self._greeting = self._heading = ""
        self._quoted = False
        self._left = 0

    def enter(self, paragraph: str, *, quoted: bool) -> None:
        """Go on to a paragraph; ``quoted`` tells that it belongs to quoted mail."""
        if quoted and not self._quoted:
            # What is written above a quoted mail is no heading of it.
            self._heading = ""
        self._quoted = quoted
        short = len(paragraph) <= _HEADING
        if short and _GREETED.match(paragraph):
            self._greeting, self._heading = paragraph, ""
        elif short and _NAME_FIELD.match(paragraph):
            above = f"{self._heading}\n" if self._heading and _NAME_FIELD.match(self._heading) else ""
            self._name(above + paragraph)
        elif (short or self._heading) and _NAME.search(paragraph):
            self._name(paragraph if short and not _NO_HEADING.match(paragraph) else "")

    def leave(self) -> None:
        """Forget what was a heading: a signature ends the letter."""
        self._heading = ""

    def _name(self, heading: str) -> None:
        self._heading, self._left = heading, _CARRIED

    def of(self, passage: str) -> str:
        """Return what a passage of the paragraph is to be read behind, or nothing."""
        if self._question and not self._quoted and not _NO_HEADING.match(passage):
            question, self._question = self._question, ""
            if len(passage.split()) <= _ANSWER:
                return question
        if self._greeting and passage != self._greeting and _YOU.search(passage):
            return self._greeting
        if self._heading and self._left and passage not in self._heading:
            self._left -= 1
            return self._heading
        return ""


def question(lines: Iterable[str]) -> str:
    """Return the last question about somebody in quoted mail, with the sentence before where that has the name."""
    quoted = ""
    for line in lines:
        quoted += line[:_QUOTED].strip() + " "
        if len(quoted) > _QUOTED:
            break
    for asked in reversed(list(_QUESTION.finditer(quoted[:_QUOTED]))):
        if _NAME.search(asked[0]):
            return asked[0].strip()
        before = _SAID_BEFORE.search(quoted, max(0, asked.start() - _SAID), asked.start())
        if before is not None and _NAME.search(before[0]):
            return f"{before[0].strip()} {asked[0].strip()}"
    return ""
