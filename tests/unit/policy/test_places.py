import pytest

from dlp_gateway.model import Role, Tier
from dlp_gateway.policy.places import Places
from tests.unit.policy.examples import attachment, finding

PLACES = Places(
    (
        attachment(where="staff.zip", kind="zip"),
        attachment(where="staff.zip > Ann Lee.xlsx", kind="xlsx"),
        attachment(where="notes.txt", kind="text/plain"),
        attachment(where="odd", kind="<Ann Lee>"),
    )
)


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("subject", "subject"),
        ("body", "body"),
        ("body (html)", "body"),
        ("header Comments", "header"),
        ("Headers", "header"),
        ("message", "message"),
        ("notes.txt", "attachment 3 (text/plain)"),
        ("staff.zip > Ann Lee.xlsx > Payroll Ann > B7", "attachment 2 (xlsx), B7"),
        ("staff.zip > Ann Lee.xlsx > comment > B7:C9", "attachment 2 (xlsx), comment, B7:C9"),
        ("staff.zip > Ann Lee.docx > page 3", "attachment 1 (zip), page 3"),
        ("staff.zip > page Ann", "attachment 1 (zip)"),
        ("staff.zipper > Ann", "an attachment"),
        ("odd > Ann", "attachment 4"),
        ("Ann Lee.pdf > page 3", "an attachment"),
        ("bodyguard Ann", "an attachment"),
        ("", "an attachment"),
    ],
)
def test_places_hold_positions_and_no_names(where, place):
    assert PLACES.of(where) == place


@pytest.mark.parametrize(
    ("role", "where", "place"),
    [
        (Role.SUBJECT, "whatever Ann", "subject"),
        (Role.FILENAME, "notes.txt", "name of attachment 3 (text/plain)"),
        (Role.FILENAME, "Ann Lee.pdf", "name of an attachment"),
        (Role.DOCUMENT, "notes.txt > line 4", "attachment 3 (text/plain), line 4"),
        (Role.BODY, "body", "body"),
    ],
)
def test_places_of_findings(role, where, place):
    assert PLACES.of_finding(finding(Tier.PERSONAL, role, where=where)) == place
