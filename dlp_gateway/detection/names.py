"""Names of people by their shape alone, for engines that run without a people model.

Titles with a name, "Given Surname" in capitals, "SURNAME, Given". It takes
companies and places for people far more often than the model does; where a
finding needs somebody beside it, that is the safe side to err on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dlp_gateway.detection.values import PersonSpan

# Words that begin sentences, days, months, streets, companies, labels and greetings with a capital.
_NEVER = (
    r"(?:The|This|That|These|Please|Dear|Hello|Hi|Kind|Best|Regards|Thanks|Our|Your|Order|Invoice|Street|Road|Lane|Avenue|Ltd|Pty"
    r"|Limited|Inc|GmbH|Company|Group|Holdings|Services|Solutions|Bank|University|School|College|Hospital|Council|Department|Office"
    r"|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August|September|October"
    r"|November|December|New|South|North|West|East|Customer|Employee|Account|Number|Date|Medicare|National|Tax|File|Passport|Driver"
    r"|Licence|Social|Security|Bearer|Product|Annex|Windows|Name|Surname|Salary|Score|Patient|Client|Student|Manager|Officer)\b"
)
_WORD = rf"(?!{_NEVER})[A-ZÀ-ÖØ-ÞŁŚŽČŠ][a-zà-öø-ÿłśžčšń]+(?:['’-]?[A-ZÀ-Þ][a-zà-öø-ÿ]+)*"
_TITLED = rf"(?:Mrs?|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Mme|Monsieur|Madame|Sra?|Sig)\.? (?:[A-Z]\.? )*{_WORD}(?: {_WORD})?"
_PLAIN = rf"{_WORD} (?:[A-Z]\.? |(?:van|von|de|del|da|bin|al|el|la|ter) )*{_WORD}"
_LISTED = rf"(?:{_WORD}|[A-Z]{{3,}}), {_WORD}"
_CELLS = rf"{_WORD} ?[|;\t,] ?(?:[\w ]{{2,16}}: )?{_WORD}"
_SHAPE = re.compile(rf"\b(?:{_TITLED}|{_PLAIN}|{_LISTED}|{_CELLS})\b")


@dataclass(frozen=True, slots=True)
class Shaped:
    """A name found by shape, as ``values.Mark``."""

    start: int
    end: int
    score: float
    label: str = "PERSON"


class ShapePeople:
    """Finds people by shape; see the module for what that is worth."""

    def find(self, texts: Sequence[str]) -> list[list[PersonSpan]]:
        """Return the stretches of each text that are shaped like a person's name."""
        return [[PersonSpan(match.start(), match.end(), 0.5) for match in _SHAPE.finditer(text)] for text in texts]

    def mark(self, lines: Sequence[str]) -> list[list[Shaped]]:
        """Return the same as ``find``, labelled PERSON."""
        return [[Shaped(span.start, span.end, span.score) for span in spans] for spans in self.find(lines)]
