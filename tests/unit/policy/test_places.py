import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.model import Role, Tier
from dlp_gateway.policy.places import Places
from tests.unit.policy.examples import attachment, finding

PLACES = Places(
    (
        attachment(where="staff.zip", kind="zip"),
        attachment(where="staff.zip > Ann Lee.xlsx", kind="xlsx"),
        attachment(where="notes.txt", kind="text/plain"),
        attachment(where="odd", kind="<Ann Lee>"),
        attachment(where="attachment 1", kind="zip"),
        attachment(where="attachment 1 > file 2", kind="xlsx"),
        attachment(where="attachment 2", kind="docx"),
        attachment(where="message 1 > attachment 1", kind="pdf"),
    )
)


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("subject", "subject"),
        ("body", "body"),
        ("body (html, with what is hidden)", "body (html, with what is hidden)"),
        ("body > base64", "body, base64"),
        ("header Message-ID", "header Message-ID"),
        ("header X-Ann-Lee", "header"),
        ("message 1 > message 2 > header In-Reply-To", "message 1, message 2, header In-Reply-To"),
        ("message", "message"),
        # places that the readers name by number
        ("attachment 2", "attachment 2 (docx)"),
        ("attachment 2 > comment 4", "attachment 2 (docx), comment 4"),
        (
            "attachment 1 > file 2 > sheet 1 (very hidden) > B7:C9",
            "attachment 1, file 2 (xlsx), sheet 1 (very hidden), B7:C9",
        ),
        ("attachment 1 > file 3 > page 3", "attachment 1 (zip), file 3, page 3"),
        ("message 1 > attachment 1 > form fields", "message 1, attachment 1 (pdf), form fields"),
        ("attachment 17 > pages > page 2", "attachment 17, pages, page 2"),
        # places that people have named
        ("notes.txt", "attachment 3 (text/plain)"),
        ("staff.zip > Ann Lee.xlsx > Payroll Ann > B7", "attachment 2 (xlsx), B7"),
        ("staff.zip > Ann Lee.docx > page 3", "attachment 1 (zip), page 3"),
        ("staff.zip > page Ann", "attachment 1 (zip)"),
        ("attachment 1 > Ann Lee.xlsx", "attachment 1 (zip)"),
        ("attachment 2 > 412277305", "attachment 2 (docx)"),
        ("attachment 2 > sheet 412277305", "attachment 2 (docx)"),
        ("attachment 2 > PA1234567", "attachment 2 (docx)"),
        ("attachment 2 > B1048577", "attachment 2 (docx)"),
        ("staff.zipper > Ann", "an attachment"),
        ("odd > Ann", "attachment 4"),
        ("Ann Lee.pdf > page 3", "an attachment"),
        ("bodyguard Ann", "an attachment"),
        ("sheet", "an attachment"),
        ("", "an attachment"),
    ],
)
def test_places_hold_known_words_and_no_names(where, place):
    assert PLACES.of(where) == place


@pytest.mark.parametrize(
    ("role", "where", "place"),
    [
        (Role.SUBJECT, "whatever Ann", "subject"),
        (Role.FILENAME, "notes.txt", "name of attachment 3 (text/plain)"),
        (Role.FILENAME, "name of attachment 2", "name of attachment 2"),
        (Role.FILENAME, "Ann Lee.pdf", "name of an attachment"),
        (Role.DOCUMENT, "notes.txt > line 4", "attachment 3 (text/plain), line 4"),
        (Role.BODY, "body", "body"),
    ],
)
def test_places_of_findings(role, where, place):
    assert PLACES.of_finding(finding(Tier.PERSONAL, role, where=where)) == place


@given(st.text(max_size=30), st.text(max_size=30))
def test_text_of_people_never_comes_through(outer, inner):
    for where in (f"{outer}Lopez", f"attachment 1 > {outer}Lopez > {inner}", f"body > Lopez{inner}"):
        assert "Lopez" not in PLACES.of(where)
