"""What is due is gone: planted words are looked for in the raw bytes of the database before and after each clock."""

import datetime as dt
import json
import sqlite3

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session

from dlp_gateway.audit.check import check
from dlp_gateway.console import accounts as console_accounts
from dlp_gateway.housekeeping import limits
from dlp_gateway.model import Action
from dlp_gateway.quarantine.expiry import expire
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.settings.sections import Retention
from dlp_gateway.store import accounts, clocks, database, history, keys, requests, retention, versions
from dlp_gateway.store.requests import DataSubject, Outcome, RequestKind
from dlp_gateway.store.versions import Version
from tests.unit.store.contract import deliver_all
from tests.unit.store.examples import intake, outgoing, verdict

DAY = 86400.0
KEEP = Retention()
# Enough rows around each planted one that pages of the tree were split and merged.
MANY = 90


def raw(console):
    """All bytes of the database, its write-ahead log and the log's index."""
    return b"".join(file.read_bytes() for file in sorted(console.gateway.database.parent.glob("dlp-gateway.db*")))


def erased(console):
    """What the record says that clocks have removed, by kind."""
    counts = {}
    for entry in history.entries():
        if entry.subject == "retention":
            details = json.loads(entry.details)
            counts[details["what"]] = counts.get(details["what"], 0) + details["count"]
    return counts


def run(console, now):
    database.configure(console.url)
    return clocks.run(limits(console.services.settings, now), now)


def execute(statement, *values):
    with database.cursor() as cursor:
        cursor.execute(statement, values)


def plant_decisions(console, word, at):
    mail = [
        intake(
            verdict(f"{word}{n}@example.net", Action.DELIVER), sender=f"s{word}{n}@westendonsixth.com", at=at + n / 1e3
        )
        for n in range(MANY)
    ]
    console.commit(*mail, then=deliver_all)


def clock_decisions(console, now):
    before = now - KEEP.decisions_days * DAY
    retention.purge(decisions=before, own=0, entries=now - KEEP.record_days * DAY, now=now)


def plant_held(console, word, at):
    console.commit(
        *(intake(verdict(f"{word}{n}@example.net", Action.HOLD), at=at, message_id=f"h{n}") for n in range(20))
    )


def clock_held(console, now):
    assert len(expire(now, keys.load_gateway(console.gateway.keys), lambda _: ())) == 20
    # That they were held is a decision, which has a clock of its own.
    assert retention.purge(decisions=now, own=0, entries=0, now=now).decisions == 20


def plant_record(console, word, at):
    console.commit(intake(verdict("bob@example.net", Action.HOLD), at=at, message_id="spoken"))
    console.clock.now = at + DAY
    desk = console.services.desk()
    for n in range(MANY):
        desk.restrict("spoken", Reviewer("dpo"), f"{word} reason {n}", on=n % 2 == 0)
    desk.delete("spoken", None, Reviewer("dpo"), f"{word} again")
    console.commit(intake(at=at + DAY))  # the end of the chain always stays


def clock_record(console, now):
    before = now - KEEP.record_days * DAY
    assert retention.purge(decisions=0, own=0, entries=before, now=now).entries > MANY


def plant_notices(console, word, at):
    notices = tuple(outgoing(f"{word}{n}@westendonsixth.com") for n in range(MANY))
    console.commit(intake(at=at, outgoing=notices), then=deliver_all)


def clock_notices(console, now):
    assert retention.purge(decisions=0, own=now - KEEP.notices_days * DAY, entries=0, now=now).own == MANY


def plant_links(console, word, at):
    console.commit(intake(verdict("bob@example.net", Action.HOLD), at=at, message_id="linked"))
    for n in range(MANY):
        execute(
            "INSERT INTO dlp_link (digest, message_id, at, expires_at) VALUES (%s, 'linked', %s, %s)",
            f"{word}{n:04}",
            at,
            at,
        )


def plant_appeals(console, word, at):
    console.commit(intake(verdict("bob@example.net", Action.HOLD), at=at, message_id="asked"))
    for n in range(MANY):
        execute(
            "INSERT INTO dlp_appeal (message_id, at, key_id, sealed, answer, answered_at, answered_by)"
            " VALUES ('asked', %s, 'reviewers-1', %s, 'refused', %s, 'dpo')",
            at,
            f"{word}{n}".encode() * 8,
            at,
        )


