"""The sender's page: reached by the link in the notice, for one message, without an account."""

import hashlib
import io
import logging
import re
import time
from dataclasses import replace

import pytest
import structlog
from django.test import Client

from dlp_gateway.console.sections import sender
from dlp_gateway.model import Action
from dlp_gateway.monitoring import logs
from dlp_gateway.quarantine import answers, appeals, held
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import database, history, spool
from dlp_gateway.store.values import SenderLink
from dlp_gateway.wiring import letterhead
from tests.unit.store.examples import PLANTED, SENDER, intake, verdict

KEY = "k" * 43
WORDS = "Bob is my own doctor: zyzzyva-treatment was agreed."
CODEWORD = "zyzzyva"
DPO = Reviewer("dpo", "dpo@westendonsixth.com")
GONE = "This link does not work (any more)"


def link(key=KEY, days=14):
    return SenderLink(hashlib.sha256(key.encode()).hexdigest(), time.time() + days * 86400)


@pytest.fixture
def one(console):
    """A held message with a link; returns the browser of its sender."""
    mixed = (verdict("bob@example.org", Action.HOLD), verdict("ann@example.net", Action.DELIVER))
    console.commit(replace(intake(*mixed, message_id="m1", at=time.time()), link=link()))
    return console.client()


def opened(browser, key=KEY):
    browser.post(f"/sender/{key}")
    return browser


def text(response):
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def kinds(message_id="m1"):
    return [entry.kind for entry in history.of(message_id)]


# ---------------------------------------------------------------- the link


def test_looking_at_the_link_changes_nothing_and_shows_nothing(one):
    for method in (one.get, one.head, one.get):
        response = method(f"/sender/{KEY}")
        assert response.status_code == 200
    assert "Open the page" in text(one.get(f"/sender/{KEY}"))
    assert "bob@example.org" not in text(response)
    assert one.get("/sender/").status_code == 403
    assert kinds() == ["decide", "hold"]


def test_the_button_opens_the_page_once(console, one):
    response = one.post(f"/sender/{KEY}")

    assert (response.status_code, response["Location"]) == (302, "/sender/")
    assert one.get("/sender/").status_code == 200
    other = console.client()
    assert (other.get(f"/sender/{KEY}").status_code, other.post(f"/sender/{KEY}").status_code) == (410, 410)
    assert GONE in text(other.get(f"/sender/{KEY}"))
    assert other.get("/sender/").status_code == 403
    assert kinds() == ["decide", "hold", "sign_in"]


@pytest.mark.parametrize("key", ["unknown", "x" * 4000, "%00", "..%5c", "'; DROP TABLE dlp_link"])
def test_a_link_that_is_none_looks_like_one_that_was_used(console, one, key):
    used = opened(console.client()).get(f"/sender/{KEY}")
    response = one.get(f"/sender/{key}")

    assert (response.status_code, text(response)) == (used.status_code, text(used)) == (410, text(used))


def test_a_link_expires(console, one):
    console.clock.now += 15 * 86400

    assert one.get(f"/sender/{KEY}").status_code == 410
    assert one.post(f"/sender/{KEY}").status_code == 410


def test_a_form_from_elsewhere_opens_nothing(console, one):
    strict = Client(SERVER_NAME="localhost", SERVER_PORT="8080", HTTP_HOST="localhost:8080", enforce_csrf_checks=True)
    assert strict.post(f"/sender/{KEY}").status_code == 403

    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', strict.get(f"/sender/{KEY}").content.decode())[1]
    foreign = strict.post(f"/sender/{KEY}", {"csrfmiddlewaretoken": token}, HTTP_ORIGIN="https://evil.example")
    assert foreign.status_code == 403
    own = strict.post(f"/sender/{KEY}", {"csrfmiddlewaretoken": token}, HTTP_ORIGIN="http://localhost:8080")
    assert own.status_code == 302


