import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.detection.passages import LONGEST, passages


def texts(text: str) -> list[str]:
    return [passage.text for passage in passages(text)]


def test_sentences_of_a_paragraph_stand_together():
    assert texts("Mia is away. She has had surgery. Tom steps in.") == [
        "Mia is away. She has had surgery. Tom steps in."
    ]


def test_paragraphs_stand_apart():
    assert texts("Mia is away.\n\nTom steps in.") == ["Mia is away.", "Tom steps in."]


def test_long_paragraphs_overlap_by_a_sentence():
    sentences = [f"Sentence number {n} says something about a person, {n} words long." for n in range(8)]

    found = texts(" ".join(sentences))

    assert len(found) > 2
    for first, second in itertools.pairwise(found):
        assert any(sentence in first and sentence in second for sentence in sentences)


def test_wrapped_lines_are_joined():
    text = "registration for Hugh was rejected because the tax file number was\nkeyed wrongly by the clerk."

    assert texts(text) == [text.replace("\n", " ")]


def test_quote_marks_go():
    assert texts("> Mia is ill.\n>> She was ill before.") == ["Mia is ill.\nShe was ill before."]


@pytest.mark.parametrize(
    "lines",
    [
        "From: Mia Lang <mia@mail.example>\nSent: Tuesday, 4 March 2025 09:12",
        "From: Mia Lang\n\nDate: 4 March 2025 at 09:12:00 CET\n\nTo: Bo van der Berg; Ada Byron; 'o@x.example'",
        "Von: Mia Lang\nGesendet: Dienstag, 4. Mai 2025 09:12\nAn: Bo",
        "Da: Mia Lang\nInviato: 4.3.2025\nA: Bo",
        "-----Original Message-----",
        "On 18 Feb 2025 Mia wrote:",
        "On Tue, Feb 18, 2025 at 9:12 AM Mia Lang <mia@mail.example> wrote:",
    ],
)
def test_headers_of_quoted_mail_are_no_passage(lines):
    assert texts(f"{lines}\nHello.") == ["Hello."]
    assert texts("".join(f"> {line}\n" for line in lines.split("\n")) + "> Hello.") == ["Hello."]


@pytest.mark.parametrize(
    "text",
    [
        "Q: Why was she away?\nA: Mia has been ill since May.",
        "Date: 3 May. Mia told me that she is ill.",
        "Date: 3 May 2025\nFrom: memory, Mia was ill and stayed at home",
        "To: be clear, Mia is ill.\nFrom: what I heard she is at home.",
        "Do: tell Mia",
        "On Monday Mia told me that she is ill, this is what she wrote:",
    ],
)
def test_a_line_that_only_begins_like_a_header_is_read(text):
    assert "".join(texts(text)).replace("\n", " ") == text.replace("\n", " ")


def test_rows_with_headers_stand_alone():
    rows = "Name: Mia | Result: failed\nName: Bo | Result: passed"

    assert texts(rows) == rows.split("\n")


def test_abbreviations_end_no_sentence():
    assert texts("Dr. Lang saw Mr. Petrov today.") == ["Dr. Lang saw Mr. Petrov today."]


@given(st.text(alphabet="ab. \n>|é,X", max_size=400))
def test_passages_are_in_order_bounded_and_inside_the_text(text):
    end = 0
    for passage in passages(text):
        assert 0 <= passage.start < passage.end <= len(text)
        assert passage.end > end
        assert len(passage.text) <= 2 * LONGEST
        end = passage.end


@given(st.lists(st.sampled_from(["Mia is ill.", "Tom steps in", "one", "", "> quoted words here"]), max_size=12))
def test_every_word_is_in_some_passage(lines):
    text = "\n".join(lines)
    words = {word for line in lines for word in line.strip("> ").split()}

    seen = {word for passage in passages(text) for word in passage.text.split()}

    assert words <= seen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dear Karim Benali,\n\nwe offer you 82,500 a year.", "Dear Karim Benali,\nwe offer you 82,500 a year."),
        ("Dear Ms Quayle,\n\nyour test is back.", "Dear Ms Quayle,\nyour test is back."),
        ("Hi Fiona,\n\nyour order is on its way.", "your order is on its way."),
        ("Dear Ms Quayle,\n\nthe room is free.", "the room is free."),
    ],
)
def test_whom_a_letter_speaks_of_is_whom_it_greets(text, expected):
    assert texts(text)[-1] == expected
