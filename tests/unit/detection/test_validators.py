import random

import pytest

from dlp_gateway.detection.validators import OWN, find_validator

# Published or self-made examples: the number, and the same with its check digit (or structure) broken.
CASES = {
    "any.card": ("4539 1093 0017 1239", "4539 1093 0017 1238"),
    "any.luhn": ("356620938166985", "356620938166984"),
    "any.iban": ("DE06 1001 0010 9145 1605 41", "DE07 1001 0010 9145 1605 41"),
    "any.date": ("3 July 1992", "31/31/1992"),
    "any.age": ("46", "146"),
    "any.ehic": ("80756001310012345678", "70756001310012345678"),
    "any.imei": ("356620938166985", "356620938166984"),
    "any.mac": ("3c:5a:b4:01:9f:22", "ff:ff:ff:ff:ff:ff"),
    "any.not_trivial": ("211062-5629", "123456789"),
    "any.phone": ("0491 570 156", "00000"),
    "any.public_ip": ("81.187.30.112", "127.0.0.1"),
    "any.date_long_ago": ("3 July 1992", "14 March 2025"),
    "any.birthday": ("3 July 1992", "14 March 2027"),
    "any.ailment": ("latex allergy", "worn clutch"),
    "any.belief_or_origin": ("Caucasian", "Sydney to Hobart"),
    "any.children": ("Maja (4), Nils (7)", "$5"),
    "any.login_pair": ("login: mbell/Gull-Cliff-52", "login page: learn.example.com/Spring2025"),
    "any.chosen_password": ("dolphins", "forgotten"),
    "any.street": ("14 Wattle Grove", "3 wins in a row"),
    "any.street_abroad": ("Nordring 7", "Spring 2025"),
    "any.secret": ("9fQ2x7LmPz41RtYw8KsD", "<your key here>"),
    "any.password": ("Wattle!Bird77", "________"),
    "any.filled": ("penicillin", "________"),
    "au.medicare": ("3848 38916 3", "3848 38915 3"),
    "au.ihi": ("8003 6088 3335 7361", "8003 6088 3335 7362"),
    "au.bsb": ("124-810 39791444", "000-810 39791444"),
    "nz.nhi": ("ZZZ0016", "ZZZ0017"),
    "hk.id": ("A123456(3)", "A123456(4)"),
    "sg.nric": ("S1234567D", "S1234567E"),
    "gb.nino": ("JG 10 37 59 A", "GB 10 37 59 A"),
    "gb.driving_licence": ("HOLLO 855215 GM9XY", "HOLLO 899915 GM9XY"),
    "gb.chi": ("0101336489", "0101336488"),
    "us.mbi": ("1EG4-TE5-MK73", "1EG4-TE5-SK73"),
    "us.ssn": ("502-59-2006", "000-59-2006"),
    "us.npi": ("1234567893", "1234567894"),
    "us.dea": ("AB1234563", "AB1234564"),
    "de.rvnr": ("15 070649 C 103", "15 070649 C 104"),
    "de.kvnr": ("A123456780", "A123456781"),
    "es.nuss": ("28/12345678/40", "28/12345678/41"),
    "fr.nir": ("2 49 08 88 086 274 60", "2 49 08 88 086 274 61"),
    "hu.taj": ("111 111 110", "111 111 112"),
    "hu.tax": ("8071592153", "8071592154"),
    "lu.matricule": ("1893120105732", "1893120105733"),
    "lv.pk": ("161175-19997", "161175-19998"),
    "pt.niss": ("11234567892", "11234567891"),
}


@pytest.mark.parametrize("name", sorted(OWN))
def test_good_numbers_pass_and_broken_ones_fail(name):
    good, broken = CASES[name]

    assert (OWN[name](good), OWN[name](broken)) == (True, False)


@pytest.mark.parametrize("good", ["ZZZ00AX", "ALU18KZ", "JBX3656"])
def test_both_forms_of_the_nhi(good):
    assert OWN["nz.nhi"](good)


@pytest.mark.parametrize("good", ["F1234567N", "G1234567X", "M1234567K", "T1234567J"])
def test_all_series_of_the_nric(good):
    assert OWN["sg.nric"](good)


@pytest.mark.parametrize(
    "number", ["4111 1111 1111 1111", "4242424242424242", "5555555555554444", "378282246310005", "0000000000000000"]
)
def test_published_test_cards_are_nobodys(number):
    assert not OWN["any.card"](number)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("14 August 1984", True), ("14. August 1984", True), ("August 14, 1984", True), ("14/08/1984", True),
        ("08/14/1984", True), ("1984-08-14", True), ("14.08.84", True), ("19840814", True), ("1984", True),
        ("4 août 1983", False), ("4 aout 1983", True), ("12 May 1820", False), ("30/02/1984", False),
        ("14/08", False), ("99/99/1999", False), ("May 1990", True), ("14 August", True), ("version 2", False),
        ("38 per", False), ("27. She", False), ("33", False), ("31 February", False), ("29 February", True),
    ],
)  # fmt: skip
def test_dates_on_which_somebody_alive_may_be_born(value, expected):
    assert OWN["any.date"](value) is expected


@pytest.mark.parametrize(
    "value",
    [
        "03/07/2025", "01.08.2025", "06-07-2025", "09/30/2025", "01 07 2025", "03/07/2025 1030", "03/07/25 10.30",
        "01-05/07/2025", "01/07/2025-05/07", "0900-1700", "08.30-10.30", "0745 - 1615",
    ],
)  # fmt: skip
def test_days_and_hours_are_no_telephone_numbers(value):
    assert not OWN["any.phone"](value)


