"""Links to a sender's page: one use, some days, and nothing in the database to make one from."""

import email
import hashlib
import re
from dataclasses import replace

import pytest

from dlp_gateway.model import Action
from dlp_gateway.quarantine import links
from dlp_gateway.quarantine.notices import Letterhead
from dlp_gateway.store import keys
from tests.unit.store.contract import kinds, rows
from tests.unit.store.examples import NOW, SENDER, intake, verdict

HEAD = Letterhead("g.westendonsixth.com", "Kim", 30, "https://dlp.westendonsixth.com", 14)
HOLD = verdict("bob@example.org", Action.HOLD)
DAY = 86400.0


@pytest.fixture(scope="session")
def sealing_keys(key_directory):
    return keys.load_sealing(key_directory)


async def held(store, message_id="one", *, sender=SENDER, head=HEAD):
    """Commit a held message with a link; returns the link's key."""
    address, link = links.new(head, NOW)
    await store.commit(replace(intake(HOLD, message_id=message_id, sender=sender), link=link))
    return address.rpartition("/")[2]


def test_a_link_leads_to_the_console_and_only_its_digest_is_kept():
    address, kept = links.new(HEAD, NOW)

    base, _, key = address.rpartition("/")
    assert base == "https://dlp.westendonsixth.com/sender"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", key)
    assert kept.digest == hashlib.sha256(key.encode()).hexdigest()
    assert kept.expires_at == NOW + 14 * DAY
    assert links.new(HEAD, NOW)[0] != address


async def test_the_database_holds_no_key(store):
    key = await held(store)

    tables = [name for (name,) in await rows(store, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    everything = str([await rows(store, f"SELECT * FROM {table}") for table in tables])
    assert hashlib.sha256(key.encode()).hexdigest() in everything
    assert key not in everything


async def test_a_key_opens_its_page_once(store):
    key = await held(store)
    await held(store, "two")

    for _ in range(2):
        assert await store.read(lambda: links.usable(key, NOW + 1))
    assert await store.write(lambda: links.use(key, NOW + 1)) == "one"
    assert await store.write(lambda: links.use(key, NOW + 2)) is None
    assert not await store.read(lambda: links.usable(key, NOW + 2))
    assert (await kinds(store)).count("sign_in") == 1


@pytest.mark.parametrize("days", [14, 20])
async def test_a_key_expires(store, days):
    key = await held(store)

    assert not await store.read(lambda: links.usable(key, NOW + days * DAY))
    assert await store.write(lambda: links.use(key, NOW + days * DAY)) is None


@pytest.mark.parametrize("key", ["", "x", "ß\udc80", "a" * 9000])
async def test_what_is_no_key_opens_nothing(store, key, sealing_keys):
    await held(store)

    assert not await store.read(lambda: links.usable(key, NOW))
    assert await store.write(lambda: links.use(key, NOW)) is None
    assert not await store.write(lambda: links.send_again(key, HEAD, sealing_keys, NOW))
    assert await kinds(store) == ["decide", "hold"]


async def test_the_use_of_a_link_is_on_record_without_the_key(store):
    key = await held(store)
    await store.write(lambda: links.use(key, NOW + 1))

    ((actor, subject, details),) = await rows(
        store, "SELECT actor, subject, details FROM dlp_audit_entry WHERE kind = 'sign_in'"
    )
    assert (actor, subject, details) == ("sender", "one", '{"outcome":"link used","sender":"@0"}')
    assert (SENDER,) in await rows(store, "SELECT text FROM dlp_audit_text")


@pytest.mark.parametrize("state", ["unused", "used", "expired"])
async def test_a_new_link_goes_to_the_sender_alone(store, sealing_keys, state):
    key = await held(store)
    now = NOW + (20 * DAY if state == "expired" else 60)
    if state == "used":
        await store.write(lambda: links.use(key, now))

    assert await store.write(lambda: links.send_again(key, HEAD, sealing_keys, now))

    (due,) = await store.lease("worker", 10, now, 60)
    assert (due.recipient.address.literal, due.sender) == (SENDER, "")
    notice = email.message_from_bytes(await store.content(due.message_id))
    fresh = re.search(r"/sender/(\S+)", notice.get_payload())[1]
    assert fresh != key
    assert await store.write(lambda: links.use(fresh, now + 1)) == "one"


async def test_nobody_fills_the_senders_mailbox_with_links(store, sealing_keys):
    key = await held(store)

    sent = [await store.write(lambda n=n: links.send_again(key, HEAD, sealing_keys, NOW + n)) for n in range(8)]

    assert sent == [True] * 4 + [False] * 4  # the first one of five was in the notice of the hold
    assert await store.write(lambda: links.send_again(key, HEAD, sealing_keys, NOW + DAY + 1))


async def test_the_null_sender_gets_no_link(store, sealing_keys):
    key = await held(store, sender=None)

    assert not await store.write(lambda: links.send_again(key, HEAD, sealing_keys, NOW))


async def test_where_there_is_no_console_no_link_is_sent(store, sealing_keys):
    key = await held(store)

    assert not await store.write(lambda: links.send_again(key, replace(HEAD, console=""), sealing_keys, NOW))


async def test_links_go_with_their_message(store):
    from dlp_gateway.store import retention

    key = await held(store)
    await store.write(lambda: rowless(store))
    later = NOW + 400 * DAY
    await store.write(lambda: retention.purge(decisions=later, own=later, entries=0, now=later))

    assert await rows(store, "SELECT * FROM dlp_link") == []
    assert not await store.read(lambda: links.usable(key, NOW))


def rowless(_store):
    """Let nobody wait for the message any more."""
    from dlp_gateway.store import database

    with database.cursor() as cursor:
        cursor.execute("UPDATE dlp_recipient SET state = 'expired'")
