import pytest

from dlp_gateway.detection.risk import risk_signs
from dlp_gateway.model import Role, Text


def signs(text: str, role: Role = Role.BODY) -> list[str]:
    return [sign.why for sign in risk_signs([Text("place", text, role)])]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Attached is the psychiatric report on the claimant.", Role.BODY),
        ("criminal-record-check_Venables.docx", Role.FILENAME),
        ("Medical_certificate.pdf", Role.FILENAME),
        ("HIGH RISK - special category (health)", Role.HEADER),
        ("CLASSIFICATION: RESTRICTED - CRIMINAL OFFENCE DATA", Role.BODY),
        ("Here are the blood test results of the new driver", Role.SUBJECT),
        ("union membership list", Role.SUBJECT),
        ("The card details of our guests are in the file.", Role.BODY),
        ("Die Krankschreibung liegt bei.", Role.BODY),
        ("Le certificat médical est joint.", Role.BODY),
        ("DNA results attached", Role.BODY),
        ("a list of all passwords, encrypted", Role.BODY),
        ("the health records you asked for", Role.BODY),
    ],
)
def test_signs_of_high_risk_content(text, role):
    assert signs(text, role)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("File as agreed, password by telephone.", Role.BODY),
        ("Contribution file, password as usual", Role.SUBJECT),
        ("VER=2018.6, NS=gov.au, SEC=OFFICIAL:Sensitive, ACCESS=Personal-Privacy", Role.HEADER),
        ("Personal", Role.HEADER),
        ("INTERNAL - low risk", Role.HEADER),
        ("not high risk, just the price list", Role.BODY),
        ("Our health and safety policy is attached.", Role.BODY),
        ("Rate card and network diagram", Role.BODY),
        ("Availability report on the health of the platform", Role.BODY),
        ("monthly.xlsx", Role.FILENAME),
        ("The contract is protected, the password comes by text message.", Role.BODY),
        ("Employment agreement, salary as discussed", Role.BODY),
    ],
)
def test_no_signs(text, role):
    assert signs(text, role) == []


def test_a_sign_repeats_no_value():
    (sign, *_) = risk_signs([Text("body", "psychiatric report on Mia Lang", Role.BODY)])

    assert "Mia" not in repr(sign)
