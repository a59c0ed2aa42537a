"""Binary files of little structure that come along with others: what they say is found as runs of characters.

Resource forks and folder settings of macOS in archives, form controls in
Office documents: known to hold names and captions, and nothing else to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item
from dlp_gateway.model import Part, Role, Text

_NARROW = re.compile(rb"[\x20-\x7e\xa0-\xff]{5,}")
_LITTLE = re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\0){4,}")
_BIG = re.compile(rb"(?:\0[\x20-\x7e\xa0-\xff]){4,}")


def words(content: bytes) -> str:
    """Return every run of characters in single bytes or UTF-16, one a line, each once."""
    found = [m.decode("latin-1") for m in _NARROW.findall(content)]
    found += [m.decode("utf-16-le") for m in _LITTLE.findall(content)]
    found += [m.decode("utf-16-be") for m in _BIG.findall(content)]
    return "\n".join(dict.fromkeys(found))


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the words of such a file as metadata."""
    said = words(part.content)
    budget.charge("characters", len(said))
    if said:
        yield Text(part.where, said, Role.METADATA, part.names)
