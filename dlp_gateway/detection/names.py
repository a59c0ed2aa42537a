"""Names of people by their shape alone, for engines that run without a people model.

Titles with a name, "Given Surname" in capitals, "SURNAME, Given". It takes
companies and places for people far more often than the model does; where a
finding needs somebody beside it, that is the safe side to err on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dlp_gateway.detection.values import PersonSpan

_WORD = r"[A-ZÀ-ÖØ-ÞŁŚŽČŠ][a-zà-öø-ÿłśžčšń]+(?:['’-][A-ZÀ-Þ]?[a-zà-öø-ÿ]+)*"
_TITLED = rf"(?:Mrs?|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Mme|Monsieur|Madame|Sra?|Sig)\.? (?:[A-Z]\.? )*{_WORD}(?: {_WORD})?"
_PLAIN = rf"{_WORD} (?:[A-Z]\.? |(?:van|von|de|del|da|bin|al|el|la|ter) )*{_WORD}(?:-{_WORD})?"
_LISTED = rf"(?:{_WORD}|[A-Z]{{3,}}), {_WORD}"
_SHAPE = re.compile(rf"\b(?:{_TITLED}|{_PLAIN}|{_LISTED})\b")
# Words that begin sentences, days, months, streets, companies and greetings with a capital.
_NEVER = re.compile(
    r"\b(?:The|This|That|These|Please|Dear|Hello|Kind|Best|Regards|Thanks|Our|Your|Order|Invoice|Street|Road|Lane|Avenue|Ltd|Pty|Limited|Inc|GmbH"
    r"|Company|Group|Holdings|Services|Solutions|Bank|University|School|College|Hospital|Council|Department|Office|Monday|Tuesday|Wednesday"
    r"|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August|September|October|November|December|New|South|North|West"
    r"|East|Customer|Employee|Account|Number|Date|Medicare|National|Tax|File|Passport|Driver|Licence|Social|Security|Bearer|Product|Annex|Windows)\b"
)


class ShapePeople:
    """Finds people by shape; see the module for what that is worth."""

    def find(self, texts: Sequence[str], labels: Sequence[str] = ("PERSON",)) -> list[list[PersonSpan]]:
        """Return, for each text, the spans that are shaped like a person's name."""
        if "PERSON" not in labels:
            return [[] for _ in texts]
        return [
            [PersonSpan(m.start(), m.end(), 0.5) for m in _SHAPE.finditer(text) if not _NEVER.search(m[0])]
            for text in texts
        ]
