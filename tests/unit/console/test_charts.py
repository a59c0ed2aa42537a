"""Pictures hold no script, no style and nothing from elsewhere, and say in words what they show."""

import re

import pytest
from lxml import etree

from dlp_gateway.console.charts import Chart, Series, scale, table

CHART = Chart(
    "days",
    "Decided <by> day",
    "What & when",
    "Day",
    ("1 Nov", "2 <Nov>", "3 Nov"),
    (Series("delivered", "delivered", (3, 0, 5)), Series("held & kept", "held", (1, 2, 0))),
)


def picture(chart):
    return etree.fromstring(str(chart.svg))


@pytest.mark.parametrize("lying", [False, True])
def test_a_picture_is_inert(lying):
    chart = Chart(CHART.name, CHART.title, CHART.about, CHART.over, CHART.labels, CHART.series, lying)
    root = picture(chart)
    names = {etree.QName(element).localname for element in root.iter()}
    attributes = {name for element in root.iter() for name in element.attrib}

    assert not names & {"style", "script", "a", "image", "use", "foreignObject"}
    assert not [name for name in attributes if name == "style" or name.startswith("on") or "href" in name]
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", str(chart.svg))


def test_a_picture_has_a_text_alternative():
    root = picture(CHART)
    title, desc = root[0], root[1]

    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert (title.text, desc.text) == ("Decided <by> day", "What & when")


@pytest.mark.parametrize("lying", [False, True])
def test_each_bar_says_what_it_is(lying):
    chart = Chart(CHART.name, CHART.title, CHART.about, CHART.over, CHART.labels, CHART.series, lying)
    said = [element.text for element in picture(chart).iterfind(".//{*}g[@class='bar']/{*}title")]

    assert sorted(said) == sorted(
        f"{label}: {one.name} {value}"
        for one in chart.series
        for label, value in zip(chart.labels, one.values, strict=True)
    )


def test_taller_bars_are_higher_values():
    """The title of a bar belongs to its rectangle."""
    heights = {}
    for bar in picture(CHART).iterfind(".//{*}g[@class='bar']"):
        heights[bar.find("{*}title").text] = float(bar.find("{*}rect").get("height"))

    assert heights["3 Nov: delivered 5"] > heights["1 Nov: delivered 3"] > heights["2 <Nov>: delivered 0"] == 0


def test_lying_bars_are_in_the_order_of_the_table():
    chart = table("rules", "By rule", "Rules", "Rule", [("external", 9), ("bulk", 2)], "held")
    places = {
        bar.find("{*}title").text: float(bar.find("{*}rect").get("y"))
        for bar in picture(chart).iterfind(".//{*}g[@class='bar']")
    }

    assert places["external: Number 9"] < places["bulk: Number 2"]


def test_the_table_has_the_same_figures():
    assert CHART.rows == [("1 Nov", (3, 1)), ("2 <Nov>", (0, 2)), ("3 Nov", (5, 0))]
    assert not CHART.empty
    assert Chart("a", "b", "c", "d", ("x",), (Series("n", "held", (0,)),)).empty


@pytest.mark.parametrize(
    ("highest", "steps"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (5, [0, 1, 2, 3, 4, 5]),
        (6, [0, 2, 4, 6]),
        (23, [0, 5, 10, 15, 20, 25]),
        (2301, [0, 500, 1000, 1500, 2000, 2500]),
    ],
)
def test_scales_are_round_and_reach_the_highest_value(highest, steps):
    assert scale(highest) == steps
