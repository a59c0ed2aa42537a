"""PDF files (ISO 32000-2): page text by pdfium, everything else by walking the objects."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from dlp_gateway.documents import leftovers, pdf_crypto, pdf_pictures
from dlp_gateway.documents.budget import DocumentBudget, OverBudget
from dlp_gateway.documents.items import Item, Locked, Outside, Picture, Unreadable, under
from dlp_gateway.model import Part, Place, Protection, Role, Text, Unscanned

if TYPE_CHECKING:
    import pypdfium2

_REVISION_END = re.compile(rb"startxref\s+\d+\s+%%EOF[ \t]*\r?\n?")
_MAX_REVISIONS = 5
_UNREADABLE_SHARE = 0.3
_GOES_ON = re.compile(rb"(?<!\d)\d{1,10}\s{1,5}\d{1,5}\s{1,5}obj\b|xref\b|%%EOF|%PDF-")
_HEADER_WITHIN = 1100  # octets; viewers look for the header a little further in (ISO 32000-1, annex H.3)
_SHORT = 64
_ODD = re.compile(r"[\ue000-\uf8ff\ufffd\x01-\x08\x0b\x0c\x0e-\x1f]")
_LINE_BREAKS = {0x0D: None, 0x02: "-", 0xFFFE: "-", 0x00: None, 0xFFFF: None}


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield pages, earlier revisions, annotations, fields, bookmarks, attachments and properties; or the lock.

    A file that opens without a password is read, whatever its owner password forbids.
    """
    import pikepdf

    from dlp_gateway.documents import pdf_objects

    try:
        document = pikepdf.open(io.BytesIO(part.content))
    except pikepdf.PasswordError:
        yield pdf_crypto.locked(part, budget)
        return
    except Exception as error:  # noqa: BLE001 - qpdf reports damage under many types
        yield from _unopened(part, error, budget)
        return
    with document:
        protected = pdf_crypto.opened_protection(document)
        if isinstance(protected, Protection | Locked):
            yield protected
        yield from pdf_objects.read(part, document, budget)
        yield from _pages(part, part.content, budget, under(part.where, "pages"))
    yield from _revisions(part, budget)
    yield from _outside(part)


def _unopened(part: Part, error: Exception, budget: DocumentBudget) -> Iterator[Item]:
    """Public-key and rights-managed files are locked; anything else that does not open is damaged."""
    lock = pdf_crypto.handler_lock(part, budget)
    if lock is None:
        raise Unreadable("PDF is damaged") from error
    yield lock


def _pages(part: Part, content: bytes, budget: DocumentBudget, where: str) -> Iterator[Item]:
    """The text of all pages as one Text with a place a page, and pages that are pictures as Unscanned."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise Unreadable("PDF is damaged") from error
    try:
        yield from _read_pages(part, document, budget, where)
    finally:
        document.close()


def _read_pages(part: Part, document: pypdfium2.PdfDocument, budget: DocumentBudget, where: str) -> Iterator[Item]:
    pieces: list[str] = []
    places: list[Place] = []
    length = 0
    rest: list[Unscanned | Picture] = []
    stopped: OverBudget | None = None
    try:
        for number in range(len(document)):
            budget.charge("pages", 1)
            said, problem, size = _page(document, number)
            page = under(part.where, f"page {number + 1}")
            if problem:
                rest.append(Unscanned(page, problem))
            if size:
                rest.append(Picture(page, *size, partial(pdf_pictures.drawn, document, number, size), part.names))
            budget.charge("characters", len(said))
            places.append(Place(length, f"page {number + 1}"))
            pieces += [said, "\n\n"]
            length += len(said) + 2
    except OverBudget as error:
        stopped = error
    text = "".join(pieces)
    if text.strip():
        yield Text(where, text, Role.DOCUMENT, part.names, tuple(places))
    yield from rest
    if stopped is not None:
        raise stopped


def _page(document: pypdfium2.PdfDocument, number: int) -> tuple[str, str, tuple[int, int] | None]:
    """The text of a page, why it could not be read, and the pixels of the largest picture on it."""
    import pypdfium2

    try:
        page = _with_annotations(document, number)
    except pypdfium2.PdfiumError:
        return "", "page is damaged", None
    try:
        layer = page.get_textpage()
        try:
            said = layer.get_text_range(errors="replace") if layer.count_chars() else ""
        finally:
            layer.close()
        said = said.translate(_LINE_BREAKS)
        if _is_garbled(said):
            return said, "text has no character codes", pdf_pictures.size(page, said)
        return said, "", pdf_pictures.size(page, said)
    finally:
        page.close()


def _with_annotations(document: pypdfium2.PdfDocument, number: int) -> pypdfium2.PdfPage:
    """The page with what stamps, notes and fields draw made part of it, in memory."""
    from pypdfium2 import raw

    page = document[number]
    if raw.FPDFPage_GetAnnotCount(page.raw) and raw.FPDFPage_Flatten(page.raw, raw.FLAT_NORMALDISPLAY) != 0:
        page.close()
        page = document[number]
    return page


def _is_garbled(text: str) -> bool:
    """Whether much of the text is private-use or undefined characters: a font without a ToUnicode map."""
    odd = len(_ODD.findall(text))
    return odd > 8 and odd > _UNREADABLE_SHARE * len(text)


def _revisions(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """The text of earlier revisions: what an incremental update replaced is still in the file."""
    import pypdfium2

    ends = [m.end() for m in _REVISION_END.finditer(part.content)]
    if len(ends) < 2 or _is_linearized(part.content):
        ends = ends[1:]
    for number, end in enumerate(ends[:-1][-_MAX_REVISIONS:], 1):
        where = under(part.where, f"earlier revision {number}")
        budget.charge("bytes", end)
        try:
            for item in _pages(part, part.content[:end], budget, where):
                if isinstance(item, Text):
                    yield item
        except (Unreadable, pypdfium2.PdfiumError):
            continue


def _outside(part: Part) -> Iterator[Item]:
    """What stands in front of the header and behind an end of the file, and belongs to no object."""
    content = part.content
    pieces = [content[: max(0, content.find(b"%PDF-", 0, _HEADER_WITHIN))]]
    end = content.find(b"%%EOF")
    while end >= 0:
        following = _GOES_ON.search(content, end + 5)
        pieces.append(content[end + 5 : following.start() if following else len(content)])
        end = content.find(b"%%EOF", end + 5)
    outside = b"\n".join(filter(None, (piece.strip(b"\0 \t\r\n\x0c") for piece in pieces)))
    place = under(part.where, "data outside the document")
    if len(outside) > _SHORT:
        yield Outside(Part(place, outside, part.names, part.declared, inline=True))
    elif said := leftovers.words(outside):
        yield Text(place, said, Role.METADATA, part.names)


def _is_linearized(content: bytes) -> bool:
    return b"/Linearized" in content[:1024]
