import pytest

from dlp_gateway.detection.ownership import of_a_company
from dlp_gateway.detection.values import PersonSpan


def owned(text: str, name: str | None = None) -> bool:
    data = text.encode()
    start = data.index(b"BSB 1")
    people = []
    if name:
        place = data.index(name.encode())
        people = [PersonSpan(place, place + len(name), 1.0)]
    return of_a_company(data, start, start + 5, people)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Please pay to\n\nKelvin Tools Pty Ltd\nBSB 1\nReference INV-20733", None),
        ("Remit to our account BSB 1", None),
        ("Invoice 88 is due, BSB 1", None),
        ("Bank: BSB 1 (Kelvin Tools Pty Ltd)", "Kelvin Tools"),
        ("Rosa Delgado\nAccounts\nKelvin Tools Pty Ltd | ABN 61 368 335 244\nBSB 1", "Rosa Delgado"),
        ("Rechnung 17, Kontoinhaber Nordlicht GmbH, BSB 1", None),
        ("Donations to BSB 1, thank you, St Mary's P&C", None),
        ("Please pay the netball club: BSB 1", None),
        ("St Luke's Parish, BSB 1", "Luke"),
        ("Bell, Raman and Partners, BSB 1", "Bell"),
        ("Betaal op BSB 1 t.n.v. Bakker Bouw B.V., factuur 118", "Bakker Bouw"),
        ("Betaal op BSB 1 t.n.v. Bakker N.V.", "Bakker"),
        ("Betaal op BSB 1 t.n.v. Bakker N.V.", "Bakker N.V."),
        ("Account number\n\nBSB 1\n\nAccount name\n\nKelvin Tools Pty Ltd", None),
        ("Betaal op BSB 1 t.n.v. Vereniging De Linde", None),
        ("Kelvin Tools Co.Ltd, BSB 1", None),
        ("Account name\n\nWestend Pty Ltd\n\nBank\n\nNAB\n\nBSB\n\nBSB 1", None),
        ("Trading name: Bell Plumbing, BSB 1", None),
    ],
)
def test_a_company_owns_it(text, name):
    assert owned(text, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("For Imogen Tarrant please pay the reimbursement to BSB 1", "Imogen Tarrant"),
        ("BSB 1", None),
        ("Account holder Jan Sas, BSB 1", "Jan Sas"),
        ("Pay Peter Ag: BSB 1", "Peter Ag"),
        ("Mr P Kowalczyk, BSB 1", None),
        ("between Westend Pty Ltd and Ms Ruiz.\n\nThe salary is paid to BSB 1", None),
        ("Invoice attached. Ana Ruiz wants it on her own account BSB 1", "Ana Ruiz"),
        ("Kelvin Tools Pty Ltd refunds Mrs Oduya: BSB 1", None),
        ("The rowing club refunds Ana Ruiz, BSB 1", "Ana Ruiz"),
        ("Could you pay me for the club dinner, BSB 1", None),
        ("Refund for the church camp: BSB 1", None),
        ("Ana Ruiz (committee), BSB 1", "Ana Ruiz"),
        ("De declaratie mag op BSB 1 t.n.v. Tom Dekker.", "Tom Dekker"),
        ("De declaratie mag op BSB 1 T.N.V. Tom Dekker.", None),
        ("Betaal op BSB 1 t.n.v. N.V. Patel", "N.V. Patel"),
        ("Account number\n\nBSB 1\n\nAccount name\n\nAna Ruiz\n\nKelvin Tools Pty Ltd", "Ana Ruiz"),
        ("m.b.v. de app, BSB 1", None),
        ("Factuur 118: BSB 1 t.n.v. mevrouw Janssen", None),
        ("Mr P Kowalczyk of the rowing club, his account: BSB 1", None),
    ],
)
def test_a_person_owns_it(text, name):
    assert not owned(text, name)
