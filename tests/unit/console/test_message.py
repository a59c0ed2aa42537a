"""One held message: what is shown sealed and opened, and what can be done with it."""

import json
import re

import pytest

from dlp_gateway.console.inspector import Inspector
from dlp_gateway.console.sections import opening
from dlp_gateway.model import Action
from dlp_gateway.quarantine import appeals
from dlp_gateway.quarantine.rules import Reviewer, ReviewError
from dlp_gateway.settings import default_config_dir, read_configuration
from dlp_gateway.store import database, history, keys
from tests.unit.store.examples import PLANTED, intake, verdict

HOLD = verdict("bob@example.org", Action.HOLD)
ANN = verdict("ann@example.net", Action.HOLD)
HIGH = verdict("eve@example.org", Action.HOLD, approvals=2)

MAIL = b"\r\n".join(
    [
        b"From: Jo <jo@westendonsixth.com>",
        b"To: bob@example.org",
        b"Subject: Quillfeather",
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/mixed; boundary=x",
        b"",
        b"--x",
        b"Content-Type: text/html; charset=utf-8",
        b"",
        b"<p onclick=alert(1)>His tax file number is 123 456 782.<script>alert('evil')</script></p>",
        b"<img src=https://evil.example/p.gif><a href=javascript:alert(1)>press</a>",
        b"--x",
        b'Content-Type: application/octet-stream; name="../wombat-4471.csv"',
        b"Content-Disposition: attachment",
        b"",
        b"Name,TFN\r\nHugh Pallister,123 456 782",
        b"--x--",
        b"",
    ]
)


def states(message_id="one"):
    with database.cursor() as cursor:
        cursor.execute("SELECT literal, state FROM dlp_recipient WHERE message_id = %s ORDER BY id", (message_id,))
        return dict(cursor.fetchall())


def kinds(message_id="one"):
    return [entry.kind for entry in history.of(message_id)]


def notices():
    with database.cursor() as cursor:
        cursor.execute("SELECT about FROM dlp_message WHERE kind = 'notice' ORDER BY at")
        return [row[0] for row in cursor.fetchall()]


def contents_of_notices(console):
    """The notices themselves, as they would go out."""
    found = []

    async def read(store):
        waiting = await store.lease("test", 100, console.clock.now + 1, 60)
        found.extend([await store.content(one.message_id) for one in waiting if one.kind == "notice"])

    console.commit(then=read)
    return [content.decode() for content in found]


def numbers(message_id="one"):
    with database.cursor() as cursor:
        cursor.execute("SELECT literal, id FROM dlp_recipient WHERE message_id = %s", (message_id,))
        return dict(cursor.fetchall())


def shown(response):
    assert response.status_code == 200
    text = response.content.decode()
    assert not [word for word in PLANTED if word in text]
    return text


@pytest.fixture
def one(console):
    console.commit(intake(HOLD, message_id="one", at=console.clock.now - 60, content=MAIL))
    return console


@pytest.fixture(scope="module")
def worker():
    import datetime as dt

    inspector = Inspector(read_configuration(default_config_dir(), dt.datetime.now(dt.UTC).date(), environment={}))
    yield inspector
    inspector.stop()


@pytest.fixture
def shows(one, worker, monkeypatch):
    """The console with a worker that is there already."""
    monkeypatch.setattr(one.services, "inspector", lambda: worker)
    return one


def post(browser, act, message_id="one", **given):
    return browser.post(f"/held/{message_id}/{act}/", given, follow=True)


# Sealed


@pytest.mark.parametrize("role", ["dpo", "security"])
def test_a_sealed_message_tells_why_it_is_held(one, role):
    text = shown(one.client(role).get("/held/one/"))

    for part in (
        "Personal data beyond contact information would leave in clear text",
        "clause 5.14(a), rule external",
        "TFN in attachment 1 (xlsx)",
        "outside the organisation",
        "au_tfn",
        "checksum",
        "0.99",
        "not encrypted",
        "picture not read",
        "file name names a payslip",
        "Held, sealed to the reviewers",
    ):
        assert part in text
    assert ("/held/one/release/" in text) is (role == "dpo")


@pytest.mark.parametrize("path", ["/held/none/", "/held/sent/"])
def test_what_was_not_held_is_not_there(one, path):
    one.commit(intake(message_id="sent"))

    assert one.client("dpo").get(path).status_code == 404


