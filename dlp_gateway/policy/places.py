"""Names for places in a message that say where without saying what.

File names, sheet names and header names are written by people and may hold
personal data, so a reason given to a sender or kept on record never repeats
them: it says ``attachment 2 (xlsx), B7``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dlp_gateway.model import Attachment, Finding, Role

_KINDS = ("subject", "body", "header", "message", "boundary", "preamble", "epilogue")

# Steps below an attachment that are positions, not names.
_POSITION = re.compile(
    r"([A-Z]{1,3}[0-9]{1,7}(:[A-Z]{1,3}[0-9]{1,7})?"
    r"|(page|slide|sheet|line|row|column|part|entry|paragraph|table|cell|frame|layer|revision) [0-9]{1,9}"
    r"|comments?|notes|footnotes?|endnotes?|headers?|footers?|properties|metadata|text ?box|form field|hidden|body"
    r"|subject|tracked change|alt text|annotations?|bookmarks?|chart|pivot cache|document)",
    re.ASCII,
)
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+/-]{0,60}", re.ASCII | re.IGNORECASE)


class Places:
    """Knows the attachments of one message by their number, counted from 1."""

    def __init__(self, attachments: Sequence[Attachment]) -> None:
        """Number ``attachments`` in the order given."""
        self._numbered = sorted(
            ((attachment.where, number, attachment.type) for number, attachment in enumerate(attachments, 1)),
            key=lambda entry: -len(entry[0]),  # the innermost attachment that contains a place names it
        )

    def of(self, where: str) -> str:
        """Rewrite a ``where`` without its names."""
        for outer, number, kind in self._numbered:
            if outer and (where == outer or where.startswith(f"{outer} ")):
                steps = where[len(outer) :].split(" > ")
                positions = [step for step in map(str.strip, steps) if _POSITION.fullmatch(step)]
                return ", ".join([attachment_name(number, kind), *positions[-2:]])
        first = re.split(r"[^a-z]", where.lower(), maxsplit=1)[0].removesuffix("s")
        return first if first in _KINDS else "an attachment"

    def of_finding(self, finding: Finding) -> str:
        """Say where a finding stands."""
        if finding.role is Role.SUBJECT:
            return "subject"
        place = self.of(finding.where)
        if finding.role is Role.FILENAME:
            return f"name of {place}"
        return place


def attachment_name(number: int, kind: str) -> str:
    """``attachment 2 (xlsx)``."""
    return f"attachment {number} ({kind})" if _TYPE.fullmatch(kind) else f"attachment {number}"
