"""Reviewing on a real store; what all databases have in common is in tests/unit/store/contract.py."""

import dataclasses

import pytest

from dlp_gateway.model import Action
from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.expiry import expire
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer, ReviewError
from dlp_gateway.store import database, keys, sealing
from dlp_gateway.store.keys import KeysError, Name
from dlp_gateway.store.sealing import SealError
from dlp_gateway.store.store import Options, Store
from tests.unit.store.contract import holders, kinds, rows, states
from tests.unit.store.examples import CONTENT, NOW, intake, verdict

HOLD = verdict("bob@example.org", Action.HOLD)
DPO = Reviewer("dpo", "dpo@westendonsixth.com")
SENDER = Reviewer("jo", "Jo@westendonsixth.com")


@pytest.fixture
def desk(store, review_keys, clock):
    return Desk(review_keys, clock)


async def test_the_sender_cannot_release_but_withdraw(store, desk):
    await store.commit(intake(HOLD, message_id="one"))

    with pytest.raises(ReviewError, match="somebody else"):
        await store.write(lambda: desk.release("one", None, SENDER, "it is fine, really"))
    assert await kinds(store) == ["decide", "hold"]

    await store.write(lambda: desk.delete("one", None, SENDER, "withdrawn"))
    assert await states(store, "one") == {"bob@example.org": "deleted"}


@pytest.mark.parametrize("act", ["view", "release", "give_back", "delete"])
async def test_acts_need_a_reason_and_a_held_message(store, desk, act):
    await store.commit(intake(HOLD, message_id="one"))
    await store.commit(intake(message_id="delivered"))
    more = () if act == "view" else (None,)

    def does(message_id, reason):
        return store.write(lambda: getattr(desk, act)(message_id, *more, DPO, reason))

    with pytest.raises(ReviewError, match="reason"):
        await does("one", " ")
    for unknown in ("none", "delivered"):
        with pytest.raises(ReviewError, match="no held message"):
            await does(unknown, "reason")
    await store.write(lambda: desk.delete("one", None, DPO, "no"))
    with pytest.raises(ReviewError, match="not held any more"):
        await does("one", "reason")


async def alter(store, change):
    """Do to the first chunk of the content what someone with the database could do."""

    def run():
        with database.cursor() as cursor:
            cursor.execute("SELECT body FROM dlp_chunk WHERE part = 1")
            body = bytes(cursor.fetchone()[0])
            cursor.execute("UPDATE dlp_chunk SET body = %s WHERE part = 1", (change(body),))

    await store.read(run)


async def test_altered_content_is_not_released(store, desk):
    await store.commit(intake(HOLD, message_id="one"))
    await alter(store, lambda body: body[:-1] + bytes([body[-1] ^ 1]))

    for act in (lambda: desk.view("one", DPO, "r"), lambda: desk.release("one", None, DPO, "r")):
        with pytest.raises(SealError):
            await store.write(act)
    assert await states(store, "one") == {"bob@example.org": "held"}


async def test_other_content_under_the_same_key_is_not_released(store, desk, review_keys):
    await store.commit(intake(HOLD, message_id="one"))
    ((sealed,),) = await rows(store, "SELECT wrapped FROM dlp_wrap")
    key = sealing.decapsulate(review_keys.reviewers["reviewers-1"], bytes(sealed), "one", "reviewers-1")
    (other,) = sealing.seal(key, "one", sealing.Part.CONTENT, CONTENT + b"P.S.")
    await alter(store, lambda _: other)

    with pytest.raises(SealError, match="digest differs"):
        await store.write(lambda: desk.release("one", None, DPO, "r"))
    assert await kinds(store) == ["decide", "hold"]


async def test_after_rotation_the_old_key_still_opens_what_it_sealed(tmp_path, path, options, clock):
    directory = tmp_path / "keys"
    keys.init(directory)
    store = await Store.open(f"sqlite:///{path}", keys.load_gateway(directory), options, clock)
    try:
        await store.commit(intake(HOLD, message_id="old"))
        await store.commit(intake(message_id="queued"))
        for name in Name:
            keys.rotate(directory, name)
        store.use_keys(keys.load_gateway(directory))
        await store.commit(intake(HOLD, message_id="new"))

        found = await rows(store, "SELECT message_id, key_id FROM dlp_wrap ORDER BY message_id")
        assert found == [("new", "reviewers-2"), ("old", "reviewers-1"), ("queued", "spool-1")]
        desk = Desk(keys.load_review(directory), clock)
        for message_id in ("old", "new"):
            await store.write(lambda message_id=message_id: desk.release(message_id, None, DPO, "r"))
        for message_id in ("old", "new", "queued"):
            await store.content(message_id)
            assert await store.content(message_id) == CONTENT

        (directory / "review/reviewers-1.key").unlink()
        await store.commit(intake(HOLD, message_id="last"))
        opened = await store.write(lambda: Desk(keys.load_review(directory), clock).view("last", DPO, "r"))
        assert opened.content == CONTENT
    finally:
        await store.close()


