import pytest

from dlp_gateway.detection.layout import Layout


def header(text: str, value: str) -> str | None:
    data = text.encode()
    cell = Layout(data).header(data.index(value.encode()))
    return None if cell is None else data[cell.start : cell.end].decode().strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name;TFN\nMia;42", "TFN"),
        ("Name,TFN,Gross\nLang Mia,42,6120", "TFN"),
        ("Name\tTFN\nMia\t42", "TFN"),
        ("Name | TFN | Start\nMia | 42 | May", "TFN"),
        ("| Name | TFN |\n| Mia | 42 |", "TFN"),
        ("Name        TFN      Start\nMia         42       May", "TFN"),
        ('"Name","Street, town","TFN"\n"Mia","Elm 5, Ulm","42"', '"TFN"'),
        ("Name;TFN\nBo;1\nCy;2\nMia;42\n", "TFN"),
        ("intro\n\nName;TFN\nMia;42", "TFN"),
        ("Mia;42", None),
        ("plain prose\nwith 42 in it", None),
        ("1;2\n3;42", None),
        ("Name;TFN\n\nMia;42", None),
        ("Name\nMia;42", None),
    ],
)
def test_the_header_of_a_column(text, expected):
    assert header(text, "42") == expected


def test_lines():
    layout = Layout(b"a\nbb\n\nc")

    assert [layout.line_of(p) for p in (0, 1, 2, 4, 5, 6)] == [0, 0, 1, 1, 2, 3]
    assert (layout.line(1).start, layout.line(1).end) == (2, 4)
    assert (layout.line(3).start, layout.line(3).end) == (6, 7)


def test_the_top_of_a_table():
    layout = Layout(b"Name;TFN\nMia;1\nBo;2\nend")

    top = layout.top(16)

    assert top is not None
    assert (top.start, top.end) == (0, 8)
    assert layout.top(0) is None
    assert layout.top(22) is None
