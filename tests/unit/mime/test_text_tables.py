import time

import pytest

from dlp_gateway.mime import bodies
from dlp_gateway.mime.text_tables import labelled, names_columns

ROWS = "Name: Ravi Lal | Union member: yes\nName: Hugo Bell | Union member: no"


@pytest.mark.parametrize(
    "text",
    [
        "Name | Union member\nRavi Lal | yes\nHugo Bell | no",
        "Here they are:\n\nName\tUnion member\nRavi Lal\tyes\nHugo Bell\tno\n\nThanks",
        "Name;Union member\nRavi Lal;yes\nHugo Bell;no",
        "Name         Union member\nRavi Lal     yes\nHugo Bell    no",
        "| Name | Union member |\n|------|:------------:|\n| Ravi Lal | yes |\n| Hugo Bell | no |",
        "> Name | Union member\n> Ravi Lal | yes\n> Hugo Bell | no",
    ],
)
def test_each_cell_stands_behind_the_heading_of_its_column(text):
    assert labelled(text) == ROWS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"name":"Rosa Bell","maritalStatus":"divorced"}]', "name: Rosa Bell | marital status: divorced"),
        ('{"name": "Rosa Bell",\n "age": 41}', "name: Rosa Bell | age: 41"),
        (
            "<patient><name>Rosa Bell</name><allergies>nuts</allergies></patient>",
            "name: Rosa Bell | allergies: nuts",
        ),
    ],
)
def test_records_in_a_letter(text, expected):
    assert labelled(f"Here it is: {text} as asked") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Dear Ravi,\nthe order is on its way.",
        "Pump | Pressure\nP4 | 16 bar\nP5 | 10 bar",
        "Name | Rosa Bell\nReligion | Hindu\nUnion | yes",
        "Name | Name\nRavi Lal | Hugo Bell",
        "Name | Union member",
        "Name | Union member\nRavi Lal | yes | Depot 4",
        "The name | is what it is, and this cell is far too long to be a label of any column\na | b",
        "Call Ann  or Tom\nname  or none",
        "if (a) { b }",
        "<b>bold</b>",
    ],
)
def test_what_is_no_table_of_people(text):
    assert labelled(text) == ""


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["Employee", "Warnings"], ["Hugo Bell", "2"]], True),
        ([["Guest", "Allergies"], ["Hugo Bell", "nuts"]], True),
        ([["Hugo Bell", "Ravi Lal"], ["yes", "no"]], False),
        ([["Name", "Hugo Bell"], ["Religion", "Hindu"]], False),
        ([["Name", "Site"]], False),
    ],
)
def test_headings(rows, expected):
    assert names_columns(rows) is expected


def test_the_body_keeps_its_own_reading_beside_the_rows():
    text = "Name | Union member\nRavi Lal | yes\nHugo Bell | no"
    page = f"<p>{text.replace(chr(10), '<br>')}</p>"

    assert [(p.label, p.text) for p in bodies.read("plain", text.encode(), (), delsp=False, characters=9999)] == [
        ("", text),
        ("tables", ROWS),
    ]
    read = bodies.read("html", page.encode(), (), delsp=False, characters=9999)
    assert ("html, tables", ROWS) in [(p.label, p.text) for p in read if isinstance(p, bodies.Piece)]


def test_a_table_without_header_cells_is_labelled_where_a_column_is_of_people():
    cells = [["Name", "Union member"], ["Ravi Lal", "yes"], ["Hugo Bell", "no"]]
    page = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)

    shown = "\n".join(
        piece.text
        for piece in bodies.read("html", f"<table>{page}</table>".encode(), (), delsp=False, characters=9999)
        if isinstance(piece, bodies.Piece)
    )

    assert ROWS in shown


@pytest.mark.parametrize("unit", ["| a ", "name;a\nb;c\n", '"a":', "</", '"name": "x", {', "<a ", "<a>x", "\n \t", " "])
def test_hostile_text_is_read_in_linear_time(unit):
    text = unit * (300_000 // len(unit))
    began = time.perf_counter()
    labelled(text)

    assert time.perf_counter() - began < 6
