import datetime as dt
import logging
from types import SimpleNamespace

import pytest

from dlp_gateway.configfile import ConfigError
from dlp_gateway.detection import engine as module
from dlp_gateway.detection.engine import Engine, load_engine
from dlp_gateway.detection.matching import WINDOW
from dlp_gateway.detection.models import Models
from dlp_gateway.detection.names import ShapePeople
from dlp_gateway.detection.packs import load_packs
from dlp_gateway.detection.tuning import Allowance, EntityTuning, ModelChoice, Tuning
from dlp_gateway.model import Place, Role, Text, Tier, Zone
from tests.unit.detection.conftest import DETECTORS, NO_MODELS


def body(text: str, *hints: str) -> Text:
    return Text("body", text, Role.BODY, hints)


def entities(engine: Engine, text: str, *hints: str) -> set[str]:
    """Everything found that is more than contact information."""
    return {f.entity for f in engine.scan([body(text, *hints)]).findings if f.tier is not Tier.CONTACT}


# The same number, in business sentences that say what it is: nobody's tax file number.
@pytest.mark.parametrize(
    "text",
    [
        "Please pay invoice 412 277 305 by Friday.",
        "Your order 412277305 has shipped.",
        "Tracking number: 412-277-305",
        "Part no. 412 277 305, two pieces",
        "412 277 305   fan tray   2 pcs",
        "ABN 61 412 277 305",
        "ticket #412277305 is closed",
        "ISBN 412277305",
        "2025-03-04T02:11:07 job 412277305 started",
        "https://shop.example/item/412277305?ref=tfn",
        "sha1 46414d3a412277305c44a177b2e8013fc96d",
        "{5D1B6E0A-77C4-4F0E-9A63-412277305507}",
        "Range 412277305 to 615191209 counts.",
        "Offset 0.412277305, gain 1.615191209",
        "call 412 277 305",
        "We have 412277305 records.",
    ],
)
def test_a_checksum_alone_is_no_finding(engine, text):
    assert entities(engine, text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "TFN: 412 277 305",
        "Her tax file number is 412277305.",
        "tfn=412277305&name=x",
        "Employee | TFN\nMia Lang | 412277305",
        "Employee;TFN\nMia Lang;412277305",
        "Employee,TFN,Gross\nLang Mia,412277305,6120.00",
        "Employee\tTFN\nMia Lang\t412277305",
        "Employee        TFN            Start\nMia Lang        412 277 305    1 May",
        "Name: Mia Lang | TFN: 412277305",
        "client_tfn 412277305",
        "clientTFN: 412277305",
        "Tax file\nnumber 412 277 305",
        "412 277 305 (TFN)",
        "TFN\n412 277 305",
        "<tfn>412277305</tfn>",
        '"tfn": "412277305"',
    ],
)
def test_a_label_makes_it_one(engine, text):
    assert "TFN" in entities(engine, text)


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("She is our number 40718, TFN 648 213 907, mobile to follow.", "TFN"),
        ("Tax file number is: 648213907", "TFN"),
        ("NHS no. 768 072 6389", "NHS_NUMBER"),
        ("TFN 123 456 789", None),
        ("TFN form, order 648 213 907", None),
        ("TFN\n648 213 907 fan tray", None),
        ("The TFN desk is on level 2; 648 213 907 is the part.", None),
    ],
)
def test_a_mistyped_number_counts_right_behind_its_name(engine, text, entity):
    assert entities(engine, text) == ({entity} if entity else set())


def test_hints_are_context(engine):
    assert entities(engine, "Mia Lang 412277305") == set()
    assert "TFN" in entities(engine, "Mia Lang 412277305", "staff-tfn-list.txt")


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("NINO J G 1 0 3 7 5 9 A", "NINO"),
        ("NHS number 992.490.8880", "NHS_NUMBER"),
        ("card: 4 5 3 9 1 0 9 3 0 0 1 7 1 2 3 9", "CARD"),
        ("PESEL 950 524 131 40", "NATIONAL_ID"),
        ("Medicare 38 48 38 91 63", "MEDICARE"),
        ("my card four five three nine, one zero nine three, zero zero one seven, one two three nine", "CARD"),
        ("BSN: 702/238/740", "NATIONAL_ID"),
        ("Aadhaar 56-78-60-55-45-74", "NATIONAL_ID"),
    ],
)
def test_other_identifiers_spread_out(engine, text, entity):
    assert entity in entities(engine, text)


