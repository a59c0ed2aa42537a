"""A paper as a PDF: A4, page numbers, pictures and tables; the only place that knows reportlab."""

from __future__ import annotations

import io
from collections.abc import Iterator
from html import escape
from typing import Any

from reportlab.graphics.charts.barcharts import HorizontalBarChart, VerticalBarChart
from reportlab.graphics.charts.legends import Legend
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from dlp_gateway.console.charts import Chart, scale
from dlp_gateway.console.paper import Paper, Part, Table

_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PLAIN, _BOLD = "Helvetica", "Helvetica-Bold"
# As in charts.css, for paper.
_PAINTS = {
    "delivered": colors.HexColor("#5d9b9f"),
    "held": colors.HexColor("#9a6300"),
    "refused": colors.HexColor("#8c1c1c"),
    "returned": colors.HexColor("#6a5acd"),
    "monitored": colors.HexColor("#7a868c"),
}
_INK, _SOFT, _LINE = colors.HexColor("#1b2326"), colors.HexColor("#51606a"), colors.HexColor("#c4cbcd")
_BRAND = colors.HexColor("#1d5c63")
_TEXT = ParagraphStyle("text", fontName=_PLAIN, fontSize=9.5, leading=13, textColor=_INK, spaceAfter=5)
_INTRODUCTION = ParagraphStyle("introduction", _TEXT, keepWithNext=1)
_CELL = ParagraphStyle("cell", _TEXT, fontSize=8.5, leading=10.5, spaceAfter=0)
_NUMBER = ParagraphStyle("number", _CELL, alignment=2)
_HEAD = ParagraphStyle("head", _CELL, fontName=_BOLD, textColor=_SOFT)
_HEAD_NUMBER = ParagraphStyle("head-number", _HEAD, alignment=2)
_CAPTION = ParagraphStyle("caption", _TEXT, fontSize=8.5, textColor=_SOFT, spaceBefore=4, spaceAfter=2, keepWithNext=1)
_H1 = ParagraphStyle("h1", _TEXT, fontName=_BOLD, fontSize=18, leading=22, textColor=_BRAND, spaceAfter=8)
_H2 = ParagraphStyle(
    "h2", _TEXT, fontName=_BOLD, fontSize=12.5, leading=16, spaceBefore=12, spaceAfter=4, keepWithNext=1
)


def pdf(paper: Paper) -> bytes:
    """The paper as the bytes of a PDF file."""
    written = io.BytesIO()
    document = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 6 * mm,
        title=paper.title,
        author="Data protection gateway",
        lang="en-GB",
    )

    def foot(canvas: Any, _document: Any) -> None:
        canvas.saveState()
        canvas.setFont(_PLAIN, 8)
        canvas.setFillColor(_SOFT)
        canvas.drawString(_MARGIN, 12 * mm, paper.title)
        canvas.drawRightString(A4[0] - _MARGIN, 12 * mm, f"Page {canvas.getPageNumber()}")
        canvas.restoreState()

    story = [Paragraph(escape(paper.title), _H1), *(Paragraph(escape(text), _TEXT) for text in paper.lead)]
    for part in paper.parts:
        story += _part(part)
    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return written.getvalue()


def _part(part: Part) -> Iterator[Any]:
    yield Paragraph(escape(part.title), _H2)
    for text in part.text:
        yield Paragraph(escape(text), _INTRODUCTION)
    if part.chart is not None and not part.chart.empty:
        yield Paragraph(escape(part.chart.about), _CAPTION)
        yield _drawing(part.chart)
        yield Spacer(1, 4)
    for table in part.tables:
        yield Paragraph(escape(table.caption), _CAPTION)
        yield _grid(table) if table.rows else Paragraph(escape(table.empty or "Nothing."), _TEXT)


