"""Pictures of figures: SVG drawn on the server, without script, style or anything from elsewhere.

Colours and fonts come from ``charts.css``, so that pictures are light or dark
as the page is. Every picture stands beside the table of its figures (template
``console/chart.html``), and says in words what it shows.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

import pygal
from django.utils.safestring import SafeString, mark_safe
from lxml import etree  # type: ignore[import-untyped]
from pygal.style import Style

# pygal leaves an import hook of an old kind behind, for maps that are not used here; Python would warn of it.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

_DROPPED = frozenset({"style", "script", "desc", "title"})
# Margins leave room for the larger letters of small screens.
_SIZES = Style(label_font_size=18, major_label_font_size=18, value_font_size=18)
_SVG = "http://www.w3.org/2000/svg"


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers of one kind, one for each label; ``paint`` names the colour (``charts.css``)."""

    name: str
    paint: str
    values: tuple[int, ...]

    @property
    def total(self) -> int:
        """The sum."""
        return sum(self.values)


@dataclass(frozen=True)
class Chart:
    """A picture and its table. ``over`` heads the labels' column ("Day"), ``about`` says in a sentence what is seen."""

    name: str
    title: str
    about: str
    over: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    lying: bool = False

    @property
    def rows(self) -> list[tuple[str, tuple[int, ...]]]:
        """The table, line by line."""
        return [(label, tuple(one.values[n] for one in self.series)) for n, label in enumerate(self.labels)]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(any(one.values) for one in self.series)

    @cached_property
    def svg(self) -> SafeString:
        """The picture: stacked columns, or bars when it is ``lying``."""
        return mark_safe(etree.tostring(_clean(self, _drawn(self)), encoding="unicode"))  # noqa: S308  # escaped by lxml


def table(name: str, title: str, about: str, over: str, counted: Sequence[tuple[str, int]], paint: str) -> Chart:
    """A chart of one series as bars, a bar for each name."""
    labels, values = tuple(label for label, _ in counted), tuple(value for _, value in counted)
    return Chart(name, title, about, over, labels, (Series("Number", paint, values),), lying=True)


def _drawn(chart: Chart) -> Any:
    options: dict[str, Any] = {
        "js": [],
        "css": [],
        "style": _SIZES,
        "no_prefix": True,
        "explicit_size": False,
        "show_legend": False,
        "print_values": False,
        "truncate_label": -1,
        "margin": 6,
        "width": 560,
        "spacing": 8,
        "value_formatter": lambda value: f"{value:,.0f}",
    }
    if chart.lying:
        drawing = pygal.HorizontalStackedBar(height=48 + 32 * len(chart.labels), margin_right=34, **options)
        # Drawn from the bottom up.
        labels, turn = tuple(reversed(chart.labels)), -1
    else:
        every = max(1, len(chart.labels) // 5)
        drawing = pygal.StackedBar(height=240, x_labels_major_every=every, show_minor_x_labels=every == 1, **options)
        labels, turn = chart.labels, 1
    highest = max((sum(values) for _, values in chart.rows), default=0)
    drawing.y_labels = scale(highest)
    drawing.range = (0, drawing.y_labels[-1])
    drawing.x_labels = labels
    for series in chart.series:
        drawing.add(series.name, list(series.values[::turn]))
    return drawing.render_tree()


def scale(highest: int) -> list[int]:
    """About five round numbers from 0 up to the highest value or just above."""
    steps = (factor * 10**power for power in count() for factor in (1, 2, 5))
    step = next(step for step in steps if highest <= 5 * step)
    return [*range(0, max(highest, 1) + step, step)]


def _shown_by_script(element: Any) -> bool:
    return "overlay" in element.get("class", "")


def _clean(chart: Chart, root: Any) -> Any:
    """Take out scripts, styles and pygal's own descriptions; name the parts for the style sheet and for people."""
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or etree.QName(element).localname in _DROPPED or _shown_by_script(element):
            element.getparent().remove(element)
        else:
            for name in [name for name in element.attrib if name == "style" or name.startswith("on")]:
                del element.attrib[name]
    labels = tuple(reversed(chart.labels)) if chart.lying else chart.labels
    for n, series in enumerate(chart.series):
        for group in root.iterfind(f".//{{*}}g[@class='series serie-{n} color-{n}']"):
            group.set("class", f"series paint-{series.paint}")
            bars = group.iterfind(".//{*}g[@class='bar']")
            values = series.values[::-1] if chart.lying else series.values
            for bar, label, value in zip(bars, labels, values, strict=False):
                etree.SubElement(bar, f"{{{_SVG}}}title").text = f"{label}: {series.name} {value:,}"
    root.attrib.pop("id", None)
    root.set("class", "chart lying" if chart.lying else "chart")
    root.set("role", "img")
    root.set("aria-labelledby", f"{chart.name}-title {chart.name}-desc")
    for n, (tag, text) in enumerate((("title", chart.title), ("desc", chart.about))):
        element = etree.Element(f"{{{_SVG}}}{tag}", id=f"{chart.name}-{tag}")
        element.text = text
        root.insert(n, element)
    return root