# Dates, times and counts behind a word that is a label elsewhere: pulled together they have the length of a number.
@pytest.mark.parametrize(
    "text",
    [
        "CPR on 21/06/2026: 15 seats",
        "CPR 03/08/2026 10:30",
        "CPR 12/03/26, 1030 hall A",
        "SSN letters of 2026-03-05 / 9 pages",
        "CRN 01/31/2026; 3 A",
        "NHS number on 10/01/2026: 19",
    ],
)
def test_dates_and_counts_are_no_number_spread_out(engine, text):
    assert entities(engine, text) == set()


@pytest.mark.parametrize(
    ("text", "evidence"),
    [("SSN: 502 / 59 / 2006", "check: plausible"), ("TFN: 412 / 277 / 305", "check: passed")],
)
def test_a_form_that_fits_is_not_told_as_a_check_digit(engine, text, evidence):
    found = engine.scan([body(text)]).findings

    assert [evidence in one.evidence for one in found] == [True]


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("decode this:\nVEZOOiA0MTIgMjc3IDMwNQo= thanks", "base64"),
        ("54 46 4e 3a 20 34 31 32 20 32 37 37 20 33 30 35", "hexadecimal"),
        ("%54%46%4E: %34%31%32 277 305", "percent encoding"),
        ("TFN: &#52;&#49;&#50; 277 305", "character references"),
        ("TFN: \\u0034\\u0031\\u0032 277 305", "character escapes"),
        ("TFN: =34=31=32 277 305", "quoted-printable"),
        ("rot13: GSA 412 277 305", "ROT13"),
        ("VkVaT09pQTBNVElnTWpjM0lETXdOUW89", "base64 > base64"),
    ],
)
def test_encodings_are_no_disguise(engine, text, scheme):
    found = [f for f in engine.scan([body(text)]).findings if f.entity == "TFN"]

    assert found
    assert found[0].where == f"body > {scheme}"
    assert 0 <= found[0].start < found[0].end <= len(text)


def test_offsets_are_those_of_the_original_text(engine):
    text = "Größe ﬁx \u200b— TFN: 4\u200b12 277 305 ende"
    (found,) = (f for f in engine.scan([body(text)]).findings if f.entity == "TFN")

    assert text[found.start : found.end] == "4\u200b12 277 305"


def test_where_is_refined_by_places(engine):
    text = Text(
        "staff.xlsx > Sheet1",
        "TFN: 412277305\nTFN: 615191209",
        Role.DOCUMENT,
        places=(Place(0, "B2"), Place(15, "staff.xlsx > Sheet1 > B3")),
    )

    found = engine.scan([text]).findings

    assert [f.where for f in found] == ["staff.xlsx > Sheet1 > B2", "staff.xlsx > Sheet1 > B3"]


def test_subject_only_looks_at_nothing_else(engine):
    texts = [Text("subject", "TFN 412 277 305", Role.SUBJECT), body("TFN 615 191 209")]

    found = engine.scan(texts, subject_only=True).findings

    assert {f.where for f in found} == {"subject"}
    assert {f.role for f in found} == {Role.SUBJECT}


def test_names_and_contact_details_count_in_a_subject(engine):
    found = engine.scan([Text("subject", "Ring Grace Holloway, 0491 570 156", Role.SUBJECT)]).findings

    assert {f.entity for f in found} == {"PERSON", "PHONE"}


def test_addresses_in_headers_are_no_findings(engine):
    assert engine.scan([Text("header From", "Ana <ana@mail.example>", Role.HEADER)]).findings == ()


