import pytest

from dlp_gateway.detection.names import ShapePeople


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("contact Mia Lang today", ["Mia Lang"]),
        ("Dear Karim Benali, welcome", ["Karim Benali"]),
        ("Mr Okonkwo rang", ["Mr Okonkwo"]),
        ("Rory McAlpine passed", ["Rory McAlpine"]),
        ("Zoë Hallström-Berg", ["Zoë Hallström-Berg"]),
        ("LINDQVIST, Freya", ["LINDQVIST, Freya"]),
        ("Vincent van Gogh", ["Vincent van Gogh"]),
        ("the order is late", []),
        ("Invoice Number", []),
        ("Kind Regards", []),
    ],
)
def test_names_by_shape(text, names):
    (spans,) = ShapePeople().find([text])

    assert [text[span.start : span.end] for span in spans] == names


def test_marks_are_people():
    (marks,) = ShapePeople().mark(["Mia Lang"])

    assert [mark.label for mark in marks] == ["PERSON"]
