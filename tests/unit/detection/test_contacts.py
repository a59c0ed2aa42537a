import re

import pytest

from dlp_gateway.detection.contacts import Listed, count_people
from dlp_gateway.detection.values import PersonSpan
from dlp_gateway.model import Role, Text

GIVEN = "Ada Bo Cleo Dov Elin Faye Gus Hal Ida Jon".split()
FAMILY = "Abel Brisco Calder Dunmore Eklund Farrow".split()
NAMES = [f"{g} {f}" for f in FAMILY for g in GIVEN]


class Known:
    """Knows the names above, and nothing else."""

    def __init__(self):
        self.asked = 0

    def find(self, texts):
        self.asked += len(texts)
        known = {*GIVEN, *FAMILY}
        return [
            [PersonSpan(len("Dear "), len(text), 1.0)]
            if {word.strip(",") for word in text.removeprefix("Dear ").split()} <= known
            else []
            for text in texts
        ]

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
    ],
)
def test_each_row_counts_for_the_person_it_names(form):
    assert counted(rows(form)) == 40


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
