"""What an inspection says of locked attachments: what was opened, and what a message only says of a password."""

import base64

import pytest

from dlp_gateway.detection.values import Detection
from dlp_gateway.documents.budget import DocumentLimits
from dlp_gateway.inspection.inspector import Inspector
from dlp_gateway.model import Grade
from tests.unit.documents import locked

PASSWORD = "Wombat-77-Brisbane"


class NothingFound:
    """Detectors that find nothing."""

    def scan(self, texts, *, subject_only=False, explain=False):
        return Detection((), 0, ())


def mail(body, attachment, name):
    return (
        "From: <desk@westendonsixth.com>\r\nTo: <desk@brightwater.example>\r\nSubject: Documents\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
        f'--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(attachment).decode()}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("body", "inside", "announced"),
    [
        ("Please find the file attached.", False, False),
        ("The password follows by telephone.", False, False),
        (f"The password is {PASSWORD}.", True, True),
        ("The password is Brisbane77.", False, True),
    ],
)
@pytest.mark.parametrize(
    ("attachment", "name"),
    [
        (locked.zip_aes([("persons.csv", b"name,phone\nZarquon,+61 7 3555 0142\n", True)], PASSWORD), "list.zip"),
        (locked.office_agile(locked.DOCX, PASSWORD), "list.docx"),
    ],
)
def test_a_password_that_opened_nothing_is_told_from_one_that_did(body, inside, announced, attachment, name):
    inspection = Inspector(NothingFound()).inspect(mail(body, attachment, name))
    found = [one.protection for one in inspection.attachments if one.protection.state is not Grade.NONE]

    assert [(one.password_inside, one.password_announced) for one in found] == [(inside, announced)]


@pytest.mark.parametrize("tries", [10, 600])
def test_words_of_the_message_are_tried_as_often_as_the_setting_says(tries):
    attachment = locked.zip_aes([("persons.csv", b"name,phone\nZarquon,+61 7 3555 0142\n", True)], PASSWORD)
    raw = mail(" ".join([*(f"Tok3n-{n}" for n in range(500)), PASSWORD]), attachment, "list.zip")
    limits = DocumentLimits(password_tries=tries, password_seconds=60)

    (found,) = (
        one.protection
        for one in Inspector(NothingFound(), documents=limits).inspect(raw).attachments
        if one.protection.state is not Grade.NONE
    )

    assert found.password_inside is (tries > 500)