@pytest.mark.parametrize("path", [f"/sender/{KEY}", "/sender/unknown", "/sender/"])
def test_the_address_of_the_page_goes_nowhere_else(one, path):
    response = one.get(path)

    assert response["Referrer-Policy"] == "strict-origin"
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex"


def test_the_session_gets_a_new_name_when_the_link_is_used(console, one):
    planted = console.client("dpo")
    before = planted.cookies["session"].value
    planted.post(f"/sender/{KEY}")

    assert planted.cookies["session"].value != before


def test_the_page_closes_after_half_an_hour(console, one):
    opened(one)
    console.clock.now += 1799
    assert one.get("/sender/").status_code == 200

    console.clock.now += 2
    assert one.get("/sender/").status_code == 403
    for act in ("withdraw", "ask"):
        assert one.post(f"/sender/message/{act}", {"words": "x"}).status_code == 403
    assert held.find("m1").waiting


def test_the_page_is_no_account(console, one):
    opened(one)

    for path in ("/", "/account/2fa/"):
        assert one.get(path).status_code == 302


# ---------------------------------------------------------------- a new link


@pytest.mark.parametrize("key", [KEY, "unknown"])
def test_whoever_asks_for_a_new_link_hears_the_same(console, one, key):
    opened(console.client())

    response = one.post(f"/sender/{key}/again")

    assert (response.status_code, "If the link belongs to a message of yours" in text(response)) == (200, True)
    assert [row.recipient for row in notices()] == ([SENDER] if key == KEY else [])


def notices():
    return [row for row in spool.waiting() if row.kind == "notice"]


# ---------------------------------------------------------------- what it shows


def test_it_says_what_became_of_it_for_whom_and_why(one):
    response = opened(one).get("/sender/")

    said = text(response)
    assert "bob@example.org held: waits for a reviewer personal data beyond contact" in said
    assert "ann@example.net on its way Nothing speaks against it." in said
    assert "TFN in attachment 1 (xlsx)" in said
    assert "What to do: Take out what goes beyond that" in said
    assert "attachment 1 (xlsx), 4.6 KB, protection: none" in said
    assert not [word for word in PLANTED if word in response.content.decode()]
    assert response.content.decode().count("<h1") == 1


@pytest.mark.parametrize(("approvals", "told"), [(1, False), (2, True)])
def test_high_risk_is_said_to_need_two(console, approvals, told):
    risky = verdict("bob@example.org", Action.HOLD, approvals=approvals)
    console.commit(replace(intake(risky, message_id="m2"), link=link("two")))

    assert ("two different reviewers" in text(opened(console.client(), "two").get("/sender/"))) is told


def test_one_link_shows_one_message(console, one):
    console.commit(
        replace(intake(verdict("cy@example.org", Action.HOLD), message_id="m2"), link=link("two")),
    )
    opened(one)
    assert "cy@example.org" not in text(one.get("/sender/"))

    opened(one, "two")
    assert "bob@example.org" not in text(one.get("/sender/"))


# ---------------------------------------------------------------- what it does


def test_the_sender_withdraws(one):
    opened(one)
    response = one.post("/sender/message/withdraw", follow=True)

    assert "The message was withdrawn and deleted" in text(response)
    assert "bob@example.org not sent: withdrawn" in text(response)
    assert "Withdraw it" not in text(response)
    assert kinds()[-1] == "withdraw"
    assert held.waiting() == []
    assert [row.recipient for row in notices()] == [SENDER]
    assert "Not withdrawn" in text(one.post("/sender/message/withdraw", follow=True))


