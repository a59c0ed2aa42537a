"""The record's entries, its verification from the console, its checkpoints and its export."""

import json
import re

import pytest

from dlp_gateway.audit.chain import Checkpoint, EntryKind
from dlp_gateway.audit.runs import last_run
from dlp_gateway.model import Action
from dlp_gateway.store import database, history
from dlp_gateway.store.history import Wanted
from tests.unit.store.examples import PLANTED, intake, verdict

HELD = verdict("ann@example.net", Action.HOLD)


@pytest.fixture
def filled(console):
    console.commit(*(intake(HELD, message_id=f"m{n}", at=console.clock.now - 100 + n) for n in range(3)))
    return console


def numbers(page):
    return [int(number) for number in re.findall(r'data-row href="/record/(\d+)/"', page.content.decode())]


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("kind=hold", ["hold"] * 3),
        ("kind=checkpoint", ["checkpoint"]),
        ("kind=release", []),
        ("subject=m1", ["hold", "decide"]),
        ("actor=gateway&subject=m1&kind=decide", ["decide"]),
        ("actor=nobody", []),
        ("since=2000-01-01&until=2000-01-02", []),
        ("kind=nonsense&subject=m1", ["hold", "decide"]),
        ("below=x&subject=m1", ["hold", "decide"]),
    ],
)
def test_entries_are_found_newest_first(filled, query, kinds):
    page = filled.client("auditor").get(f"/record/?{query}")

    found = numbers(page)
    assert found == sorted(found, reverse=True)
    assert [history.get(number).kind for number in found] == kinds
    assert not [word for word in PLANTED if word in page.content.decode()]


def test_entries_are_found_by_day(filled):
    assert len(numbers(filled.client("auditor").get("/record/?since=2020-01-01&kind=decide"))) == 3
    assert numbers(filled.client("auditor").get("/record/?until=2020-01-01")) == []


def test_entries_go_on_where_they_ended(console):
    console.commit(*(intake(HELD, message_id=f"m{n:03}", at=console.clock.now) for n in range(40)))
    client = console.client("auditor")

    first = client.get("/record/?kind=hold&kind=decide")
    page = client.get("/record/")
    following = re.search(r'rel="next"[^>]*href="([^"]+)"', page.content.decode())[1]

    assert first.status_code == 200
    assert numbers(client.get(f"/record/{following}"))[0] == numbers(page)[-1] - 1


def test_an_entry_shows_what_its_hash_is_made_of(filled):
    entry = history.newest(Wanted(kind="hold"))[0]

    page = filled.client("auditor").get(f"/record/{entry.seq}/").content.decode()

    assert entry.hash.hex() in page
    assert entry.previous.hex() in page
    assert "ann@example.net" in page  # in the place of its token
    assert all(token in page for token in entry.tokens.split())
    assert 'href="/decisions/m2/"' in page
    assert not [word for word in PLANTED if word in page]


def test_an_entry_that_is_not_there_is_not_found(filled):
    assert filled.client("auditor").get("/record/999/").status_code == 404


def verified(console, role="auditor"):
    response = console.client(role).post("/record/verify/", follow=False)
    console.services.verification.wait()
    return response


def test_a_whole_record_is_verified_and_that_is_on_record(filled):
    assert verified(filled)["Location"] == "/record/"

    run = last_run()
    page = " ".join(filled.client("dpo").get("/record/").content.decode().split())

    assert (run.by, run.broken, run.first) == ("auditor", "", 1)
    assert run.entries == run.last
    assert run.signed == 6
    assert '<span class="badge good">whole</span>' in page
    assert history.newest(Wanted(kind=EntryKind.VERIFY))[0].actor == "auditor"


def test_a_record_that_was_edited_is_seen(filled):
    database.cursor().execute("UPDATE dlp_audit_entry SET actor = 'mallory' WHERE seq = 3")

    verified(filled)

    assert last_run().broken.startswith("entry 3 (edited)")
    assert "The record is broken at entry 3 (edited)" in filled.client("dpo").get("/record/").content.decode()


def test_without_keys_a_verification_fails_and_says_why(filled):
    for path in filled.gateway.keys.glob("audit-*.pub"):
        path.unlink()

    verified(filled)

    assert last_run() is None
    page = filled.client("dpo").get("/record/progress/").content.decode()
    assert "The verification did not end" in page
    assert "holds no audit" in page


def test_a_run_on_its_way_shows_how_far_it_is(filled, monkeypatch):
    monkeypatch.setattr(type(filled.services.verification), "running", True)
    filled.services.verification.passed, filled.services.verification.expected = 1500, 3000
    client = filled.client("dpo")

    page = client.get("/record/").content.decode()
    again = client.post("/record/verify/", follow=True).content.decode()

    assert "1,500 of 3,000 entries" in page
    assert 'hx-get="/record/progress/"' in page
    assert "disabled" in page
    assert "on its way already" in again


def test_the_console_stops_while_a_run_is_on_its_way(filled):
    filled.client("dpo").post("/record/verify/")
    filled.services.verification.stop()

    assert not filled.services.verification.running


def test_only_those_who_may_read_it_verify(filled):
    assert filled.client("admin").post("/record/verify/").status_code == 403
    assert last_run() is None


def saved(console, path):
    response = console.client("auditor").get(path)
    return response, b"".join(response.streaming_content).decode()


@pytest.mark.parametrize(("form", "ending", "lines"), [("json", "jsonl", 7), ("csv", "csv", 8), ("cef", "cef", 7)])
def test_the_record_is_saved(filled, form, ending, lines):
    console_entries = len(history.newest(Wanted(), limit=500)) - 7
    response, text = saved(filled, f"/record/export/{form}/")

    assert response["Content-Disposition"] == f'attachment; filename="record.{ending}"'
    assert len(text.splitlines()) == lines + console_entries + len(history.newest(Wanted(actor="auditor")))
    assert not [word for word in PLANTED if word in text]


def test_checkpoints_are_saved_as_the_command_line_takes_them(filled, tmp_path):
    _, text = saved(filled, "/record/checkpoints/")
    kept = tmp_path / "checkpoints.jsonl"
    kept.write_text(text)

    assert [Checkpoint.parse(json.loads(line)).seq for line in text.splitlines()] == [6]
    assert "The record is whole" in filled.gateway.run("audit", "verify", "--checkpoints", kept).output


@pytest.mark.parametrize("since", [0, 2_000, 3_500, 20_000])
def test_the_span_of_a_period_holds_all_its_entries(console, since):
    now = console.clock.now
    console.commit(*(intake(HELD, at=now - 20_000 + 500 * n - (n % 3) * 900) for n in range(40)))

    first, last = history.span(now - since, now)

    wanted = {entry.seq for entry in history.entries() if now - since <= entry.at < now}
    assert wanted <= set(range(first, last))


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 30, "9" * 5000])
def test_a_number_that_no_entry_can_have_is_not_found(filled, digits):
    browser = filled.client("auditor")

    assert browser.get("/record/", {"below": digits}).status_code == 404
    assert browser.get(f"/record/{digits}/").status_code == 404
    assert browser.get("/record/0/").status_code == 404
    assert numbers(browser.get("/record/", {"below": "9" * 18}))
