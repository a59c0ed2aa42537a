import pytest

from dlp_gateway.detection.context import Context, Relation, Vocabulary
from dlp_gateway.detection.normalise import Normaliser

NORMALISER = Normaliser()
WORDS = ("tfn", "tax file number", "medicare", "SIN", "invoice", "ref", "номер", "licence number", "software licence")
VOCABULARY = Vocabulary(WORDS, NORMALISER)


def found(text: str) -> list[str]:
    data = NORMALISER(text).data
    return [data[hit.start : hit.end].decode() for hit in VOCABULARY.find(data)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TFN", ["TFN"]),
        ("two tfns", ["tfns"]),
        ("outfns", []),
        ("tfnx", []),
        ("client_tfn", ["tfn"]),
        ("clientTfn:", ["Tfn"]),
        ("taxFileNumber", ["taxFileNumber"]),
        ("tax-file\nnumber", ["tax-file\nnumber"]),
        ("tax_file_number", ["tax_file_number"]),
        ("TAX FILE NUMBER", ["TAX FILE NUMBER"]),
        ("T.F.N: 5", ["T.F.N"]),
        ("t.f.n. 5", ["t.f.n"]),
        ("T F N 5", ["T F N"]),
        ("T-F-N 5", ["T-F-N"]),
        ("T/F/N 5", ["T/F/N"]),
        ("S.I.N 5", ["S.I.N"]),
        ("TFN735278579", ["TFN"]),
        ("tfn 735278579 TFN735 278 579", ["tfn", "TFN"]),
        ("TFN7352", []),
        ("outfn735278579", []),
        ("medicare735278579", []),
        ("it is a sin", []),
        ("SIN 5", ["SIN"]),
        ("name;sin;start", ["sin"]),
        ("sin: 5", ["sin"]),
        ("Номер", ["Homep"]),
        ("ТFN", ["TFN"]),
    ],
)
def test_words_are_found_whole_in_all_the_ways_they_are_written(text, expected):
    assert found(text) == expected


def test_a_word_is_the_same_however_it_is_spelled():
    vocabulary = Vocabulary(("tfn", "t.f.n.", "p.a."), NORMALISER)

    assert len(vocabulary.numbers(("tfn", "t.f.n."))) == 1
    assert vocabulary.words(b"pa 5") == frozenset()


def judge(
    text: str,
    column: frozenset[int] | None = None,
    hints: frozenset[int] = frozenset(),
    topical: frozenset[int] = frozenset(),
    title: frozenset[int] = frozenset(),
):
    data = NORMALISER(text).data
    start = data.index(b"42")
    context = Context(data, VOCABULARY.find(data), hints, topical, title)
    around = context.judge(
        start,
        start + 2,
        VOCABULARY.numbers(("tfn", "tax file number", "medicare", "licence number")),
        VOCABULARY.numbers(("invoice", "ref", "software licence")),
        column,
    )
    return around.positive, around.negative


TFN = VOCABULARY.numbers(("tfn",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TFN: 42", (Relation.LABEL, None)),
        ("TFN\n42", (Relation.LABEL, None)),
        ("TFN of our colleague Mia is this: 42", (Relation.LABEL, None)),
        ("42 is the TFN", (Relation.SENTENCE, None)),
        ("42 (TFN)", (Relation.LABEL, None)),
        ("TFN " + "and so on " * 6 + "42", (Relation.SENTENCE, None)),
        ("The TFN is wrong. Please take 42.", (Relation.NEAR, None)),
        ("TFN\n\nanother paragraph 42", (Relation.NEAR, None)),
        ("42 stands here.\nThe first field is the TFN.", (Relation.NEAR, None)),
        ("TFN " + "x " * 200 + "42", (None, None)),
        ("invoice 42", (None, Relation.LABEL)),
        ("TFN for invoice 42", (Relation.NEAR, Relation.LABEL)),
        ("invoice and TFN 42", (Relation.LABEL, None)),
        ("Medicare ref: 42", (Relation.LABEL, None)),
        ("ref: 42", (None, Relation.LABEL)),
        ("TFN: 1 | Count: 42", (Relation.NEAR, None)),
        ("TFN for the invoice: 42", (Relation.LABEL, None)),
        ("TFN number on invoice 42", (Relation.LABEL, None)),
        ("TFN (as on our invoice) is 42", (Relation.LABEL, None)),
        ("TFN or invoice: 42", (Relation.LABEL, None)),
        ("TFN sent with the goods, invoice 42", (Relation.NEAR, Relation.LABEL)),
        ("nothing 42", (None, None)),
        ("TFN\n\n42", (Relation.LABEL, None)),
        ("Your TFN number:\r\n\r\n42", (Relation.LABEL, None)),
        ("> TFN\n>\n> 42", (Relation.LABEL, None)),
        ("Please bring along your TFN\n\n42", (Relation.NEAR, None)),
        ("TFN.\n\n42", (Relation.NEAR, None)),
        ("TFN\n\nName\n\n42", (Relation.NEAR, None)),
        ("invoice\n\n42", (None, None)),
        ("licence number 42", (Relation.LABEL, None)),
        ("software licence number 42", (Relation.NEAR, Relation.LABEL)),
        ("software licence, licence number 42", (Relation.LABEL, None)),
        ("software\nlicence number 42", (Relation.LABEL, None)),
        ("software\tlicence number 42", (Relation.LABEL, None)),
    ],
)
def test_the_closest_word_in_front_decides(text, expected):
    assert judge(text) == expected


def test_the_header_of_the_column_is_a_label():
    assert judge("invoice 42", column=TFN) == (Relation.COLUMN, None)
    assert judge("nothing 42", column=VOCABULARY.numbers(("invoice",))) == (None, Relation.COLUMN)


def test_hints_count_when_nothing_better_is_there():
    assert judge("nothing 42", hints=TFN) == (Relation.HINT, None)
    assert judge("TFN 42", hints=TFN) == (Relation.LABEL, None)


def test_words_around_the_text_count_by_how_much_they_say():
    assert judge("nothing 42", topical=TFN) == (Relation.TOPIC, None)
    assert judge("The TFN is wrong. Please take 42.", topical=TFN) == (Relation.NEAR, None)
    assert judge("The TFN is wrong. Please take 42.", topical=TFN, title=TFN) == (Relation.TITLE, None)
    assert judge("TFN 42", topical=TFN, title=TFN) == (Relation.LABEL, None)
    assert judge("invoice 42", topical=TFN, title=TFN) == (Relation.TITLE, Relation.LABEL)