async def test_without_the_right_private_key_nothing_opens(tmp_path, store, clock):
    await store.commit(intake(HOLD, message_id="one"))
    keys.init(tmp_path / "other")
    other = Desk(keys.load_review(tmp_path / "other"), clock)

    with pytest.raises(SealError):
        await store.write(lambda: other.view("one", DPO, "curious"))
    with pytest.raises(SealError):
        await store.write(lambda: other.release("one", None, DPO, "curious"))
    assert await kinds(store) == ["decide", "hold"]


async def test_the_gateways_keys_cannot_open_what_is_held(store, gateway_keys):
    await store.commit(intake(HOLD, message_id="one"))
    ((key_id, sealed),) = await rows(store, "SELECT key_id, wrapped FROM dlp_wrap")

    with pytest.raises(TypeError):
        sealing.decapsulate(gateway_keys.reviewers[key_id], bytes(sealed), "one", key_id)
    for private in gateway_keys.release.values():
        with pytest.raises(SealError):
            sealing.decapsulate(private, bytes(sealed), "one", key_id)


async def test_the_list_shows_the_next_to_expire_first_and_nothing_sealed(store, desk):
    await store.commit(intake(HOLD, message_id="second", at=NOW + 5, user="jo"))
    await store.commit(intake(HOLD, verdict("ann@example.net", Action.DELIVER), message_id="first"))
    await store.commit(intake(HOLD, message_id="done"))
    await store.write(lambda: desk.delete("done", None, DPO, "no"))

    listed = await store.read(held.waiting)

    assert [(m.message_id, m.user, [r.address.literal for r in m.recipients]) for m in listed] == [
        ("first", "", ["bob@example.org"]),
        ("second", "jo", ["bob@example.org"]),
    ]
    assert listed[0].sender.literal == "jo@westendonsixth.com"
    assert listed[0].waiting[0].hits[0].rule == "external"


async def test_with_pseudonyms_the_record_knows_no_address(path, gateway_keys, review_keys, clock):
    options = Options(reserve=0, pseudonyms=True)
    store = await Store.open(f"sqlite:///{path}", gateway_keys, options, clock)
    try:
        await store.commit(intake(HOLD, verdict("ann@example.net", Action.DELIVER), message_id="one"))
        desk = Desk(review_keys, clock, pseudonyms=True)
        await store.write(lambda: desk.release("one", None, DPO, "agreed"))

        texts = [row[0] for row in await rows(store, "SELECT text FROM dlp_audit_text ORDER BY text")]
        assert texts[0] == "agreed"
        assert len(texts) == 4  # the sender and both recipients, the same in all entries
        assert all(text.startswith("p:") and "@" not in text for text in texts[1:])
    finally:
        await store.close()


def test_pseudonyms_need_their_key(review_keys, clock):
    with pytest.raises(ReviewError, match=r"pseudonym\.key"):
        Desk(dataclasses.replace(review_keys, pseudonym=None), clock, pseudonyms=True)


async def test_expiry_skips_what_a_reviewer_took_meanwhile(store, desk, gateway_keys, options, monkeypatch):
    for name in ("one", "two"):
        await store.commit(intake(HOLD, message_id=name))
    over = NOW + options.hold_seconds
    listed = await store.read(lambda: held.waiting(expiring_before=over))
    await store.write(lambda: desk.delete("one", None, DPO, "no"))
    monkeypatch.setattr(held, "waiting", lambda **_: listed)

    assert await store.write(lambda: expire(over, gateway_keys, lambda _: ())) == ["two"]
    assert await states(store, "one") == {"bob@example.org": "deleted"}
    assert await holders(store, "two") == []


async def test_with_public_keys_alone_messages_end_and_none_is_opened(store, tmp_path, clock):
    keys.init(tmp_path / "public")
    desk = Desk(keys.load_sealing(tmp_path / "public"), clock)
    for message_id in ("one", "two"):
        await store.commit(intake(HOLD, message_id=message_id))

    for act in (lambda: desk.view("one", DPO, "r"), lambda: desk.release("one", None, DPO, "r")):
        with pytest.raises(KeysError, match="private key is needed"):
            await store.write(act)
    await store.write(lambda: desk.give_back("one", None, DPO, "r"))
    await store.write(lambda: desk.delete("two", None, DPO, "r"))

    assert await states(store, "one") == {"bob@example.org": "returned"}
    assert await states(store, "two") == {"bob@example.org": "deleted"}
    assert await kinds(store) == ["decide", "hold", "decide", "hold", "return", "delete"]


@pytest.mark.parametrize("act", ["release", "give_back", "delete"])
async def test_mail_is_made_of_those_whom_the_act_was_for(store, desk, act):
    await store.commit(intake(HOLD, verdict("ann@example.net", Action.HOLD), message_id="one"))
    told = []

    def mail(chosen):
        told.append([recipient.address.literal for recipient in chosen])
        return ()

    (bob, _) = await store.read(lambda: held.find("one").waiting)
    await store.write(lambda: desk.delete("one", [bob.id], DPO, "r"))
    await store.write(lambda: getattr(desk, act)("one", None, DPO, "r", mail))

    assert told == [["ann@example.net"]]
