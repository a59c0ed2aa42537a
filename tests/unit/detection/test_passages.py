import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.detection.passages import LONGEST, passages
from tests.unit.mime.reading import alarm


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


@pytest.mark.parametrize(
    "heading",
    [
        "Mia Lang",
        "Re Mia Lang",
        "Name: Mia Lang",
        "Update on Mia Lang:",
        "I spoke with Ms Lang this morning.",
        "Lang, Mia",
        "First name\nMia",
    ],
)
def test_a_heading_with_a_name_says_whom_the_next_paragraphs_speak_of(heading):
    read = texts(f"{heading}\n\nThanks for asking.\n\nBack in May.")

    assert read == [heading, f"{heading}\nThanks for asking.", f"{heading}\nBack in May."]


def test_the_fields_of_a_name_stand_together():
    assert texts("First name\nMia\n\nLast name\nLang\n\nAny conditions?\nYes")[-1] == (
        "First name\nMia\nLast name\nLang\nAny conditions?\nYes"
    )


@pytest.mark.parametrize(
    "above",
    [
        "Hi Mia Lang,",
        "Thanks Mia Lang",
        "By Mia Lang",
        "Contact: Mia Lang",
        "Prepared by Mia Lang",
        "the order is on its way",
        "Mia Lang and Bo Larsen were here on Monday with the drawings, and we went through all of them.",
        "Mia Lang\n\nThe plan is with Bo Larsen and goes out on Friday, when all of us are back from Ulm again.",
        "Mia Lang\nT 0491 570 156",
    ],
)
def test_what_is_no_heading_is_not_carried(above):
    assert texts(f"{above}\n\nback in May.")[-1] == "back in May."


def test_a_heading_reaches_so_far():
    read = texts("Mia Lang\n\n" + "back in May.\n\n" * 60)

    assert read[1] == "Mia Lang\nback in May."
    assert read[-1] == "back in May."


def test_what_is_written_above_a_quote_is_no_heading_of_it_and_a_question_above_an_answer_is():
    assert texts("Mia Lang\n\n> back in May.")[-1] == "back in May."
    assert texts("> Where is Mia Lang?\n\nBack in May.")[-1] == "Where is Mia Lang?\nBack in May."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes, since May.\n\n> Is Mia Lang ill?", "Is Mia Lang ill?\nYes, since May."),
        ("Hi Bo,\n\nyes, since May.\n\n> Is Mia Lang ill?", "Is Mia Lang ill?\nyes, since May."),
        (
            "Yes.\n\nBo\n\nOn 4 May 2025 Uzo wrote:\n> I saw Mia Lang. Is she\n> ill? Shall we\n> meet?",
            "I saw Mia Lang. Is she ill?\nYes.",
        ),
        ("Yes.\n\nFrom: Uzo\nSent: 4 May 2025\nTo: Bo\n\nIs Mia Lang ill?", "Is Mia Lang ill?\nYes."),
        ("Yes.\n\n> Is it blue?", "Yes."),
        ("Yes.\n\nIs Mia Lang ill?", "Yes."),
        (
            "Yes, and we have sent all of the drawings to the office on Monday.\n\n> Is Mia Lang ill?",
            "Yes, and we have sent all of the drawings to the office on Monday.",
        ),
    ],
)
def test_a_short_answer_is_read_behind_the_question_that_is_quoted_below(text, expected):
    assert expected in texts(text)


def test_contact_blocks_are_told_where_they_are_asked_for():
    text = "See you there.\n\nMia Lang\nChaplain\nT 0491 570 156\n\nBring a pen."

    assert [p.text for p in passages(text)] == ["See you there.", "Bring a pen."]
    assert [(p.text, p.contact) for p in passages(text, contact=True)] == [
        ("See you there.", False),
        ("Mia Lang\nChaplain\nT 0491 570 156", True),
        ("Bring a pen.", False),
    ]


@pytest.mark.parametrize("text", ["Mia Lang\n\n" * 80_000, "Ab Cd? " * 140_000, "x\n> " + "Ab Cd " * 160_000])
def test_what_is_carried_costs_linear_time(text):
    with alarm():
        list(passages(text))
