"""Where a person's names, numbers and addresses stand in texts; never what stands there."""

import pytest

from dlp_gateway.inspection.search import places
from dlp_gateway.model import Role, Text


def text(content, role=Role.BODY, where="body"):
    return Text(where, content, role)


def found(content, *words):
    return sum(count for _, _, count in places([text(content)], words))


@pytest.mark.parametrize(
    ("content", "word", "times"),
    [
        ("Dear Maria Jones,", "maria jones", 1),
        ("Jones, Maria; and again Maria A. Jones", "Maria Jones", 2),
        ("MARÍA JONES", "maria jones", 1),
        ("Маriа Jones", "maria jones", 1),  # Cyrillic letters that look alike
        ("Mar\u00adia\nJones", "maria jones", 1),
        ("Maria saw Mr and Mrs Jones", "maria jones", 0),
        ("Marianne Jonesson", "maria jones", 0),
        ("Quillfeather's file", "quillfeather", 1),
        ("Quillfeathers", "quillfeather", 0),
        ("TFN 123 456 782", "123456782", 1),
        ("TFN 123456782", "123 456 782", 1),
        ("1234567829", "123456782", 0),
        ("write to jo@a.example or Jo@A.example", "jo@a.example", 2),
        ("write to banjo@a.example", "jo@a.example", 0),
        ("staff no. AB-1234", "AB-1234", 1),
        ("Jo Jo Smith", "jo jo", 1),
        ("Jo Smith", "jo jo", 0),
        ("", "maria", 0),
    ],
)
def test_a_word_is_found_as_it_reads(content, word, times):
    assert found(content, word) == times


def test_places_are_roles_and_numbers():
    texts = [
        text("Maria", Role.SUBJECT, "subject"),
        text("nobody", Role.DOCUMENT, "secret-name.xlsx > Sheet1"),
        text("Maria, Maria", Role.DOCUMENT, "secret-name.xlsx > Sheet2"),
        text("Maria", Role.DOCUMENT, "secret-name.xlsx > Sheet2"),
        text("maria.pdf", Role.FILENAME, "maria.pdf"),
    ]

    assert places(texts, ("maria",)) == [("subject", 0, 1), ("document", 2, 2), ("filename", 3, 1)]


def test_nothing_wanted_is_nothing_found():
    assert places([text("anything")], ()) == []
    assert places([text("anything")], ("  ",)) == []


def test_a_long_text_of_one_word_ends():
    assert found("maria " * 200_000, "maria jones") == 0