def _grid(table: Table) -> Grid:
    head = [Paragraph(escape(text), _HEAD if n < table.texts else _HEAD_NUMBER) for n, text in enumerate(table.head)]
    rows = [
        [Paragraph(escape(text), _CELL if n < table.texts else _NUMBER) for n, text in enumerate(row)]
        for row in table.rows
    ]
    grid = Grid([head, *rows], colWidths=_widths(table), repeatRows=1, hAlign="LEFT")
    padding = (("LEFTPADDING", 3), ("RIGHTPADDING", 3), ("TOPPADDING", 2.5), ("BOTTOMPADDING", 2.5))
    grid.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, _SOFT),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, _LINE),
            *((name, (0, 0), (-1, -1), points) for name, points in padding),
        ]
    )
    return grid


def _widths(table: Table) -> list[float]:
    """Columns as wide as their text asks for, none narrower than its longest word, together as wide as the page."""
    columns = list(zip(table.head, *table.rows, strict=True))
    least = [max(_breadth(word) for text in column for word in text.split() or [""]) + 8 for column in columns]
    wanted = [min(_WIDTH * 0.45, max(_breadth(text) for text in column) + 8) for column in columns]
    room = max(0.0, _WIDTH - sum(least))
    more = [max(0.0, want - need) for want, need in zip(wanted, least, strict=True)]
    share = room / sum(more) if sum(more) else 0.0
    widths = [need + extra * share for need, extra in zip(least, more, strict=True)]
    return [width * _WIDTH / sum(widths) for width in widths]


def _breadth(text: str) -> float:
    return float(stringWidth(text, _BOLD, _CELL.fontSize))


def _drawing(chart: Chart) -> Drawing:
    height = 34 + 17 * len(chart.labels) if chart.lying else 150
    legend = 20 if len(chart.series) > 1 else 0
    drawing = Drawing(_WIDTH, height + legend)
    bars = HorizontalBarChart() if chart.lying else VerticalBarChart()
    bars.x, bars.y = (90 if chart.lying else 34), 16 + legend
    bars.width, bars.height = _WIDTH - bars.x - 14, height - 22
    turn = -1 if chart.lying else 1
    bars.data = [series.values[::turn] for series in chart.series]
    bars.categoryAxis.style = "stacked"
    bars.categoryAxis.categoryNames = list(chart.labels[::turn])
    bars.categoryAxis.labels.fontName = bars.valueAxis.labels.fontName = _PLAIN
    bars.categoryAxis.labels.fontSize = bars.valueAxis.labels.fontSize = 7.5
    if not chart.lying:
        every = max(1, len(chart.labels) // 8)
        bars.categoryAxis.categoryNames = [label if n % every == 0 else "" for n, label in enumerate(chart.labels)]
        bars.barSpacing, bars.groupSpacing = 0, 2
    steps = scale(max((sum(values) for _, values in chart.rows), default=0))
    bars.valueAxis.valueMin, bars.valueAxis.valueMax = 0, max(steps[-1], 1)
    bars.valueAxis.valueSteps = steps
    bars.valueAxis.labelTextFormat = lambda value: f"{value:,.0f}"
    bars.valueAxis.visibleGrid, bars.valueAxis.gridStrokeColor = 1, _LINE
    bars.valueAxis.gridStrokeWidth = bars.valueAxis.strokeWidth = bars.categoryAxis.strokeWidth = 0.4
    for n, series in enumerate(chart.series):
        bars.bars[n].fillColor = _PAINTS.get(series.paint, _BRAND)
        bars.bars[n].strokeColor = None
    drawing.add(bars)
    if legend:
        drawing.add(_legend(chart, bars.x))
    return drawing


def _legend(chart: Chart, left: float) -> Legend:
    legend = Legend()
    legend.x, legend.y, legend.boxAnchor = left, 2, "sw"
    legend.fontName, legend.fontSize, legend.dx, legend.dy = _PLAIN, 8, 7, 7
    legend.columnMaximum, legend.deltax, legend.alignment, legend.strokeWidth = 1, 90, "right", 0
    legend.colorNamePairs = [
        (_PAINTS.get(series.paint, _BRAND), f"{series.name}: {series.total:,}") for series in chart.series
    ]
    return legend