ACTS = ["open", "release", "return", "delete", "restrict", "refuse-appeal", "mark", "opened/download"]


@pytest.mark.parametrize("role", ["security", "admin", "auditor", ""])
@pytest.mark.parametrize("act", ACTS)
def test_only_data_protection_officers_act(one, role, act):
    assert post(one.client(role), act, reason="r").status_code == 403
    assert one.client(role).get("/held/one/opened/").status_code == 403
    assert one.client(role).get("/held/one/opened/html/0/").status_code == 403
    assert kinds() == ["decide", "hold"]


@pytest.mark.parametrize("act", ACTS)
def test_acts_are_posts_with_the_page_s_own_token(one, act):
    browser = one.client("dpo")
    assert browser.get(f"/held/one/{act}/").status_code == 405

    browser.handler.enforce_csrf_checks = True
    assert post(browser, act, reason="r").status_code == 403
    assert kinds() == ["decide", "hold"]


# Opened


def opened(console, name="dpo", reason="review"):
    browser = console.client("dpo", name)
    return browser, post(browser, "open", reason=reason)


def test_opening_needs_a_reason(one):
    browser = one.client("dpo")

    assert "a reason is needed" in shown(post(browser, "open", reason=" "))
    assert "needs a reason" in shown(browser.get("/held/one/opened/", follow=True))
    assert browser.get("/held/one/opened/html/0/").status_code == 404
    assert "needs a reason" in shown(post(browser, "opened/download"))
    assert kinds() == ["decide", "hold"]


def test_an_opened_message_is_shown_with_what_was_found(shows):
    browser, response = opened(shows)
    text = response.content.decode()

    assert response.redirect_chain == [("/held/one/opened/", 302)]
    assert "<dd><bdi>Quillfeather</bdi></dd>" in text
    assert len(re.findall(r'<mark title="TFN[^"]*">123 456 782</mark>', text)) >= 2
    assert "wombat-4471.csv" in text
    assert "<td>wombat-4471.xlsx &gt; Quillfeather</td>" in text  # the place that has only a number while it is sealed
    for hostile in ("<script>alert", "<img", "onclick=alert(1)>", "javascript:alert(1)>press"):
        assert hostile not in text
    assert 'iframe class="mail" sandbox loading' in text

    # Looking again is the same look.
    assert "123 456 782" in browser.get("/held/one/opened/").content.decode()
    assert kinds() == ["decide", "hold", "view"]
    assert "Reason: review" in shown(browser.get("/held/one/"))


def test_the_session_holds_no_content(shows):
    browser, _ = opened(shows)

    held = json.dumps(dict(browser.session.items()))
    assert '"opened": {"one"' in held
    assert not [word for word in PLANTED if word in held]


def test_what_one_has_opened_no_other_session_sees(shows):
    opened(shows)

    for other in (shows.client("dpo"), shows.client("dpo", "second")):
        assert "needs a reason" in shown(other.get("/held/one/opened/", follow=True))
        assert other.get("/held/one/opened/html/0/").status_code == 404


def test_an_opening_ends_after_a_quarter_of_an_hour_and_with_the_hold(shows):
    browser, _ = opened(shows)
    shows.clock.now += opening.SECONDS - 1
    assert browser.get("/held/one/opened/").status_code == 200

    shows.clock.now += 2
    assert "needs a reason" in shown(browser.get("/held/one/opened/", follow=True))

    browser, _ = opened(shows)
    post(shows.client("dpo", "second"), "delete", reason="r", to=numbers()["bob@example.org"])
    assert "is not held any more" in shown(browser.get("/held/one/opened/", follow=True))


def test_html_is_shown_in_a_frame_that_lets_nothing_happen(shows):
    browser, _ = opened(shows)

    response = browser.get("/held/one/opened/html/0/")
    text = response.content.decode()

    assert "His tax file number is 123 456 782." in text
    assert not [word for word in ("script", "onclick", "evil", "img", "href", "javascript") if word in text]
    assert response["Content-Security-Policy"] == opening._FRAME_POLICY
    assert "default-src 'none'" in opening._FRAME_POLICY
    assert opening._FRAME_POLICY.endswith("sandbox")
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert browser.get("/held/one/opened/html/9/").content.decode().endswith("<body></body></html>")