def test_the_confirmation_names_nobody_who_got_it_meanwhile(console, monkeypatch):
    waiting = (verdict("bob@example.org", Action.HOLD), verdict("cy@example.org", Action.HOLD))
    console.commit(replace(intake(*waiting, message_id="m1", at=time.time()), link=link()))
    browser = opened(console.client())
    named = []

    def released_first(settings):
        """A reviewer acts after the page has read the message and before it is withdrawn."""
        console.services.desk().release("m1", [held.find("m1").waiting[0].id], DPO, "fine")
        return letterhead(settings)

    def telling(_letter, _event, message, recipients, *_rest):
        named.extend(one.address.literal for one in message.recipients if one.id in recipients)
        return ()

    monkeypatch.setattr(sender, "letterhead", released_first)
    monkeypatch.setattr(answers, "to_sender", telling)
    page = text(browser.post("/sender/message/withdraw", follow=True))

    assert named == ["cy@example.org"]
    assert "withdrawn and deleted for all who waited for it" in page
    assert "bob@example.org on its way" in page


def test_the_sender_asks_for_release(console, one):
    opened(one)
    response = one.post("/sender/message/ask", {"words": WORDS}, follow=True)

    assert "The reviewers were asked to release the message" in text(response)
    assert "Nobody has answered yet" in text(response)
    assert CODEWORD not in response.content.decode()
    assert kinds()[-1] == "appeal"
    (waits,) = appeals.waiting()
    assert appeals.justification(console.review_keys(), waits) == WORDS
    again = one.post("/sender/message/ask", {"words": WORDS}, follow=True)
    assert "was asked for already" in text(again)
    assert len(appeals.waiting()) == 1


@pytest.mark.parametrize("words", ["", "  ", "x" * 2001])
def test_a_justification_that_is_none_is_said_to_be(one, words):
    opened(one)
    response = one.post("/sender/message/ask", {"words": words})

    assert (response.status_code, "errorlist" in response.content.decode()) == (422, True)
    assert appeals.waiting() == []


def test_the_answer_stands_on_the_page(console, one):
    opened(one).post("/sender/message/ask", {"words": WORDS})
    desk = console.services.desk()
    desk.refuse_appeal("m1", DPO, "Ask him to <b>sign</b> first.")

    response = one.get("/sender/")
    assert "A reviewer refused to release it as it is" in text(response)
    assert "Ask him to &lt;b&gt;sign&lt;/b&gt; first." in response.content.decode()
    one.post("/sender/message/ask", {"words": WORDS})
    desk.release("m1", None, DPO, "signed now")
    assert "A reviewer released the message." in text(one.get("/sender/"))
    assert "signed now" not in text(one.get("/sender/"))


def test_what_is_frozen_for_a_dispute_stays(console, one):
    console.services.desk().restrict("m1", DPO, "dispute", on=True)
    opened(one)

    assert "Nothing is done with it for the time being" in text(one.get("/sender/"))
    assert "Not withdrawn" in text(one.post("/sender/message/withdraw", follow=True))
    assert held.find("m1").waiting


# ---------------------------------------------------------------- what must not be kept


@pytest.fixture
def logged(monkeypatch):
    """What the process logs, as the console's does."""
    stream = io.StringIO()
    before = structlog.get_config()
    monkeypatch.setattr(logging.getLogger(), "handlers", logging.getLogger().handlers[:])
    logs.configure("debug", stream)
    yield stream
    structlog.configure(**before)


def test_neither_the_key_nor_the_words_are_kept_or_logged(console, one, logged):
    strict = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    for browser in (one, strict):
        browser.get(f"/sender/{KEY}")
        browser.put(f"/sender/{KEY}")
        browser.get(f"/sender/{KEY}/nothing")
        browser.post(f"/sender/{KEY}")
        browser.get(f"/sender/{KEY}")
        browser.post("/sender/message/ask", {"words": WORDS})
    assert appeals.waiting()
    database.checkpoint()

    files = b"".join(path.read_bytes() for path in console.gateway.root.rglob("*") if path.is_file())
    assert b"bob@example.org" in files
    assert "django.request" in logged.getvalue()
    assert "django.security.csrf" in logged.getvalue()
    for secret in (KEY, CODEWORD):
        assert secret.encode() not in files
        assert secret not in logged.getvalue()
