"""Logins by SMTP on record: the first of an account and client in an hour, without flooding."""

import json

import pytest
import structlog

from dlp_gateway import signins
from dlp_gateway.audit.chain import EntryKind
from dlp_gateway.signins import SignIns
from dlp_gateway.smtp.observer import NoObserver
from dlp_gateway.store.errors import StoreUnavailableError
from tests.unit.smtp.client import Counting

NOW = 1_800_000_000.0
HOME, OFFICE = "192.0.2.1", "192.0.2.2"


class Record:
    """Keeps notes; ``failing`` takes none."""

    failing = False

    def __init__(self):
        self.notes = []
        self.now = NOW

    async def __call__(self, note):
        if self.failing:
            raise StoreUnavailableError("locked")
        self.notes.append(note)

    @property
    def said(self):
        """What each entry says, with its texts in place."""
        found = []
        for note in self.notes:
            details = dict(note.details)
            for key in ("user", "client"):
                if key in details:
                    details[key] = note.texts[int(details[key][1:])][1]
            found.append(details)
        return found


@pytest.fixture
def record():
    return Record()


@pytest.fixture
def logins(record):
    return SignIns(NoObserver(), record, lambda: record.now)


async def test_who_logs_in_from_where_is_on_record(logins, record):
    logins.authenticated(success=True, user="Jo", client=HOME)
    logins.authenticated(success=False, user="Jo", client=HOME)
    logins.authenticated(success=False, user="", client=OFFICE)
    await logins.finish()

    assert record.said == [
        {"outcome": "signed in", "user": "jo", "client": HOME},
        {"outcome": "refused", "user": "jo", "client": HOME},
        {"outcome": "refused", "client": OFFICE},
    ]
    assert {(note.kind, note.actor, note.subject, note.at) for note in record.notes} == {
        (EntryKind.SIGN_IN, "gateway", "smtp", NOW)
    }
    assert "jo" not in json.dumps([dict(note.details) for note in record.notes])  # erasable, with their texts


async def test_one_entry_an_hour_and_how_many_were_between(logins, record):
    for minute in range(0, 130, 10):
        record.now = NOW + minute * 60
        logins.authenticated(success=True, user="jo", client=HOME)
    logins.authenticated(success=True, user="jo", client=OFFICE)
    await logins.finish()

    assert [(said["client"], said.get("between", 0)) for said in record.said] == [
        (HOME, 0),
        (HOME, 5),
        (HOME, 5),
        (OFFICE, 0),
    ]


async def test_logins_are_on_record_when_the_clock_was_ahead(logins, record):
    for hour in (10, 0, 0.5, 1):
        record.now = NOW + hour * 3600
        logins.authenticated(success=True, user="jo", client=HOME)
    await logins.finish()

    assert [(note.at, note.details.get("between", 0)) for note in record.notes] == [
        (NOW + 36000, 0),
        (NOW, 0),
        (NOW + 3600, 1),
    ]


async def test_memory_is_bounded(logins, record, monkeypatch):
    monkeypatch.setattr(signins, "_REMEMBERED", 2)
    for client in (HOME, OFFICE, "192.0.2.3", HOME):
        logins.authenticated(success=True, user="jo", client=client)
    await logins.finish()

    assert len(record.notes) == 4


async def test_a_login_that_cannot_be_recorded_is_told_to_operators(logins, record):
    record.failing = True
    with structlog.testing.capture_logs() as logs:
        logins.authenticated(success=True, user="jo", client=HOME)
        await logins.finish()

    assert [entry["event"] for entry in logs] == ["a login is not on record"]
    assert "jo" not in str(logs).replace("not on record", "")


async def test_everything_is_counted(record):
    counted = Counting()
    logins = SignIns(counted, record, lambda: NOW)
    logins.connected()
    logins.rejected("limit")
    for _ in range(3):
        logins.authenticated(success=True, user="jo", client=HOME)
    logins.answered(250, 10, 0.1)
    logins.disconnected()
    await logins.finish()

    assert counted.events == ["connected", "limit", True, True, True, (250, 10), "disconnected"]
    assert len(record.notes) == 1
