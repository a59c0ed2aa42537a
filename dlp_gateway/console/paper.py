"""What a report is made of, before it is a page or a PDF: parts with text, a picture and tables."""

from __future__ import annotations

from dataclasses import dataclass

from dlp_gateway.console.charts import Chart


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first ``texts`` columns hold words, the others numbers. ``empty`` is said when there are no rows."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with what follows it."""

    title: str
    text: tuple[str, ...] = ()
    chart: Chart | None = None
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole report: ``lead`` stands under the title."""

    title: str
    lead: tuple[str, ...]
    parts: tuple[Part, ...]
