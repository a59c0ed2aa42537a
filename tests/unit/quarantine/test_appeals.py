"""A sender asks for release, or withdraws; reviewers answer."""

import pytest

from dlp_gateway.model import Action
from dlp_gateway.quarantine import appeals, held
from dlp_gateway.quarantine.expiry import expire
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer, ReviewError
from dlp_gateway.store import database, keys
from dlp_gateway.store.sealing import SealError
from tests.unit.store.contract import holders, kinds, rows, states
from tests.unit.store.examples import CONTENT, NOW, SENDER, intake, outgoing, verdict

HOLD = verdict("bob@example.org", Action.HOLD)
RISKY = verdict("bob@example.org", Action.HOLD, approvals=2)
ANN, BEN = Reviewer("ann", "ann@westendonsixth.com"), Reviewer("ben", "ben@westendonsixth.com")
WORDS = "Bob is my own doctor: zyzzyva-treatment was agreed."
CODEWORD = "zyzzyva"


@pytest.fixture(scope="session")
def sealing_keys(key_directory):
    return keys.load_sealing(key_directory)


@pytest.fixture
def desk(store, review_keys, clock):
    return Desk(review_keys, clock)


@pytest.fixture
async def asked(store, sealing_keys):
    await store.commit(intake(HOLD, verdict("cy@example.org", Action.HOLD), message_id="one"))

    async def ask(words=WORDS, message_id="one", now=NOW + 5):
        await store.write(lambda: appeals.ask(message_id, words, sealing_keys, now))

    await ask()
    return ask


async def of(store, message_id="one"):
    return await store.read(lambda: appeals.of(message_id))


async def test_only_reviewers_read_what_was_written(store, asked, review_keys, tmp_path):
    appeal = await of(store)

    assert (appeal.message_id, appeal.at, appeal.open, appeal.answered_at) == ("one", NOW + 5, True, None)
    assert appeals.justification(review_keys, appeal) == WORDS
    assert CODEWORD not in repr(appeal)
    keys.init(tmp_path / "other")
    with pytest.raises(SealError):
        appeals.justification(keys.load_review(tmp_path / "other"), appeal)


