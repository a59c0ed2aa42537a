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
        ("ABN 61 368 335 244 update", "61 368 335 244"),
        ("Zoom 812 3456 7890", "812 3456 7890"),
        ("Webinar 873 2211 0093", "2211 0093"),
        ("IP 81.187.30.112 blocked", "81.187.30.112"),
        ("Planning app 25/00412/FUL", "25/00412/"),
        ("Trade mark 2123456", "2123456"),
        ("Grant GNT1198765", "GNT1198765"),
        ("Auftrag 4711223 best\u00e4tigt", "4711223"),
        ("Claim 8812-220 lodged", "8812-220"),
        ("Statement for account 88123456", "88123456"),
        ("Licence 30417765 for AutoCAD", "30417765"),
        ("Customer 20418831 onboarding", "20418831"),
        ("Customer ref KT-88123", "KT-88123"),
        ("Case 00123456: printer", "00123456"),
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
        ("Bank account 88123456", "88123456"),
        ("Driver's licence 30417765", "30417765"),
        ("NSW licence 30417765", "30417765"),
        ("Medicare claim 8812-220", "8812-220"),
        ("Centrelink reference number 20418831", "20418831"),
        ("Account 412 277 305", "412 277 305"),
        ("Claim 9924908880", "9924908880"),
        ("Case 4539 1093 0017 1239", "1239"),
    ],
)
def test_other_numbers(text, number):
    start = text.index(number)

    assert not is_of_a_thing(text, start, start + len(number))
