"""A database left by any earlier release opens, and everything in it goes on."""

import shutil
import sqlite3

import pytest

from dlp_gateway.audit.check import check
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import decision_log, decisions, hits, keys
from dlp_gateway.store.store import Options, Store
from tests.unit.store.contract import deliver_all, holders, rows
from tests.unit.store.examples import CONTENT, NOW, intake
from tests.unit.store.make_release import RELEASES

LATER = NOW + 1000


@pytest.fixture(params=sorted(path.name for path in RELEASES.iterdir()))
def left(request, tmp_path):
    """The folder of a gateway as a release left it."""
    shutil.copytree(RELEASES / request.param / "keys", tmp_path / "keys")
    for key in tmp_path.rglob("*.key"):
        key.chmod(0o600)  # which git does not keep
    with sqlite3.connect(tmp_path / "gateway.db") as raw:
        raw.executescript((RELEASES / request.param / "gateway.sql").read_text(encoding="utf-8"))
    raw.close()
    return tmp_path


@pytest.fixture
async def store(left):
    gateway_keys = keys.load_gateway(left / "keys")
    store = await Store.open(f"sqlite:///{left}/gateway.db", gateway_keys, Options(reserve=0), lambda: LATER)
    yield store
    await store.close()


async def test_d08_what_waits_is_delivered(store):
    due = await store.lease("worker", 10, LATER, 60)

    assert sorted((d.message_id if d.kind == "mail" else d.kind, d.attempts, d.lost) for d in due) == [
        ("deferred", 1, 0),
        ("leased", 0, 1),
        ("mixed", 0, 0),
        ("notice", 0, 0),
    ]
    for message_id in ("deferred", "leased", "mixed"):
        assert await store.content(message_id) == CONTENT


async def test_d08_what_is_held_is_released(store, left):
    desk = Desk(keys.load_review(left / "keys"), lambda: LATER)
    await deliver_all(store, LATER)

    first = await store.write(lambda: desk.release("held", None, Reviewer("dpo", "dpo@westendonsixth.com"), "fine"))
    second = await store.write(
        lambda: desk.release("held", None, Reviewer("deputy", "deputy@westendonsixth.com"), "fine")
    )
    mixed = await store.write(lambda: desk.release("mixed", None, Reviewer("dpo", "dpo@westendonsixth.com"), "fine"))

    assert [len(act.released) for act in (first, second, mixed)] == [0, 1, 1]
    assert {d.message_id for d in await store.lease("worker", 10, LATER, 60)} == {"held", "mixed"}
    assert await store.content("held") == CONTENT
    assert await holders(store, "noticed") == ["reviewers"]


async def test_d08_the_record_is_continued(store, left):
    before = len(await rows(store, "SELECT 1 FROM dlp_audit_entry"))
    await store.commit(intake(message_id="new", at=LATER))

    report = await store.read(lambda: check(keys.load_audit(left / "keys")))

    assert report.sound, report.broken
    assert report.entries == before + 1


async def test_decisions_are_read(store):
    found = await store.read(lambda: decision_log.search(decision_log.Wanted()))

    ids = [d.id for d in found.decisions]
    assert ids == ["noticed", "refused", "held", "mixed", "leased", "deferred", "delivered"]
    newest = await store.read(lambda: decisions.find(ids[0]))
    assert newest.inspection.findings[0].entity == "au_tfn"


async def test_what_was_found_before_it_was_counted_is_counted(store):
    found = await store.read(lambda: hits.tallies(LATER))

    assert {entity: tally.found[0] for entity, tally in found.items()} == {"au_tfn": 7, "person_name": 7}
