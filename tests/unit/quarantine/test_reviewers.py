import pytest

from dlp_gateway.quarantine import reviewers
from dlp_gateway.quarantine.reviewers import Reviewer


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("jo@a.example", "jo@a.example"),
        ("Jo@A.Example", "jo@a.example"),
        ("jo+news@a.example", "jo@a.example"),
        ("jo+a+b@a.example", "jo@a.example"),
        ("jo@a.example.", "jo@a.example"),
        ('"jo"@a.example', "jo@a.example"),
        ('"j\\o"@a.example', "jo@a.example"),
        ("jo@B\u00fccher.example", "jo@xn--bcher-kva.example"),
        ("jo@\u2603\ud800.example", "jo@\u2603\ud800.example"),
        ("jo", "jo"),
        ("", ""),
        ('"@a.example', '"@a.example'),
    ],
)
def test_addresses_of_a_mailbox_have_one_form(address, mailbox):
    assert reviewers.mailbox(address) == mailbox


@pytest.mark.parametrize(
    ("text", "name", "mailbox"),
    [
        (reviewers.noted(Reviewer("Anna <x>", "Anna+2@a.example")), "anna <x>", "anna@a.example"),
        (reviewers.noted(Reviewer("anna", "")), "anna", ""),
        ("anna", "anna", ""),
        ("anna@a.example", "anna@a.example", "anna@a.example"),
    ],
)
def test_an_approval_says_whose_it_is(text, name, mailbox):
    found = reviewers.read(text)

    assert (found.name, str(found), found.mailbox) == (name, name, mailbox)
