"""Trap D8: what an earlier release stored can be delivered, reviewed and verified by this one."""

import asyncio
import shutil

import pytest

from dlp_gateway.audit.check import check
from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import database, keys
from dlp_gateway.store.store import Options, Store
from tests.unit.store.examples import CONTENT, NOW
from tests.unit.store.make_released import RELEASED


@pytest.fixture(params=sorted(folder.name for folder in RELEASED.iterdir()))
def released(request, tmp_path):
    folder = tmp_path / request.param
    shutil.copytree(RELEASED / request.param, folder)
    for key in folder.rglob("*.key"):
        key.chmod(0o600)
    return folder


async def test_d08_a_later_release_goes_on_with_what_is_stored(released):
    url = f"sqlite:///{released}/store.db"
    store = await Store.open(url, keys.load_gateway(released / "keys"), Options(reserve=0), lambda: NOW)
    due = await store.lease("worker", 10, NOW, 60)
    contents = {each.message_id: await store.content(each.message_id) for each in due}
    await store.close()

    assert contents == {"queued-1": CONTENT, "mixed-1": CONTENT}

    opened, report = await asyncio.to_thread(review, url, released / "keys")
    assert opened == {"held-1": CONTENT, "mixed-1": CONTENT}
    assert report.sound


def review(url, directory):
    """Open everything that is held, as a reviewer's process does, and verify the record."""
    database.prepare(url)
    try:
        desk = Desk(keys.load_review(directory), lambda: NOW)
        opened = {m.message_id: desk.view(m.message_id, Reviewer("Dana"), "upgrade").content for m in held.waiting()}
        return opened, check(keys.load_audit(directory))
    finally:
        database.close()
