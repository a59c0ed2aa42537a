"""HTML files, read like the HTML of a message: what is seen, what is not, and what attributes say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlp_gateway.documents import charset
from dlp_gateway.documents.budget import DocumentBudget, OverBudget
from dlp_gateway.documents.items import Item, under
from dlp_gateway.mime.html import read_html
from dlp_gateway.model import Part, Role, Text

_CHARSET = re.compile(rb"(?i)<meta[^>]{1,200}charset\s*=\s*[\"']?([\w\-]{2,40})")


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the readings of an HTML file and the files in its ``data:`` URIs."""
    declared = tuple(m[1].decode("ascii") for m in _CHARSET.finditer(part.content[:4096]))
    for number, source in enumerate(charset.readings(part.content, declared)):
        page = read_html(source, budget.left("characters"))
        for place, said in (
            ("", page.visible),
            ("hidden text", page.hidden),
            ("attributes", page.attributes),
            ("text with what is hidden in it", page.everything),
        ):
            if said.strip():
                budget.charge("characters", len(said))
                yield Text(under(part.where, place) if place else part.where, said, Role.DOCUMENT, part.names)
        if page.truncated:
            raise OverBudget("too much text")
        for position, (kind, content) in enumerate(page.data_uris if not number else (), 1):
            where = under(part.where, f"embedded file {position}")
            yield Part(where, content, declared=(kind,), inline=True)
