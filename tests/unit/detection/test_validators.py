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
