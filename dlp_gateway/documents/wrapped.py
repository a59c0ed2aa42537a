"""A file that is nothing but the base64 text of another: it is what it holds."""

from __future__ import annotations

from collections.abc import Iterator

from dlp_gateway.documents import sniff
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the file that the base64 text holds."""
    content = sniff.wrapped(part.content)
    if content is None:
        raise Unreadable("base64 text is damaged")
    budget.charge("bytes", len(content))
    yield Part(under(part.where, "decoded"), content, part.names)
