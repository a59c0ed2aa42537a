import pytest

from dlp_gateway.detection.contacts import FEW, count_people
from dlp_gateway.detection.values import Candidate, PersonSpan
from dlp_gateway.model import Role, Text, Tier

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
        return [[PersonSpan(0, len(t), 1.0)] if {w.strip(",") for w in t.split()} <= known else [] for t in texts]

    def mark(self, lines):
        raise AssertionError("no subject here")


def counted(*texts: str) -> int:
    details = [Candidate("PHONE", Tier.CONTACT, "body", Role.BODY, 0, 1, 1.0, "x", (), (), True)] * FEW
    return count_people([Text("body", text, Role.BODY) for text in texts], details, Known())


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
    one = Candidate("EMAIL", Tier.CONTACT, "body", Role.BODY, 0, 1, 1.0, "x", (), (), True)

    assert count_people([Text("body", "Ada Abel (07) 5550 1000", Role.BODY)], [one] * 3, known) == 3
    assert known.asked == 0


def test_details_of_the_subject_and_headers_do_not_count():
    header = Candidate("EMAIL", Tier.CONTACT, "header", Role.HEADER, 0, 1, 1.0, "x", (), (), True)

    assert count_people([], [header] * 60, Known()) == 0


def test_a_long_list_asks_about_a_few_rows():
    known = Known()
    details = [Candidate("PHONE", Tier.CONTACT, "body", Role.BODY, 0, 1, 1.0, "x", (), (), True)] * FEW
    text = "\n".join(f"{NAMES[n % 60]} {n} (07) 5550 {n:04}" for n in range(5000))

    count_people([Text("body", text, Role.BODY)], details, known)

    assert known.asked < 200
