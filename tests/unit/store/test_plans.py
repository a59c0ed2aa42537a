"""The mail path never reads a whole table, however much waits or is on record."""

import re

import pytest

from dlp_gateway.store import counters, database, intake, queue, record
from dlp_gateway.store.store import Store
from tests.unit.store.contract import rows
from tests.unit.store.examples import NOW, delivered
from tests.unit.store.examples import intake as example

HOT = {
    "lease": queue._DUE,
    "lease, mark": queue._LEASE,
    "next due": queue._NEXT_DUE,
    "recall": queue._RECALL,
    "renew": queue._RENEW,
    "settle, read": queue._SETTLED.format("%s, %s"),
    "settle": queue._SETTLE,
    "erase wrap": queue._ERASE_WRAP,
    "erase chunks": queue._ERASE_CHUNKS,
    "content, key": queue._WRAPPED,
    "content": queue._CONTENT,
    "release": queue._RELEASE,
    "head": record._HEAD,
    "tokens": "SELECT text, token FROM dlp_audit_text WHERE kind = 'address' AND text IN (%s, %s)",
}


@pytest.mark.parametrize("name", HOT)
async def test_hot_statements_use_an_index(store, name):
    statement = HOT[name]
    parameters = [1] * statement.count("%s")

    plan = [row[-1] for row in await rows(store, f"EXPLAIN QUERY PLAN {statement}", *parameters)]

    # Reading an index from its start is what "the next" means, and stops at once.
    whole = [step for step in plan if step.startswith("SCAN") and "dlp_recipient_queued" not in step]
    assert [step for step in whole if step != "SCAN dlp_audit_head"] == []
    assert not [step for step in plan if "TEMP B-TREE" in step]


def fill(count):
    """So many messages that wait, made by the statements of the mail path."""
    made = intake.Rows()
    for n in range(count):
        made.messages.append(
            (f"q{n:06}", "mail", "", NOW, "", "", "", "", "", False, False, None, None, 1, "", "", "{}", 1, "")
        )
        made.recipients.append(
            (f"q{n:06}", "a@b", "a", "b", "", None, "external", "deliver", "[]", 1, "queued", NOW + n, NOW + n)
        )
    with database.transact():
        made.insert(database.cursor())


async def test_fifty_thousand_waiting_messages_are_taken_up_by_a_new_start(path, gateway_keys, options):
    store = await Store.open(f"sqlite:///{path}", gateway_keys, options)
    await store.write(lambda: fill(50_000))
    await store.close()

    store = await Store.open(f"sqlite:///{path}", gateway_keys, options)
    try:
        await store.commit(example(message_id="new", at=NOW + 60_000))
        due = await store.lease("worker", 100, NOW + 49_999, 60)
        assert [d.message_id for d in due] == [f"q{n:06}" for n in range(100)]
        await store.settle([delivered(d.delivery_id) for d in due], NOW)
        counts = await store.read(lambda: counters.counts(NOW + 60_000))
        assert counts.queued == {"external": 49_901}
    finally:
        await store.close()


def test_hot_statements_are_those_of_the_modules():
    """Each statement the queue sends is looked at above."""
    names = {name for name in vars(queue) if re.fullmatch(r"_[A-Z_]+", name) and isinstance(getattr(queue, name), str)}

    # Giving back and accusing are by number as renewing is; taking over happens once, at the start; a wrap is put in.
    assert names - {"_ACCUSE", "_GIVE_BACK", "_TAKE_OVER", "_WRAP"} == {
        "_DUE",
        "_LEASE",
        "_NEXT_DUE",
        "_RECALL",
        "_RENEW",
        "_SETTLED",
        "_SETTLE",
        "_ERASE_WRAP",
        "_ERASE_CHUNKS",
        "_WRAPPED",
        "_CONTENT",
        "_RELEASE",
    }
