import re

import pytest

from dlp_gateway.detection.contacts import FEW, MANY, Listed, count_people
from dlp_gateway.detection.values import PersonSpan
from dlp_gateway.model import Role, Text
from dlp_gateway.policy.rules import BulkRule

GIVEN = "Ada Bo Cleo Dov Elin Faye Gus Hal Ida Jon".split()
FAMILY = "Abel Brisco Calder Dunmore Eklund Farrow".split()
NAMES = [f"{g} {f}" for f in FAMILY for g in GIVEN]


class Known:
    """Knows the names above, and nothing else."""

    def __init__(self):
        self.asked = 0

    def find(self, texts):
        self.asked += len(texts)
        return [self._first(text) for text in texts]

    def _first(self, text):
        """Return the names that an addressed text begins with."""
        known = {*GIVEN, *FAMILY}
        end = shift = len("Dear ")
        for word in re.finditer(r"[^ ]+", text[shift:]):
            if word[0].strip(",") not in known:
                break
            end = shift + word.end()
        return [PersonSpan(shift, end, 1.0)] if end > shift else []

    def mark(self, lines):
        raise AssertionError("no subject here")


DETAIL = re.compile(r"[\w.]+@[\w.]+|\(07\) 5550 \d{4}")


def listed(text: str) -> Listed:
    return Listed(text, [match.start() for match in DETAIL.finditer(text)])


def counted(*texts: str) -> int:
    return count_people([listed(text) for text in texts], Known())


def rows(form: str, count: int = 40) -> str:
    return "\n".join(
        form.format(name=name, given=name.split()[0], family=name.split()[1], n=n, phone=f"(07) 5550 {1000 + n}")
        for n, name in enumerate(NAMES[:count])
    )


@pytest.mark.parametrize(
    "form",
    [
        "{name}  {phone}",
        "{family}, {given}   85 Dover Road, Hobart TAS 7000   {phone}",
        "name: {name} | phone: {phone}",
        "first: {given} | last: {family} | street: 12 Pier Road | telephone: {phone}",
        "{name},Fig Foods,{phone}",
        "{name};{phone}",
        "{name} <someone{n}@mail.example>",
        "site: Depot {n} | town: Perth WA 6000 | manager: {name} | telephone: {phone}",
        "{name}\n12 Pier Road, Ulm\n{phone}\n",
        "{name}, front desk volunteer, {phone}",
        "{name} - front desk volunteer - {phone}",
        "{name} (front desk volunteer team) {phone}",
        "{family}, {given}, front desk volunteer, Tuesdays, {phone}",
        "Depot {n}, {name}, {phone}",
        "{name} Senior Sales Consultant {phone}",
        "{name}\nFront desk\nTuesday and Thursday\nKeys: yes\n{phone}\n",
        "{name}, home {phone}, mobile (07) 5550 2000",
        "{name} | {phone} | Ryde | (07) 5550 2000 | open",
        "{name}, work {given}.{family}@mail.example, private {family}@mail.example",
    ],
)
def test_each_row_counts_for_the_person_it_names(form):
    assert counted(rows(form)) == 40


@pytest.mark.parametrize("separator", ["; ", ", ", ",", " "])
@pytest.mark.parametrize("in_a_line", [1, 2, 5, 60])
@pytest.mark.parametrize("form", ["{name} <{box}>", "{box}", '"{name}" <{box}>', "{name} (07) 5550 {n}"])
def test_many_people_in_one_line_count_each(form, in_a_line, separator):
    people = [
        form.format(name=name, box=name.replace(" ", ".").lower() + "@mail.example", n=1000 + n)
        for n, name in enumerate(NAMES)
    ]
    lines = [separator.join(people[i : i + in_a_line]) for i in range(0, len(people), in_a_line)]

    assert counted("\n".join(lines)) == len(NAMES)


@pytest.mark.parametrize(
    "form",
    [
        "Shop {n} <info@shop{n}.example>; ",
        "Hill Motors {n}, spare parts, (07) 5550 {phone}\n",
        "Ada Abel Consulting Pty Ltd, (07) 5550 {phone}\n",
        "Depot {n} - loading dock - (07) 5550 {phone}, Depot B (07) 5551 {phone}\n",
    ],
)
def test_companies_count_for_nobody_however_many_stand_in_a_line(form):
    assert counted("".join(form.format(n=n, phone=1000 + n) for n in range(60))) == 0


def test_a_line_of_a_megabyte_is_read_in_one_go():
    known = Known()

    assert (
        count_people([listed("; ".join(f"{name} <{n}@mail.example>" for n, name in enumerate(NAMES * 600)))], known)
        == 60
    )
    assert known.asked < 400


def test_the_same_person_counts_once():
    assert counted(rows("{name}  {phone}", 30), rows("{family}, {given} ; {phone}", 30)) == 30


def test_shops_count_for_nobody():
    assert counted("\n".join(f"Hill Motors {n}, Perth WA 6000, (07) 5550 {1000 + n}" for n in range(60))) == 0


def test_personal_mailboxes_count_where_no_name_stands_and_role_mailboxes_do_not():
    people = "\n".join(f"person{chr(97 + n)}.surname@mail.example" for n in range(24))
    roles = "\n".join(f"info@shop{n}.example" for n in range(24))

    assert counted(people, roles) == 24


def test_few_details_ask_no_model():
    known = Known()

    assert count_people([listed("Ada Abel (07) 5550 1000\n" * 3)], known) == 3
    assert known.asked == 0


def test_a_long_list_asks_about_a_few_rows():
    known = Known()
    text = "\n".join(f"{NAMES[n % 60]} {n} (07) 5550 {n:04}" for n in range(5000))

    assert count_people([listed(text)], known) == 60
    assert known.asked < 200


def test_the_engine_counts(engine):
    text = "name;phone\n" + "\n".join(f"Mia{chr(97 + n % 26)} Lang;(07) 5550 {1000 + n}" for n in range(26))

    assert engine.scan([Text("list", text, Role.DOCUMENT)]).people == 26
    assert engine.scan([Text("subject", text, Role.SUBJECT)]).people == 0
    assert engine.scan([Text("header To", text, Role.HEADER)]).people == 0


@pytest.mark.parametrize("people", [FEW, MANY])
def test_a_policy_may_ask_for_any_number_that_is_counted(people):
    assert BulkRule(people=people).people == people


@pytest.mark.parametrize("people", [FEW - 1, MANY + 1])
def test_a_policy_may_ask_for_no_number_that_is_not_counted(people):
    with pytest.raises(ValueError, match="people"):
        BulkRule(people=people)