def plant_marks(console, word, at):
    console.commit(intake(verdict("bob@example.net", Action.HOLD), at=at, message_id="marked"))
    for n in range(MANY):
        execute(
            "INSERT INTO dlp_mark (message_id, entity, detector, place, reviewer, at)"
            " VALUES ('marked', 'au_tfn', 'x', %s, %s, %s)",
            f"body {n}",
            f"{word}{n}",
            at,
        )


def plant_persons(console, word, at):
    for n in range(MANY):
        person = DataSubject((f"{word}{n}@example.net",), (f"{word} Quillfeather",))
        request = requests.register(person, RequestKind.ACCESS, at, actor="dpo", now=at)
        requests.close(request.id, Outcome.GRANTED, "told", actor="dpo", now=at)


def plant_requests(console, word, at):
    for _ in range(MANY):
        request = requests.register(DataSubject(("ann@example.net",)), RequestKind.ACCESS, at, actor="dpo", now=at)
        requests.close(request.id, Outcome.GRANTED, "told", actor="dpo", now=at)
    execute("UPDATE dlp_person_request SET receipt = %s", word * 3)


def plant_policies(console, word, at):
    for n in range(MANY):
        versions.enter(Version(0, at + n, "admin", "fingerprint", f"# {word * 20} {n}", "# detection"), "config")
    versions.enter(Version(0, at + MANY, "admin", "fingerprint", "# the last", "# detection"), "config")


def plant_sessions(console, word, at):
    over = dt.datetime.fromtimestamp(at + DAY, dt.UTC)
    for n in range(MANY):
        Session.objects.create(session_key=f"{word}{n}", session_data=word * 20, expire_date=over)


def plant_accounts(console, word, at):
    joined = dt.datetime.fromtimestamp(at, dt.UTC)
    for n in range(40):
        get_user_model().objects.create(
            username=f"a{n}",
            first_name=word,
            email=f"{word}{n}@westendonsixth.com",
            password=word * 3,
            role="auditor",
            date_joined=joined,
        )


def clock_accounts(console, now):
    assert run(console, now)["accounts disabled"] == 40
    later = now + (console.services.settings.console.account_days + 1) * DAY
    assert run(console, later)["accounts"] == 40


# Kind, how it is planted, how long it is kept, its clock, and what the record calls what was removed.
KINDS = [
    ("decisions", plant_decisions, KEEP.decisions_days, clock_decisions, {"decisions": MANY}),
    ("held", plant_held, 30, clock_held, {}),
    ("record", plant_record, KEEP.record_days + 2, clock_record, {}),
    ("notices", plant_notices, KEEP.notices_days, clock_notices, {"notices": MANY}),
    ("links", plant_links, KEEP.links_days, run, {"links": MANY}),
    ("appeals", plant_appeals, KEEP.appeals_days, run, {"appeals": MANY}),
    ("marks", plant_marks, KEEP.marks_days, run, {"marks": MANY}),
    ("persons", plant_persons, KEEP.persons_days, run, {"persons": MANY}),
    ("requests", plant_requests, KEEP.requests_days, run, {"persons": MANY, "requests": MANY}),
    ("policies", plant_policies, KEEP.policies_days, run, {"policies": MANY}),
    ("sessions", plant_sessions, 1, run, {}),
    ("accounts", plant_accounts, KEEP.accounts_days, clock_accounts, {}),
]
# Their addresses stand in the record as well, which has a clock of its own.
IN_RECORD = {"decisions", "notices", "held"}


@pytest.mark.parametrize(("kind", "plant", "days", "clock", "on_record"), KINDS, ids=[kind[0] for kind in KINDS])
def test_nothing_of_it_is_left_in_the_files(console, kind, plant, days, clock, on_record):
    word = f"wombat{kind}".encode()
    now = console.clock()
    plant(console, word.decode(), now)
    assert database.checkpoint()
    sealed = secrets(console) if kind == "held" else []
    before = raw(console)
    assert word in before
    assert all(piece in before for piece in sealed)

    if clock is run:
        clock(console, now + (days - 0.5) * DAY)
        assert word in raw(console)
    clock(console, now + (days + 1.5) * DAY)
    if kind in IN_RECORD:
        late = now + (KEEP.record_days + days) * DAY
        retention.purge(decisions=0, own=0, entries=late, now=late)
    assert database.checkpoint()

    after = raw(console)
    assert word not in after
    assert not [piece for piece in sealed if piece in after]
    assert erased(console).items() >= ({} if kind in IN_RECORD else on_record).items()
    assert check(keys.load_audit(console.gateway.keys)).sound


