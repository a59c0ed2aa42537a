"""Whatever the text: detection raises nothing, and its findings lie inside the text and say nothing of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.detection.engine import Engine, load_engine
from dlp_gateway.detection.risk import risk_signs
from dlp_gateway.detection.tuning import ModelChoice, Tuning
from dlp_gateway.model import Role, Text

DETECTORS = Path(__file__).parents[2] / "detectors"

# What detection looks at, in any order: labels, values, separators, disguises, table marks, encodings.
PIECES = st.sampled_from(
    [
        *(
            "TFN",
            "Medicare",
            "card",
            "IBAN",
            "born",
            "passport",
            "NI number",
            "salary",
            "account",
            "BSB",
            "password",
            "DOB",
        ),
        *("412 277 305", "4539 1093 0017 1239", "DE06 1001 0010 9145 1605 41", "3 July 1992", "JG103759A", "N4728119"),
        *("Mia Lang", "Kelvin Tools Pty Ltd", "mia@mail.example", "0491 570 156", "14 Wattle Grove"),
        *(" ", "\n", "\t", "|", ";", ",", ":", ": ", "\n\n", "  ", "> ", "-", "/", ".", "(", ")", "\r\n"),
        *("\u200b", "\u00a0", "\u2212", "４", "٤", "Т", "é", "\ud800", "\x00", "\U0001f600", "田"),
        *(
            "four",
            "one",
            "double",
            "VEZOOiA0MTIgMjc3IDMwNQ==",
            "%34%31%32",
            "&#52;&#49;",
            "\\u0034\\u0031",
            "=34=31=32",
            "rot13",
        ),
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=40).map("".join))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine([DETECTORS], Tuning(models=ModelChoice(people="none", statements="none")))


@given(text=TEXTS, hint=TEXTS, role=st.sampled_from(list(Role)))
def test_any_text_is_scanned(engine, text, hint, role):
    detection = engine.scan([Text("place", text, role, (hint,))], explain=True)

    for candidate in detection.candidates:
        assert 0 <= candidate.start < candidate.end <= len(text)
        assert 0 <= candidate.score <= 1
    assert {f.where.split(" > ")[0] for f in detection.findings} <= {"place"}


@given(text=TEXTS)
def test_the_answer_is_the_same_again(engine, text):
    texts = [Text("place", text, Role.BODY)]

    assert engine.scan(texts) == engine.scan(texts)


@given(text=TEXTS, role=st.sampled_from(list(Role)))
def test_signs_of_risk_are_looked_for_in_any_text(text, role):
    assert all(sign.where == "place" for sign in risk_signs([Text("place", text, role)]))