@pytest.mark.parametrize(
    ("part", "name", "content", "what"),
    [("", "one.eml", MAIL, "message"), ("0", "_wombat-4471.csv", b"Name,TFN\r\nHugh Pallister,123 456 782", "file 1")],
)
def test_copies_are_bytes_of_no_type_and_on_record(shows, part, name, content, what):
    browser, _ = opened(shows)

    response = browser.post("/held/one/opened/download/", {"part": part})

    assert response.content == content
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response["Cache-Control"] == "no-store"
    assert kinds() == ["decide", "hold", "view", "copy"]
    assert f"Copy taken of the {what}" in shown(browser.get("/held/one/"))


@pytest.mark.parametrize("part", ["9", "-1", "x"])
def test_there_are_no_copies_of_other_files(shows, part):
    browser, _ = opened(shows)

    assert browser.post("/held/one/opened/download/", {"part": part}).status_code == 404


NAMES = {
    "report.pdf": "report.pdf",
    "../../etc/passwd": "_.._etc_passwd",
    "a\r\nSet-Cookie: b=c.txt": "a__Set-Cookie_ b=c.txt",
    'x".exe': "x_.exe",
    "evil\u202efdp.exe": "evil_fdp.exe",
    ".bashrc": "bashrc",
    "": "attachment",
    "...": "attachment",
    "a" * 300 + ".docx": "a" * 120 + ".docx",
    "CON\x00.txt": "CON_.txt",
}


@pytest.mark.parametrize(("name", "safe"), NAMES.items())
def test_file_names_steer_nothing(name, safe):
    assert opening.safe_name(name) == safe


def test_a_worker_that_fails_hides_nothing_but_the_view(one, monkeypatch):
    from dlp_gateway.inspection.pool import WorkerFailed

    def fails(_request, _question):
        raise WorkerFailed("memory limit")

    monkeypatch.setattr(opening, "_ask", fails)
    _, response = opened(one)

    assert "it cannot be shown here: memory limit. It can be downloaded." in response.content.decode()


@pytest.mark.parametrize("reply", [{}, {"texts": [{}]}, {"texts": 1}, {"texts": [], "parts": [], "pages": "x"}])
def test_a_worker_that_says_nonsense_is_not_believed(one, monkeypatch, reply):
    monkeypatch.setattr(opening, "_ask", lambda _request, _question: reply)
    _, response = opened(one)

    assert "cannot be understood" in response.content.decode()


def test_what_the_sender_asks_is_read_only_where_the_message_is_opened(shows):
    appeals.ask("one", "wombat words", keys.load_sealing(shows.gateway.keys), shows.clock.now)

    text = shown(shows.client("dpo").get("/held/one/"))
    assert "the sender asks for its release" in text
    assert "wombat words" not in text
    assert "sender asks" in shown(shows.client("dpo").get("/held/?state=appeal"))

    _, response = opened(shows)
    assert "wombat words" in response.content.decode()


# Acts


@pytest.mark.parametrize(
    ("act", "state", "kind"),
    [("release", "queued", "release"), ("return", "returned", "return"), ("delete", "deleted", "delete")],
)
def test_an_act_shows_the_next_message(one, act, state, kind):
    one.commit(intake(HOLD, message_id="two", at=one.clock.now))

    response = post(
        one.client("dpo"), act, reason="agreed", to=numbers()["bob@example.org"], list="sender=jo", tell="on"
    )

    assert states() == {"bob@example.org": state}
    assert kinds() == ["decide", "hold", kind]
    assert notices() == ["one"]
    assert response.redirect_chain == [("/held/two/?sender=jo", 302)]
    assert "for 1 recipient." in shown(response)


def test_after_the_last_message_the_list_is_shown(one):
    response = post(one.client("dpo"), "release", reason="agreed", to=numbers()["bob@example.org"])

    assert response.redirect_chain == [("/held/", 302)]
    assert notices() == []


def test_some_recipients_are_released_and_the_others_still_wait(console):
    console.commit(intake(HOLD, ANN, message_id="one", at=console.clock.now))
    browser = console.client("dpo")

    response = post(browser, "release", reason="he may", to=numbers()["bob@example.org"])

    assert states() == {"bob@example.org": "queued", "ann@example.net": "held"}
    assert response.redirect_chain == [("/held/one/", 302)]
    assert "no recipient was named" in shown(post(browser, "delete", reason="r"))
    post(browser, "delete", reason="r", to=numbers()["ann@example.net"])
    assert states()["ann@example.net"] == "deleted"


