"""What of a PDF page is drawn, not written: pictures, also in bands and tiles, and letters as outlines."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pypdfium2

_LOGO_SHARE = 0.04  # of the page: what is drawn smaller is a logo, however fine it is
_DOTS = 300  # an inch; finer does not help OCR
_OUTLINE_DOTS = 150  # an inch, of letters that are drawn
_LONGEST = 4000  # pixels of the longer side of a drawn page
_DEPTH = 6
_MOST_SPANS = 200_000
_CELLS = 100  # along either side of a page; pictures nearer than a cell belong together
# A page with hardly a letter and so many lines and curves has its letters drawn.
_HARDLY, _MANY_PATHS, _MANY_SEGMENTS = 20, 200, 3_000


@dataclass(frozen=True, slots=True)
class _Image:
    """A picture on a page: its pixels, and where it stands in points."""

    width: int
    height: int
    left: float
    bottom: float
    right: float
    top: float

    @property
    def area(self) -> float:
        return abs((self.right - self.left) * (self.top - self.bottom))


def size(page: pypdfium2.PdfPage, said: str) -> tuple[int, int] | None:
    """Return width and height in pixels of the largest thing drawn on a page; None when nothing but logos is.

    Pictures that touch count as one. A page whose text is ``said`` and that is
    all lines and curves counts as a picture of its own size.
    """
    from pypdfium2 import raw

    kinds = {
        raw.FPDFPageObj_GetType(raw.FPDFPage_GetObject(page.raw, number))
        for number in range(raw.FPDFPage_CountObjects(page.raw))
    }
    sizes: list[tuple[int, int]] = []
    if kinds & {raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM}:
        logo = _LOGO_SHARE * page.get_width() * page.get_height()
        images = list(_images(page))
        sizes += [(image.width, image.height) for image in images if image.area >= logo]
        if len(images) > 1 and sum(image.area for image in images) >= logo:
            sizes += _together(images, logo, page.get_width(), page.get_height())
    if len(said.strip()) < _HARDLY and _is_outlined(page):
        scale = min(_OUTLINE_DOTS / 72, _LONGEST / max(*page.get_size(), 1))
        sizes.append((round(page.get_width() * scale), round(page.get_height() * scale)))
    return max(sizes, key=lambda sides: sides[0] * sides[1], default=None)


def _images(page: pypdfium2.PdfPage) -> Iterator[_Image]:
    import pypdfium2
    from pypdfium2 import raw

    for thing in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=_DEPTH):
        try:
            yield _Image(*thing.get_px_size(), *thing.get_bounds())
        except pypdfium2.PdfiumError:
            continue


def _is_outlined(page: pypdfium2.PdfPage) -> bool:
    from pypdfium2 import raw

    segments = 0
    drawn = page.get_objects(filter=(raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING), max_depth=_DEPTH)
    for paths, thing in enumerate(drawn, 1):
        segments += max(0, raw.FPDFPath_CountSegments(thing.raw))
        if paths > _MANY_PATHS or segments > _MANY_SEGMENTS:
            return True
    return False


@dataclass(slots=True)
class _Group:
    """Pictures that touch: the first and last cells across and down, their pixels and their area."""

    first: int
    last: int
    lowest: int
    highest: int
    pixels: int
    area: float

    def add(self, other: _Group) -> None:
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.lowest, self.highest = min(self.lowest, other.lowest), max(self.highest, other.highest)
        self.pixels += other.pixels
        self.area += other.area


def _together(images: list[_Image], logo: float, width: float, height: float) -> Iterator[tuple[int, int]]:
    """Yield the sizes of groups of touching pictures that are larger than logos, each as one picture."""
    left, bottom = min(image.left for image in images), min(image.bottom for image in images)
    boxes: dict[tuple[int, int, int, int], _Group] = {}
    for image in images:
        box = (
            *_span(image.left - left, image.right - left, width),
            *_span(image.bottom - bottom, image.top - bottom, height),
        )
        alone = _Group(*box, image.width * image.height, image.area)
        if box in boxes:
            boxes[box].add(alone)
        else:
            boxes[box] = alone
    for group in _merged(list(boxes.values())):
        if group.area >= logo and group.pixels:
            across = (group.last - group.first + 1) * width / ((group.highest - group.lowest + 1) * height)
            wide = max(1, round(math.sqrt(group.pixels * across)))
            yield wide, max(1, group.pixels // wide)


def _span(start: float, stop: float, side: float) -> tuple[int, int]:
    first, last = (min(_CELLS - 1, max(0, int(edge / max(side, 1) * _CELLS))) for edge in (start, stop))
    return first, max(first, last)


def _merged(groups: list[_Group]) -> list[_Group]:
    """Put together what touches; so many that it would take long count as one."""
    rows: dict[int, list[tuple[int, int, int]]] = {}
    if sum(group.highest - group.lowest + 2 for group in groups) > _MOST_SPANS:
        parents = [0] * len(groups)
    else:
        parents = list(range(len(groups)))
        for number, group in enumerate(groups):
            for row in range(group.lowest, group.highest + 2):  # the row above touches too
                rows.setdefault(row, []).append((group.first, group.last, number))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    for spans in rows.values():
        end, before = -2, 0
        for first, last, number in sorted(spans):
            if first <= end + 1:
                parents[root(number)] = root(before)
            end, before = max(end, last), number
    merged: dict[int, _Group] = {}
    for number, group in enumerate(groups):
        if (whole := merged.get(root(number))) is None:
            merged[root(number)] = group
        else:
            whole.add(group)
    return list(merged.values())


def drawn(document: pypdfium2.PdfDocument, number: int, size: tuple[int, int]) -> bytes:
    """Return the page as a PNG picture, as fine as its largest picture but 300 dots an inch at most."""
    page = document[number]
    try:
        width, height = page.get_size()
        scale = min(_DOTS / 72, max(2.0, max(size) / max(width, height, 1)), _LONGEST / max(width, height, 1))
        out = io.BytesIO()
        page.render(scale=scale, grayscale=True).to_pil().save(out, "PNG", compress_level=1)
        return out.getvalue()
    finally:
        page.close()
