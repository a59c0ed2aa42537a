import pytest

from dlp_gateway.detection.legible import legible
from dlp_gateway.model import Role, Text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("plain text,\nof two lines", "plain text,\nof two lines"),
        ("Zoë Müller’s café – 5 €", "Zoë Müller’s café – 5 €"),
        ("Nguyễn Văn Minh", "Nguyễn Văn Minh"),
        ("s\u0430cked for ste\u0430ling", "sacked for stealing"),
        ("ill\u200bness, i\u00adll\u2060ness", "illness, illness"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("𝐛𝐨𝐥𝐝 𝓈𝒸𝓇𝒾𝓅𝓉", "bold script"),
        ("Karen\u2800Lopez", "KarenLopez"),
        ("Zoe\u0308", "Zoe"),
        ("a\x00b\x7fc", "abc"),
        # A line in another script stays; the next one is judged by itself.
        ("Он болен с мая\nhe is s\u0456ck", "Он болен с мая\nhe is sick"),
        ("彼は病気です", "彼は病気です"),
        ("वह बीमार है", "वह बीमार है"),
        ("", ""),
        ("\u200b", ""),
    ],
)
def test_what_the_models_read(text, read):
    assert legible(text).text == read


def test_places_are_those_of_the_text_as_it_is_written():
    text = "ab\u200bcd\u200b e\ufb03"
    shown = legible(text)

    assert shown.text == "abcd effi"
    assert [shown.span(n, n + 1) for n in range(4)] == [(0, 1), (1, 2), (3, 4), (4, 5)]
    assert shown.span(6, 9) == (8, 9)
    assert text[slice(*shown.span(0, 4))] == "ab\u200bcd"


DISGUISES = {
    "look-alikes": str.maketrans("aeopcxy", "\u0430\u0435\u043e\u0440\u0441\u0445\u0443"),
    "full width": {c: c + 0xFEE0 for c in range(0x21, 0x7F)},
    "bold": {c: 0x1D400 + c - ord("A") for c in range(ord("A"), ord("Z") + 1)}
    | {c: 0x1D41A + c - ord("a") for c in range(ord("a"), ord("z") + 1)},
    "zero width": {c: chr(c) + "\u200b" for c in range(ord("a"), ord("z") + 1)},
    "soft hyphens": {c: chr(c) + "\u00ad" for c in range(ord("a"), ord("z") + 1)},
    "combining": {c: chr(c) + "\u034f" for c in range(ord("a"), ord("z") + 1)},
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_statement_and_a_name_are_found_in_any_disguise(engine_with_models, disguise):
    said = "Marion Keller has breast cancer and starts chemotherapy on Monday."
    body = Text("body", said.translate(disguise), Role.BODY)
    subject = Text("subject", "Contract for Marion Keller".translate(disguise), Role.SUBJECT)

    found = {(f.entity, f.role) for f in engine_with_models.scan([subject, body]).findings}

    assert ("HEALTH", Role.BODY) in found
    assert ("PERSON", Role.SUBJECT) in found