def test_who_has_approved_one_recipient_can_release_the_others(console):
    console.commit(intake(HIGH, HOLD, message_id="one", at=console.clock.now))
    browser, number = console.client("dpo"), numbers()
    post(browser, "release", reason="r", to=number["eve@example.org"])

    page = browser.get("/held/one/").content.decode()
    release = page.partition("/held/one/release/")[2].partition("</form>")[0]
    assert f'value="{number["eve@example.org"]}" disabled' in release
    assert f'value="{number["bob@example.org"]}" checked' in release
    assert "<button>Release" in release
    assert "You have approved its release for eve@example.org." in page
    post(browser, "release", reason="r", to=number["bob@example.org"])
    assert states() == {"bob@example.org": "queued", "eve@example.org": "held"}
    assert "<button disabled>Release" in browser.get("/held/one/").content.decode()


def test_high_risk_is_released_by_two_and_never_by_one_twice(console):
    console.commit(intake(HIGH, message_id="one", at=console.clock.now))
    number, browser = numbers()["eve@example.org"], console.client("dpo")

    assert "another reviewer has to agree" in shown(post(browser, "release", reason="r", to=number, tell="on"))
    assert "approved by this reviewer already" in shown(post(browser, "release", reason="r", to=number))
    assert "You have approved its release" in shown(browser.get("/held/one/"))
    assert (states(), notices()) == ({"eve@example.org": "held"}, [])

    post(console.client("dpo", "second"), "release", reason="r", to=number, tell="on")
    assert (states(), notices()) == ({"eve@example.org": "queued"}, ["one"])


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "auditor"}])
def test_an_approval_counts_as_long_as_its_giver_may_decide(console, change):
    console.commit(intake(HIGH, message_id="one", at=console.clock.now))
    number, giver = numbers()["eve@example.org"], console.account("dpo", "first")
    post(console.client("dpo", "first"), "release", reason="r", to=number)
    accounts = type(giver).objects.filter(pk=giver.pk)

    assert "1 of 2 approvals" in shown(console.client("dpo", "second").get("/held/"))
    accounts.update(**change)
    second = console.client("dpo", "second")
    assert "approved by nobody yet" in shown(second.get("/held/one/"))
    assert "0 of 2 approvals" in shown(second.get("/held/"))
    assert "another reviewer has to agree" in shown(post(second, "release", reason="r", to=number, tell="on"))
    assert (states(), notices()) == ({"eve@example.org": "held"}, [])

    accounts.update(is_active=True, role="dpo")
    post(console.client("dpo", "third"), "release", reason="r", to=number, tell="on")
    assert (states(), notices()) == ({"eve@example.org": "queued"}, ["one"])
    assert kinds().count("approve") == 2


def test_an_approval_from_the_command_line_is_of_the_account_with_its_mailbox(console):
    console.commit(intake(HIGH, message_id="one", at=console.clock.now))
    who, number = Reviewer("Dana Osei", "DPO+work@westendonsixth.com"), numbers()["eve@example.org"]
    console.services.desk().release("one", [number], who, "fine")

    assert "approved by this reviewer already" in shown(post(console.client("dpo"), "release", reason="r", to=number))
    assert states() == {"eve@example.org": "held"}

    auditor = console.account("auditor")
    with pytest.raises(ReviewError, match="none of several approvals"):
        console.services.desk().release("one", None, Reviewer("Aude", auditor.email), "fine")
    assert states() == {"eve@example.org": "held"}


def test_an_approval_of_an_older_release_counts_for_the_account_of_its_name(console):
    console.commit(intake(HIGH, message_id="one", at=console.clock.now))
    number = numbers()["eve@example.org"]
    add = "INSERT INTO dlp_approval (recipient_id, reviewer, at) VALUES (%s, %s, 0)"
    with database.cursor() as cursor:
        cursor.execute(add, (number, "typed"))  # a bare name from the command line: nobody knows whose
    assert "approved by nobody yet" in shown(console.client("dpo").get("/held/one/"))

    console.account("dpo", "first")
    with database.cursor() as cursor:
        cursor.execute(add, (number, "first"))
    post(console.client("dpo"), "release", reason="r", to=number)
    assert states() == {"eve@example.org": "queued"}