@pytest.mark.parametrize(
    "value", ["01 02 20 25 12", "0301/2025123", "0221-1234567", "0211-12345", "03 9123 2025", "07 5550 1180"]
)
def test_telephone_numbers_that_look_a_little_like_days(value):
    assert OWN["any.phone"](value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12 The Esplanade", True), ("3 The Drive", True), ("22 wattle street", True), ("9 cygnet close", False),
        ("5/22 wattle rise", True), ("Unit 9, 300 Collins Place", True), ("9 pier close, ryde nsw 2112", True),
        ("9 Cygnet Close we close", True), ("12 Isle of Wight Road", True), ("8 Rose and Crown Lane", True),
        ("2015 Harbour Street", True), ("PO Box 88", True), ("12 Day Street", True), ("7 St Georges Square", True),
        ("2025 results on track", False), ("10 Tips To Drive", False), ("3 Wins In A Row", False),
        ("2025 Food Drive", False), ("24 hours on the road", False), ("5 Day Pass", False), ("4 Wheel Drive", False),
        ("2 Car Park", False), ("2026 calendar now in place", False), ("2 TB Drive", False),
        ("15 minutes at the gate", False),
    ],
)  # fmt: skip
def test_streets_with_a_house_number(value, expected):
    assert OWN["any.street"](value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Lindenstrasse 40", True), ("Kaiserring 14", True), ("Hansaring 12", True), ("Ostring 3", True),
        ("Marktplatz 12", True), ("Neckarufer 4", True), ("88 Rue des Pins", True), ("12 place Saint-Michel", True),
        ("4 cours de la Libert", True), ("Via Garibaldi 14", True), ("via del Corso 7", True), ("Calle Mayor 12", True),
        ("Spring 2025", False), ("Engineering 4", False), ("Monitoring 12", False), ("Marktplatz 2025", False),
        ("Parkplatz 14", False), ("Verkaufer 3", False), ("Bahnsteig 4", False), ("brigade 4", False),
        ("12 place settings", False), ("2 route changes from", False), ("3 cours de yoga", False),
        ("via the portal 12", False), ("via email 3", False),
    ],
)  # fmt: skip
def test_streets_abroad(value, expected):
    assert OWN["any.street_abroad"](value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("heart valve disease", True), ("motor neurone disease", True), ("F32.1", True), ("memory loss", True),
        ("80 %", True), ("slipped disc", True), ("hearing loss", True), ("insulin pump, battery empty", True),
        ("faulty power supply", False), ("paper jam", False), ("goodwill of 12,000", False), ("14", False),
        ("none", False), ("defektes Netzteil", False), ("bug in the database driver", False), ("-3.5", False),
    ],
)  # fmt: skip
def test_what_people_suffer_from_is_told_from_faults(value, expected):
    assert OWN["any.ailment"](value) is expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("any.belief_or_origin", "Black or African American", True),
        ("any.belief_or_origin", "W", True),
        ("any.belief_or_origin", "please call Tom", False),
        ("any.belief_or_origin", "White Bay, 10 km", False),
        ("any.children", "2", True),
        ("any.children", "under 12 travel free", False),
        ("any.children", "half price", False),
        ("any.date_long_ago", "14/03/84", True),
        ("any.birthday", "14/03/1984", True),
        ("any.birthday", "14 March", True),
        ("any.birthday", "2025-03-14", False),
        ("any.birthday", "31/13/1984", False),
        ("any.date_long_ago", "19840314", True),
        ("any.date_long_ago", "14/03/25", False),
        ("any.date_long_ago", "2025-03-14", False),
        ("any.login_pair", "login: hmazur@example.net/Wattle!Bird77", True),
        ("any.login_pair", "login for Mia: dean.okafor / Gull-Cliff-52", True),
        ("any.login_pair", "credentials: dean.okafor/Wattle!Bird77", True),
        ("any.login_pair", "login: mbell/Gull:Cliff=52", True),
        ("any.login_pair", "login at ten", False),
        ("any.login_pair", "user guide: docs.example.com/Setup_v2", False),
        ("any.login_pair", "access to the folder: Sales/Plan_2025", False),
        ("any.chosen_password", "dolphins", True),
        ("any.chosen_password", "required", False),
        ("any.chosen_password", "********", False),
    ],
)
def test_values_that_mean_a_person_and_those_that_do_not(name, value, expected):
    assert OWN[name](value) is expected


@pytest.mark.parametrize("name", sorted(OWN))
def test_validators_never_raise(name):
    generator = random.Random(name)
    alphabet = "0123456789 -./ABCXYZabc:<>()\n\u00e9"
    for _ in range(400):
        value = "".join(generator.choices(alphabet, k=generator.randrange(24)))
        assert OWN[name](value) in (True, False)


@pytest.mark.parametrize("name", ["stdnum.au.tfn", "stdnum.gb.nhs", "stdnum.pl.pesel"])
def test_a_check_digit_alone_never_decides_about_placeholders(name):
    assert not any(find_validator(name)(digit * length) for digit in "0123456789" for length in (9, 10, 11))


@pytest.mark.parametrize("name", ["au.nothing", "os.system", "stdnum.au.nothing"])
def test_unknown_validators_are_told(name):
    with pytest.raises(LookupError):
        find_validator(name)