async def test_what_was_written_is_in_no_column(store, asked):
    tables = [name for (name,) in await rows(store, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    everything = [await rows(store, f"SELECT * FROM {table}") for table in tables]
    assert "bob@example.org" in str(everything)
    assert CODEWORD not in str(everything)


async def test_an_appeal_is_bound_to_its_message(store, asked, review_keys):
    from dataclasses import replace

    appeal = replace(await of(store), message_id="two")

    with pytest.raises(SealError, match="two"):
        appeals.justification(review_keys, appeal)


async def test_that_it_was_asked_for_is_on_record_without_the_words(store, asked):
    assert await kinds(store) == ["decide", "hold", "appeal"]
    ((actor, subject, details),) = await rows(
        store, "SELECT actor, subject, details FROM dlp_audit_entry WHERE kind = 'appeal'"
    )
    assert (actor, subject, details) == ("sender", "one", '{"sender":"@0"}')


async def test_lists_name_who_waits_for_an_answer(store, asked, desk):
    await store.commit(intake(HOLD, message_id="two"))
    await asked(message_id="two", now=NOW + 1)

    assert [appeal.message_id for appeal in await store.read(appeals.waiting)] == ["two", "one"]
    await store.write(lambda: desk.delete("two", None, ANN, "no"))
    assert [appeal.message_id for appeal in await store.read(appeals.waiting)] == ["one"]


@pytest.mark.parametrize(
    ("words", "said"), [("", "say why"), (" \r\n ", "say why"), ("x" * 2001, "2001 characters; 2000")]
)
async def test_a_justification_is_short_and_not_empty(store, sealing_keys, words, said):
    await store.commit(intake(HOLD, message_id="one"))

    with pytest.raises(ReviewError, match=said):
        await store.write(lambda: appeals.ask("one", words, sealing_keys, NOW))
    assert await of(store) is None


async def test_one_appeal_at_a_time_and_not_for_ever(store, asked, desk):
    with pytest.raises(ReviewError, match="already"):
        await asked()
    for _ in range(2):
        await store.write(lambda: desk.refuse_appeal("one", ANN, "not like this"))
        await asked()
    await store.write(lambda: desk.refuse_appeal("one", ANN, "not like this"))
    with pytest.raises(ReviewError, match="refused 3 times"):
        await asked()


@pytest.mark.parametrize("message_id", ["none", "delivered", "closed"])
async def test_only_what_is_held_can_be_asked_for(store, asked, desk, message_id):
    await store.commit(intake(message_id="delivered"))
    await store.commit(intake(HOLD, message_id="closed"))
    await store.write(lambda: desk.delete("closed", None, ANN, "no"))

    with pytest.raises(ReviewError):
        await asked(message_id=message_id)
    assert await of(store, message_id) is None


async def test_a_restricted_message_is_left_alone(store, asked, desk, sealing_keys):
    await store.write(lambda: desk.restrict("one", ANN, "dispute", on=True))

    with pytest.raises(ReviewError, match="restricted"):
        await store.write(lambda: appeals.withdraw("one", (), sealing_keys, NOW))
    assert set((await states(store, "one")).values()) == {"held"}


@pytest.mark.parametrize(("act", "answer"), [("release", "released"), ("give_back", "returned"), ("delete", "deleted")])
async def test_what_becomes_of_the_message_is_the_answer(store, asked, desk, review_keys, act, answer):
    message = await store.read(lambda: held.find("one"))
    first, second = (recipient.id for recipient in message.waiting)
    await store.write(lambda: getattr(desk, act)("one", [first], ANN, "so"))
    assert (await of(store)).open

    await store.write(lambda: getattr(desk, act)("one", [second], BEN, "so"))

    appeal = await of(store)
    assert (appeal.answer, appeal.answered_by, appeal.answered_at) == (answer, "ben", NOW)
    assert appeal.sealed == b""
    with pytest.raises(ReviewError, match="erased"):
        appeals.justification(review_keys, appeal)


async def test_the_first_of_two_approvals_answers_nothing(store, desk, sealing_keys):
    await store.commit(intake(RISKY, message_id="two"))
    await store.write(lambda: appeals.ask("two", WORDS, sealing_keys, NOW))
    await store.write(lambda: desk.release("two", None, ANN, "so"))
    assert (await of(store, "two")).open

    await store.write(lambda: desk.release("two", None, BEN, "so"))
    assert (await of(store, "two")).answer == "released"


async def test_expiry_answers_too(store, asked, gateway_keys):
    await store.write(lambda: expire(NOW + 31 * 86400, gateway_keys, lambda _: ()))

    appeal = await of(store)
    assert (appeal.answer, appeal.answered_by, appeal.sealed) == ("expired", "gateway", b"")


async def test_a_refusal_keeps_the_message_held_and_tells_the_sender(store, asked, desk, review_keys):
    await store.write(lambda: desk.refuse_appeal("one", ANN, "ask him to sign first", (outgoing(),)))

    appeal = await of(store)
    assert (appeal.answer, appeal.answered_by) == ("refused", "ann")
    assert appeals.justification(review_keys, appeal) == WORDS
    assert set((await states(store, "one")).values()) == {"held"}
    assert (await kinds(store))[-1] == "refuse_appeal"
    (due,) = await store.lease("worker", 10, NOW, 60)
    assert due.recipient.address.literal == SENDER
    with pytest.raises(ReviewError, match="nobody waits"):
        await store.write(lambda: desk.refuse_appeal("one", ANN, "again"))


async def test_the_sender_may_withdraw(store, asked, sealing_keys):
    await store.write(lambda: appeals.withdraw("one", (outgoing(),), sealing_keys, NOW + 9))

    assert set((await states(store, "one")).values()) == {"withdrawn"}
    assert await store.read(held.waiting) == []
    assert "reviewers" not in await holders(store, "one")
    assert (await of(store)).answer == "withdrawn"
    ((actor, details),) = await rows(store, "SELECT actor, details FROM dlp_audit_entry WHERE kind = 'withdraw'")
    assert actor == "sender"
    assert '"recipients":[{"address":"@1"},{"address":"@2"}]' in details
    (due,) = await store.lease("worker", 10, NOW + 9, 60)
    assert due.recipient.address.literal == SENDER
    with pytest.raises(ReviewError, match="not held any more"):
        await store.write(lambda: appeals.withdraw("one", (), sealing_keys, NOW + 9))


@pytest.mark.parametrize("act", ["withdraw", "refuse"])
async def test_mail_is_made_of_those_who_wait_in_the_end(store, asked, desk, sealing_keys, act):
    told = []

    def mail(chosen):
        told.append([recipient.address.literal for recipient in chosen])
        return ()

    (bob, _) = await store.read(lambda: held.find("one").waiting)
    await store.write(lambda: desk.release("one", [bob.id], ANN, "fine"))
    acts = {
        "withdraw": lambda: appeals.withdraw("one", mail, sealing_keys, NOW + 9),
        "refuse": lambda: desk.refuse_appeal("one", ANN, "no", mail),
    }
    await store.write(acts[act])

    assert told == [["cy@example.org"]]


async def test_withdrawing_destroys_the_content_but_not_what_is_on_its_way(store, sealing_keys):
    await store.commit(intake(HOLD, verdict("ann@example.net", Action.DELIVER), message_id="one"))
    await store.write(lambda: appeals.withdraw("one", (), sealing_keys, NOW))

    assert await states(store, "one") == {"bob@example.org": "withdrawn", "ann@example.net": "queued"}
    assert await store.content("one") == CONTENT


async def test_no_trace_of_the_words_is_left_in_the_files(store, asked, desk, path):
    sealed = (await of(store)).sealed
    await store.read(database.checkpoint)
    assert sealed in path.read_bytes()

    await store.write(lambda: desk.delete("one", None, ANN, "no"))
    await store.read(database.checkpoint)

    assert sealed not in path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()
