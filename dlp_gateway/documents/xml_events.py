"""XML for documents: expat without document types, entities or deep nesting.

Office formats never hold a document type declaration, so one there is an
attack (entity expansion, external entities) and the part is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat

from dlp_gateway.documents.budget import DocumentBudget, OverBudget
from dlp_gateway.documents.items import Unreadable

Attributes = dict[str, str]
NOT_WELL_FORMED = "XML is not well-formed"
_HEAD = 8_000
_ASIDE = ((b"<?", b"?>"), (b"<!--", b"-->"), (b"<!", b">"))  # what stands in front of the root, and its end
_BLANKS = re.compile(rb"\s*+")
_ROOT = re.compile(rb"<(?:[\w.-]+:)?([\w.-]+)")
_CHUNK = 1 << 20


def parse(
    content: bytes,
    budget: DocumentBudget,
    *,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
    comment: Callable[[str], None] | None = None,
    doctype: bool = False,
) -> None:
    """Call the handlers for every element, with prefixes taken off the names (also of attributes).

    With ``doctype`` a document type is accepted when it declares no entity. Raises Unreadable for
    entity declarations, XML that is not well-formed, or is nested too deeply; OverBudget past a limit.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    elements = _Elements(budget.limits.xml_depth, start, end)
    parser.StartElementHandler = elements.start
    parser.EndElementHandler = elements.end
    parser.CharacterDataHandler = text
    parser.CommentHandler = comment
    parser.EntityDeclHandler = _refuse_entity
    if not doctype:
        parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        for position in range(0, len(content), _CHUNK):
            parser.Parse(content[position : position + _CHUNK], False)
            budget.check_time()
        parser.Parse(b"", True)
    except (Unreadable, OverBudget):
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable(NOT_WELL_FORMED) from error


def root(content: bytes) -> bytes:
    """Return the name of the root element without its prefix; empty when there is none near the start."""
    head, at = content[:_HEAD], 0
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "ignore").encode()
    head = head.removeprefix(b"\xef\xbb\xbf")
    while True:
        at = _BLANKS.match(head, at).end()  # type: ignore[union-attr]  # matches nothing too
        end = next((end for start, end in _ASIDE if head.startswith(start, at)), None)
        if end is None:
            name = _ROOT.match(head, at)
            return name[1] if name else b""
        at = head.find(end, at) + len(end)
        if at < len(end):
            return b""


def has_text(content: bytes) -> bool:
    """Whether any character data but blanks stands between the tags, or an attribute holds a ``>``; quick."""
    bare = content.translate(None, b" \t\r\n")
    return bare.count(b">") != bare.count(b"><") + bare.endswith(b">")


class _Elements:
    """Takes prefixes off names and counts how deep elements are nested."""

    def __init__(self, limit: int, start: Callable[[str, Attributes], None], end: Callable[[str], None]) -> None:
        self._limit = limit
        self._start = start
        self._end = end
        self._depth = 0
        self._locals: dict[str, str] = {}

    def _local(self, name: str) -> str:
        if (short := self._locals.get(name)) is None:
            if len(self._locals) > 20_000:
                self._locals.clear()
            short = self._locals[name] = name.rpartition(":")[2]
        return short

    def start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > self._limit:
            raise Unreadable("XML is nested too deeply")
        bare = {self._local(key): value for key, value in attributes.items()} if attributes else attributes
        self._start(self._local(name), bare)

    def end(self, name: str) -> None:
        self._depth -= 1
        self._end(self._local(name))


def _refuse_doctype(*_: object) -> None:
    raise Unreadable("XML declares a document type")


def _refuse_entity(*_: object) -> None:
    raise Unreadable("XML declares entities")
