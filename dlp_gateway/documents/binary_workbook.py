"""Binary workbooks (xlsb, MS-XLSB): cells by calamine, every other string by its record form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dlp_gateway.documents import biff, leftovers
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, under
from dlp_gateway.model import Part, Role, Text

_RUN = re.compile(rb"(?:[\x20-\x7e\xa0-\xff][\0-\x05]){3,}")


def read(part: Part, members: Iterable[bytes], budget: DocumentBudget) -> Iterator[Item]:
    """Yield the cells of all sheets, and the strings in all binary members (comments, headers, names)."""
    yield from biff.read_by_calamine(part, budget)
    words: dict[str, None] = {}
    for content in members:
        for match in _RUN.finditer(content):
            words[match[0].decode("utf-16-le", "replace")] = None
        words.update(dict.fromkeys(leftovers.sentences(content)))
    if words:
        text = "\n".join(words)
        budget.charge("characters", len(text))
        yield Text(under(part.where, "workbook strings"), text, Role.DOCUMENT, part.names)
