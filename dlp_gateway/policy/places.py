"""Names for places in a message that say where without saying what.

Readers say where things stand in words of their own (``attachment 1 > sheet 2
> B7``), but file names, sheet names and header names are written by people
and may hold personal data. What a sender is told and what is kept on record
passes through here, and only known words, small numbers and cells remain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dlp_gateway.model import Attachment, Finding, Role

_WORDS = """
    a alt alternative and annotation annotations appointment archive attachment attachments author base64 base32 block
    body bookmark bookmarks boundary box cache calendar caption cell cells certificate certificates change changes
    chart charts comment comments contact content contents custom data decoded decrypted defined deleted deletion
    description directory document drawing embedded encoded end endnote endnotes entry epilogue escaped event extra
    field fields file files folder footer footers footnote footnotes form formula formulas frame from headers hex
    hidden html image in inserted invisible is it item key keywords label labels layer line link links list macro
    macros mail master message metadata mixed name names note notes object objects of old ole outline package page
    pages paragraph parameter parameters part parts percent picture pivot preamble presentation print properties
    property quoted record records revision revisions row rows scan script section set shape shapes shared sheet sheets
    signature signed slide slides speaker strings style styles subject summary table tables text textbox thumbnail
    title titles tracked trailer unicode url uuencoded validation value values variable variables very view visible
    what with workbook xml xmp yenc
"""
_HEADERS = """
    bcc cc comments content-description content-disposition content-id content-type date from in-reply-to keywords
    message-id organization received references reply-to sender sensitivity shown thread-topic to
"""
_KNOWN = frozenset(_WORDS.split())
_KNOWN_HEADERS = frozenset(_HEADERS.split()) | _KNOWN
_FIRST = frozenset("attachment body boundary epilogue header headers message name preamble subject".split())
_CELL = re.compile(r"[A-Z]{1,3}([1-9][0-9]{0,6})(?::[A-Z]{1,3}([1-9][0-9]{0,6}))?", re.ASCII)
_LAST_ROW = 1_048_576
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+/-]{0,60}", re.ASCII | re.IGNORECASE)
_SEPARATOR = " > "
_DEEPEST = 6  # steps that are told; further in nobody finds anything by a description


class Places:
    """Knows the attachments of one message."""

    def __init__(self, attachments: Sequence[Attachment]) -> None:
        """Number ``attachments`` from 1 in the order given, for those whose own place cannot be told."""
        self._attachments = {attachment.where: (number, attachment) for number, attachment in enumerate(attachments, 1)}

    def of(self, where: str) -> str:
        """Rewrite a ``where`` in known words: ``attachment 1 (xlsx), sheet 2, B7``."""
        steps = where.split(_SEPARATOR)
        said = [_said(step) for step in steps]
        known = said[0] is not None and re.split(r"\W", said[0], maxsplit=1)[0] in _FIRST
        inside = next((n for n in range(len(steps), 0, -1) if _SEPARATOR.join(steps[:n]) in self._attachments), 0)
        told = [step for step in said if step is not None] if known else ["an attachment"]
        if inside:
            number, attachment = self._attachments[_SEPARATOR.join(steps[:inside])]
            outer = ", ".join(filter(None, said[:inside])) if known and None not in said[:inside] else ""
            kind = f" ({attachment.type})" if _TYPE.fullmatch(attachment.type) else ""
            told = [f"{outer or f'attachment {number}'}{kind}", *filter(None, said[inside:])]
        return ", ".join(told[:_DEEPEST])

    def of_finding(self, finding: Finding) -> str:
        """Say where a finding stands."""
        if finding.role is Role.SUBJECT:
            return "subject"
        place = self.of(finding.where)
        return f"name of {place}" if finding.role is Role.FILENAME and not place.startswith("name of") else place


def _said(step: str) -> str | None:
    """A step when it is made of known words with numbers behind them, or is a cell; None when it may be a name."""
    words = re.sub(r"[(),:]", " ", step).split()
    if not words:
        return None
    if words[0] == "header":
        return step if all(word.lower() in _KNOWN_HEADERS for word in words[1:]) else "header"
    if _is_cell(step):
        return step
    known = words[0] in _KNOWN and all(word in _KNOWN or _NUMBER.fullmatch(word) for word in words)
    return step if known else None


def _is_cell(word: str) -> bool:
    # A passport number looks like a cell, but of a row that no sheet has.
    found = _CELL.fullmatch(word)
    return found is not None and all(row is None or int(row) <= _LAST_ROW for row in found.groups())