@pytest.mark.parametrize("where", [0, 1, 30, WINDOW - 40, WINDOW - 9, WINDOW - 1, WINDOW, WINDOW + 700, 2 * WINDOW + 5])
def test_nothing_is_lost_or_doubled_on_a_seam(engine, where):
    filler = "lorem ipsum dolor sit amet " * (3 * WINDOW // 27)
    text = f"{filler[:where]} TFN: 412 277 305 {filler[where:]}"

    found = [f for f in engine.scan([body(text)]).findings if f.entity == "TFN"]

    assert [text[f.start : f.end] for f in found] == ["412 277 305"]


def test_a_header_far_above_is_still_the_header(engine):
    rows = "\n".join(f"Person {n};to follow" for n in range(8000))
    text = f"Name;TFN\n{rows}\nMia Lang;412277305"

    found = [f for f in engine.scan([body(text)]).findings if f.entity == "TFN"]

    assert any(text[f.start : f.end] == "412277305" for f in found)


def test_findings_of_one_kind_are_bounded(engine):
    found = engine.scan([body("TFN 412 277 305\n" * 40_000)]).findings

    assert 1000 <= len(found) <= 3000


@pytest.mark.parametrize(
    "unit", ["a", "1", "a@", " ", "1 ", "TFN ", "(", "\u0301", "4 | ", "a,1\n", "=3", "%41", "&#5"]
)
def test_hostile_repetition_costs_no_more_than_its_length(engine, unit):
    """A step budget, not a clock: the bytecode executed for twice the text is at most 2.6 times as much."""
    import sys

    def steps(size: int) -> int:
        count = 0

        def tick(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(tick)
        try:
            engine.scan([body(unit * (size // len(unit)))])
        finally:
            sys.setprofile(None)
        return count

    small, large = steps(262_000), steps(524_000)

    assert large <= 2.6 * small + 2000


def test_the_same_text_gives_the_same_answer(engine):
    text = body("TFN 412 277 305, card 4539 1093 0017 1239, born 3 July 1992, Mia Lang (46), mia@mail.example")

    first, second = engine.scan([text], explain=True), engine.scan([text], explain=True)

    assert first == second
    assert len(first.findings) >= 4


def test_no_value_in_any_representation_or_log(engine, caplog):
    with caplog.at_level(logging.DEBUG):
        detection = engine.scan([body("TFN: 412 277 305, password: Wattle!Bird77 for login hmazur")], explain=True)

    shown = repr(detection) + caplog.text
    assert "412" not in shown
    assert "Wattle" not in shown
    assert "hmazur" not in shown


def test_explain_tells_what_raised_and_sank(engine):
    detection = engine.scan([body("TFN: 412 277 305. Invoice 615 191 209 names no TFN.")], explain=True)
    tfn = [c for c in detection.candidates if c.detector == "au_tfn"]

    assert [c.kept for c in sorted(tfn, key=lambda c: (c.start, -c.score))][:1] == [True]
    assert any("check: passed" in c.raised and "context: label" in c.raised for c in tfn)
    assert any("called something else: label" in c.sank and not c.kept for c in tfn)


def test_without_explain_no_candidates_leave(engine):
    assert engine.scan([body("TFN 412 277 305")]).candidates == ()


class TestTuning:
    @staticmethod
    def engine(**changes) -> Engine:
        return load_engine([DETECTORS], Tuning(models=NO_MODELS.models, **changes))

    def test_a_detector_can_be_switched_off(self):
        engine = self.engine(detectors={"au_tfn": EntityTuning(enabled=False)})

        assert entities(engine, "TFN 412 277 305") == set()

    def test_a_threshold_of_an_entity(self):
        engine = self.engine(detectors={"TFN": EntityTuning(threshold=0.95)})

        assert entities(engine, "TFN 412 277 305") == set()

    def test_more_context_words(self):
        engine = self.engine(detectors={"TFN": EntityTuning(context=["steuerding"])})

        assert entities(engine, "Steuerding 412 277 305") == {"TFN"}

    def test_more_negative_context(self):
        engine = self.engine(detectors={"au_tfn": EntityTuning(negative_context=["sample"])})

        assert entities(engine, "TFN sample 412 277 305") == set()

    @pytest.mark.parametrize("changes", [{"detectors": {"TFM": EntityTuning()}}])
    def test_an_unknown_name_is_an_error(self, changes):
        with pytest.raises(ConfigError, match="TFM"):
            self.engine(**changes)

    def test_an_unknown_statement_label_is_an_error(self):
        models = ModelChoice(people="none", statements="none", thresholds={"helth": 0.5})
        with pytest.raises(ConfigError, match="helth"):
            load_engine([DETECTORS], Tuning(models=models))

    @pytest.mark.parametrize(
        ("until", "zones", "found", "allowed"),
        [
            (dt.date(2026, 12, 31), frozenset(Zone), False, ()),
            (dt.date(2026, 1, 1), frozenset(Zone), True, ()),
            (dt.date(2026, 12, 31), frozenset({Zone.PARTNER}), True, (Zone.PARTNER,)),
        ],
    )
    def test_an_allowance_ends_and_has_zones(self, until, zones, found, allowed):
        allowance = Allowance(
            entity="TFN", value="412 ?277 ?305", owner="DPO", reason="published example", until=until, zones=zones
        )
        engine = self.engine(allow=[allowance])

        detection = engine.scan([body("TFN 412 277 305")], explain=True, today=dt.date(2026, 6, 1))

        kept = [c for c in detection.candidates if c.kept and c.entity == "TFN"]
        assert bool(kept) is found
        assert all(c.allowed == allowed for c in kept)

    @pytest.mark.parametrize(("hours_ahead", "hour"), [(-11, 5), (0, 12), (13, 18)])
    @pytest.mark.parametrize(("until", "found"), [(dt.date(2026, 6, 1), False), (dt.date(2026, 5, 31), True)])
    def test_an_allowance_ends_with_the_day_of_utc(self, monkeypatch, hours_ahead, hour, until, found):
        here = dt.timezone(dt.timedelta(hours=hours_ahead))
        moment = dt.datetime(2026, 6, 1, hour, tzinfo=dt.UTC)

        class Moment(dt.datetime):
            @classmethod
            def now(cls, tz=None):
                return moment.astimezone(tz or here)

        class Day(dt.date):
            @classmethod
            def today(cls):
                return moment.astimezone(here).date()

        monkeypatch.setattr(module, "dt", SimpleNamespace(datetime=Moment, date=Day, UTC=dt.UTC))
        allowance = Allowance(entity="TFN", value="412 ?277 ?305", owner="DPO", reason="published", until=until)

        assert entities(self.engine(allow=[allowance]), "TFN 412 277 305") == ({"TFN"} if found else set())

    def test_an_allowance_covers_the_whole_value_only(self):
        allowance = Allowance(entity="TFN", value="412", owner="DPO", reason="x", until=dt.date(2099, 1, 1))

        assert entities(self.engine(allow=[allowance]), "TFN 412 277 305") == {"TFN"}


class FakeStatements:
    """Says what it is told to; counts what it is asked."""

    def __init__(self, scores: dict[str, dict[str, float]]) -> None:
        self.thresholds = {"health": 0.6, "pay": 0.5}
        self.scores = scores
        self.asked: list[str] = []

    def classify(self, passages):
        self.asked.extend(passages)
        return [next((s for part, s in self.scores.items() if part in passage), {}) for passage in passages]


def statements_engine(scores, **tuning) -> tuple[Engine, FakeStatements]:
    model = FakeStatements(scores)
    return Engine(load_packs([DETECTORS]), Tuning(**tuning), Models(ShapePeople(), model)), model


def test_statements_become_findings_of_their_tier():
    engine, _ = statements_engine({"chemo": {"health": 0.9, "pay": 0.1}, "paid": {"pay": 0.8}})

    found = engine.scan(
        [body("Mia starts chemo on Monday and is away then.\n\nMia is paid 80,000 a year by us.")]
    ).findings

    assert {(f.entity, f.tier) for f in found if f.detector == "statements"} == {
        ("HEALTH", Tier.HIGH_RISK),
        ("SALARY", Tier.PERSONAL),
    }


def test_the_subject_alone_asks_no_statements():
    engine, model = statements_engine({})

    engine.scan([Text("subject", "Mia starts chemo on Monday", Role.SUBJECT)], subject_only=True)

    assert model.asked == []


def test_a_passage_in_two_readings_is_asked_once():
    engine, model = statements_engine({})
    text = "Mia starts chemo on Monday and is away then."

    engine.scan([body(text), Text("body (html)", text, Role.BODY)])

    assert model.asked.count(text) == 1


def test_thresholds_of_statements_can_be_tuned():
    engine, _ = statements_engine(
        {"chemo": {"health": 0.7}}, models=ModelChoice(people="none", statements="none", thresholds={"health": 0.8})
    )

    detection = engine.scan([body("Mia starts chemo on Monday and is away then.")], explain=True)

    assert [c.kept for c in detection.candidates if c.detector == "statements"] == [False]


class BrokenPeople(ShapePeople):
    def find(self, texts):
        raise RuntimeError("model")


def test_a_failing_model_fails_the_scan():
    engine = Engine(load_packs([DETECTORS]), Tuning(), Models(BrokenPeople()))

    with pytest.raises(RuntimeError):
        engine.scan([body("Mia Lang, aged 46, joined")])