def secrets(console):
    """Wrapped keys and sealed chunks of what is held."""
    with sqlite3.connect(console.gateway.database) as connection:
        found = connection.execute("SELECT wrapped FROM dlp_wrap").fetchall()
        found += connection.execute("SELECT body FROM dlp_chunk").fetchall()
    connection.close()
    return [bytes(row[0])[:40] for row in found]


def test_the_last_administrator_stays(console):
    now = console.clock()
    old = dt.datetime.fromtimestamp(now - 400 * DAY, dt.UTC)
    for name, role in (("a1", "admin"), ("a2", "admin"), ("d1", "dpo")):
        get_user_model().objects.create(username=name, email=f"{name}@x.example", role=role, date_joined=old)
    get_user_model().objects.create(
        username="a3", role="admin", date_joined=old, last_login=dt.datetime.fromtimestamp(now - DAY, dt.UTC)
    )

    assert accounts.disable_unused(now - 180 * DAY, now) == 3
    assert accounts.disable_unused(now, now) == 0
    assert {row.username for row in get_user_model().objects.filter(is_active=True)} == {"a3"}


@pytest.mark.parametrize("acts", [("enable",), ("reset", "enable"), ("enable", "reset")])
def test_who_was_let_in_again_has_the_whole_time_to_sign_in(console, acts):
    now = console.clock()
    old = dt.datetime.fromtimestamp(now - 400 * DAY, dt.UTC)
    row = get_user_model().objects.create(username="kim", email="kim@x.example", role="dpo", date_joined=old)
    assert accounts.disable_unused(now - 180 * DAY, now) == 1
    for act in acts:
        getattr(console_accounts, act)(row.pk, "admin", now)

    assert accounts.stored()["accounts"] == (1, pytest.approx(now, abs=1))
    for days, disabled in ((0.01, 0), (179, 0), (181, 1)):
        assert accounts.disable_unused(now + (days - 180) * DAY, now + days * DAY) == disabled, days


def test_a_new_password_for_somebody_long_away_counts_as_well(console):
    now = console.clock()
    old = dt.datetime.fromtimestamp(now - 179.9 * DAY, dt.UTC)
    row = get_user_model().objects.create(
        username="kim", email="kim@x.example", role="dpo", date_joined=old, last_login=old
    )
    console_accounts.reset(row.pk, "admin", now)

    assert accounts.disable_unused(now - 179 * DAY, now + DAY) == 0


def test_an_account_of_a_console_of_an_older_release_has_its_clock(console):
    old = dt.datetime.fromtimestamp(console.clock() - 400 * DAY, dt.UTC)
    get_user_model().objects.create(username="kim", email="kim@x.example", role="dpo", date_joined=old)
    execute("ALTER TABLE dlp_account DROP COLUMN enabled_at")

    assert accounts.stored()["accounts"][0] == 1
    assert accounts.disable_unused(console.clock() - 180 * DAY, console.clock()) == 1


def test_an_erasure_that_is_not_finished_keeps_its_person(console):
    now = console.clock()
    console.commit(intake(verdict("ann@example.net", Action.DELIVER), at=now))
    request = requests.register(DataSubject(("ann@example.net",)), RequestKind.ERASE, now, actor="dpo", now=now)
    execute("UPDATE dlp_person_request SET erasing_at = %s WHERE id = %s", now, request.id)
    requests.close(request.id, Outcome.PARTLY, "the rest follows", actor="dpo", now=now)

    assert run(console, now + 2000 * DAY)["persons"] == 0
    assert requests.find(request.id).person is not None


def test_without_the_consoles_tables_its_clocks_have_nothing_to_do(tmp_path, console):
    database.configure(f"sqlite:///{tmp_path}/bare.db")
    database.migrate()

    assert clocks.run(limits(console.services.settings, 1e9), 1e9)["sessions"] == 0
    assert accounts.named(("jo@example.net",), ()) == ()
    assert "accounts" not in clocks.stored()
