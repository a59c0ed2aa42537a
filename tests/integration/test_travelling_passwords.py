"""Whole messages with a locked attachment: stopped when its password travels along, delivered when it does not."""

from __future__ import annotations

import base64
import datetime as dt
import time

import pytest

from dlp_gateway.inspection.inspector import Inspector, load_inspector
from dlp_gateway.model import Action, Address, Recipient, Role
from dlp_gateway.settings import default_config_dir, default_detectors_dir, read_policy
from tests.unit.documents import locked
from tests.unit.documents.test_passwords import ALONG, APART
from tests.unit.policy.examples import evaluate

TODAY = dt.date(2026, 2, 2)
OUTSIDE = Recipient(Address("desk", "brightwater.example", "desk@brightwater.example"))
APART_PASSWORD = "8f-Portal-77-key"


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return load_inspector(default_config_dir(), default_detectors_dir())


@pytest.fixture(scope="module")
def policy():
    return read_policy(default_config_dir(), TODAY).policy


def mail(text: str, role: Role, attachment: bytes, name: str, *, hidden: bool = False) -> bytes:
    """A message that says ``text`` where ``role`` stands, with one attachment."""
    subject = text if role is Role.SUBJECT else "Documents for Thursday"
    body = "Please find the file attached." if role in {Role.SUBJECT, Role.FILENAME} else text
    shown = f'<p>Please find the file.</p><p style="display:none">{body}</p>' if hidden else f"<p>{body}</p>"
    file = text if role is Role.FILENAME else name
    return (
        f"From: <desk@westendonsixth.com>\r\nTo: <desk@brightwater.example>\r\nSubject: {subject}\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{shown}\r\n"
        f'--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="{file}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(attachment).decode()}\r\n--b--\r\n"
    ).encode()


def locked_by(number: int, password: str) -> tuple[bytes, str]:
    """The attachment of a message: an archive, or a document with Office encryption."""
    if number % 3 == 0:
        return locked.office_agile(locked.DOCX, password), "list.docx"
    return locked.zip_aes([("persons.csv", b"name,phone\nZarquon,+61 7 3555 0142\n", True)], password), "list.zip"


def judged(inspector: Inspector, policy, raw: bytes) -> tuple[Action, tuple[str, ...], float]:
    began = time.process_time()
    verdict = evaluate(policy, inspector.inspect(raw), None, OUTSIDE, TODAY)
    return verdict.action, verdict.rules, time.process_time() - began


def test_e11_forty_messages_with_their_password_are_stopped(inspector, policy, capsys):
    cases = [(ALONG[n % len(ALONG)], n) for n in range(40)]
    stopped, slowest = 0, 0.0
    for (role, text, password), number in cases:
        attachment, name = locked_by(number, password)
        raw = mail(text.replace("{}", password), role, attachment, name, hidden=number % 5 == 4)
        action, rules, seconds = judged(inspector, policy, raw)
        stopped += action is not Action.DELIVER and bool({"encryption", "subject"} & set(rules))
        slowest = max(slowest, seconds)
    with capsys.disabled():
        print(f"\nstopped {stopped} of {len(cases)}, the slowest took {slowest:.2f} s of processor time")

    assert stopped >= 38


def test_e11_forty_messages_without_it_are_delivered(inspector, policy):
    wrongly = []
    for number in range(40):
        text = APART[number % len(APART)]
        attachment, name = locked_by(number, APART_PASSWORD)
        action, rules, _ = judged(inspector, policy, mail(text, Role.BODY, attachment, name))
        if action is not Action.DELIVER:
            wrongly.append((number, rules))

    assert wrongly == []
