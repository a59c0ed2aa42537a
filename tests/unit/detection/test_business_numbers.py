import pytest

from dlp_gateway.detection.business_numbers import is_of_a_thing


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("PO 4517874421: pump replacement", "4517874421"),
        ("PO 4517874421: pump replacement", "PO 4517874421"),
        ("PO 4517874421: pump replacement", "PO"),
        ("Fwd: [INC7530188] printer on level 2", "INC7530188"),
        ("Fwd: [INC7530188] printer on level 2", "7530188"),
        ("Invoice no. 123456782 paid twice", "123456782"),
        ("purchase order nos. 4412093", "4412093"),
        ("Tracking #99 8123 4471 delayed", "99 8123 4471"),
        ("Remittance advice 0044718", "0044718"),
        ("Sealed folder 20-117", "20-117"),
        ("protected file 33-119", "33-119"),
        ("protected file 33-119", "-119"),
    ],
)
def test_numbers_of_things(text, number):
    start = text.index(number)

    assert is_of_a_thing(text, start, start + len(number))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("TFN 123 456 782 on tenancy form", "123 456 782"),
        ("Passport N4471820 guest reg card", "N4471820"),
        ("Staff no. 7741 warning letter", "7741"),
        ("Member 4471882 hardship", "4471882"),
        ("Order of the court: passport E8812074", "E8812074"),
        ("depot 4471882", "4471882"),
        ("patient file 20-117", "20-117"),
        ("Tax file no. 123 456 782", "123 456 782"),
        ("INC ticket for medicare 2123 45670 1", "2123 45670 1"),
        ("4471882", "4471882"),
    ],
)
def test_other_numbers(text, number):
    start = text.index(number)

    assert not is_of_a_thing(text, start, start + len(number))