def test_the_sender_is_told_of_those_who_are_released_alone(console):
    console.commit(intake(HOLD, HIGH, message_id="one", at=console.clock.now))

    post(console.client("dpo"), "release", reason="r", to=[*numbers().values()], tell="on")

    assert states() == {"bob@example.org": "queued", "eve@example.org": "held"}
    (told,) = contents_of_notices(console)
    assert ("<bob@example.org>" in told, "<eve@example.org>" in told) == (True, False)


@pytest.mark.parametrize(("act", "state"), [("release", "queued"), ("return", "returned"), ("delete", "deleted")])
def test_a_message_for_very_many_is_decided_on_its_page(console, act, state):
    many = [verdict(f"r{n}@example.org", Action.HOLD) for n in range(1000)]
    console.commit(intake(*many, message_id="one", at=console.clock.now))
    to = numbers()

    post(console.client("dpo"), act, reason="r", to=[*to.values()], tell="on")

    assert len(to) == 1000
    assert set(states().values()) == {state}


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000])
@pytest.mark.parametrize(
    ("act", "field"), [("release", "to"), ("return", "to"), ("delete", "to"), ("download", "part")]
)
def test_a_number_that_nothing_can_have_is_not_found(one, act, field, number):
    browser = one.client("dpo")
    browser.post("/held/one/open/", {"reason": "r"})

    assert browser.post(f"/held/one/{act}/", {field: number, "reason": "r"}).status_code == 404
    assert browser.get(f"/held/one/opened/html/{number}/").status_code == 404
    assert states() == {"bob@example.org": "held"}


@pytest.mark.parametrize("sender", ["dpo@westendonsixth.com", "DPO+x@westendonsixth.com"])
def test_nobody_releases_what_they_sent(console, sender):
    console.commit(intake(HOLD, message_id="one", at=console.clock.now, sender=sender))
    browser = console.client("dpo")

    assert "You sent this message" in shown(browser.get("/held/one/"))
    assert "somebody else has to release it" in shown(post(browser, "release", reason="r", to=[*numbers().values()]))
    assert states() == {"bob@example.org": "held"}


@pytest.mark.parametrize("act", ["release", "return", "delete", "open", "restrict"])
def test_of_two_who_act_at_once_one_is_told_that_it_is_over(one, act):
    number = numbers()["bob@example.org"]
    post(one.client("dpo"), "release", reason="r", to=number)

    response = post(one.client("dpo", "second"), act, reason="r", to=number, on="1")

    assert "is not held any more" in shown(response)
    assert kinds() == ["decide", "hold", "release"]


@pytest.mark.parametrize("act", ["release", "return", "delete"])
def test_acts_need_a_reason(one, act):
    assert "a reason is needed" in shown(post(one.client("dpo"), act, reason="", to=numbers()["bob@example.org"]))
    assert states() == {"bob@example.org": "held"}


def test_restricting_stops_everything_until_it_is_lifted(one):
    browser = one.client("dpo")

    assert "clock stands still" in shown(post(browser, "restrict", reason="dispute", on="1"))
    assert "lift the restriction first" in shown(post(browser, "delete", reason="r", to=numbers()["bob@example.org"]))
    assert "restriction is lifted" in shown(post(browser, "restrict", reason="settled", on="0"))
    assert kinds() == ["decide", "hold", "restrict", "restrict"]


def test_a_request_is_refused_and_the_message_stays(one):
    appeals.ask("one", "please", keys.load_sealing(one.gateway.keys), one.clock.now)

    assert "stays held" in shown(one.client("dpo").get("/held/one/"))
    response = post(one.client("dpo"), "refuse-appeal", reason="encrypt it")
    assert "The sender is told" in shown(response)
    assert (states(), notices()) == ({"bob@example.org": "held"}, ["one"])
    assert kinds()[-1] == "refuse_appeal"
    assert "nobody waits for an answer" in shown(post(one.client("dpo"), "refuse-appeal", reason="again"))


def test_a_finding_is_marked_as_wrong_and_taken_back(one):
    browser = one.client("dpo")
    what = {"entity": "au_tfn", "detector": "au", "place": "body 1"}

    assert "marked as wrong" in shown(post(browser, "mark", wrong="1", **what))
    assert "marked as wrong" in shown(post(browser, "mark", wrong="1", **what))
    assert "au_tfn in body 1 (au)" in shown(post(browser, "mark", wrong="0", **what))
    assert kinds() == ["decide", "hold", "mark", "mark"]
    assert "nothing like that was found" in shown(post(browser, "mark", wrong="1", **{**what, "place": "elsewhere"}))
