import json
import re
import time

import pytest

from dlp_gateway.model import Action
from tests.unit.cli.conftest import columns
from tests.unit.store.examples import deferred, intake, verdict

ANN = verdict("ann@example.net", Action.DELIVER)
BOB = verdict("bob@example.org", Action.DELIVER)
CAT = verdict("cat@example.org", Action.REFUSE)


@pytest.fixture
def queue(gateway, now):
    """Two messages; the next hop of Ann's has asked to come back later."""

    async def try_once(store):
        (due, *_) = await store.lease("worker", 1, now, 60)
        await store.settle([deferred(due.delivery_id, now + 1800)], now)

    gateway.commit(intake(ANN, message_id="one", at=now - 7200), then=try_once)
    gateway.commit(intake(BOB, CAT, message_id="two", at=now - 60))
    return gateway


def waiting(gateway):
    return {
        row["recipient"]: row for row in map(json.loads, gateway.run("queue", "list", "--json").output.splitlines())
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--limit", "0"),
        ("list", "--limit", "-1"),
        ("list", "--limit", str(2**63)),
        ("retry", "0"),
        ("retry", str(2**63)),
        ("drop", str(10**20), "--reason", "old"),
        ("drop", "1", str(10**20), "--reason", "old"),
    ],
    ids=" ".join,
)
def test_numbers_that_nothing_has_are_told(gateway, arguments):
    gateway.commit()

    assert "Invalid value" in gateway.fails("queue", *arguments)


@pytest.mark.parametrize("arguments", [("list", "--limit", str(2**63 - 1)), ("retry", str(2**63 - 1))], ids=" ".join)
def test_the_largest_number_is_one(gateway, arguments):
    gateway.commit()

    assert gateway.run("queue", *arguments).status == 0


def test_an_empty_queue(gateway):
    gateway.commit()  # a gateway has run
    assert gateway.run("queue", "list") == (0, "Nothing waits.\n", "")
    assert gateway.run("queue", "list", "--json") == (0, "", "")


def test_what_waits_is_listed_with_the_last_answer(queue):
    first, second = columns(queue.run("queue", "list").output)

    assert first[1:3] == ["one", "2h 0m"]
    assert first[3] == "1"
    assert first[4] in {"in 30m", "in 29m"}
    assert first[5:] == ["ann@example.net", "451 4.7.1 later"]
    assert second[1:] == ["two", "1m", "0", "now", "bob@example.org"]


def test_one_domain_and_a_limit(queue):
    assert [row[5] for row in columns(queue.run("queue", "list", "--domain", "Example.ORG").output)] == [
        "bob@example.org"
    ]
    assert len(columns(queue.run("queue", "list", "--limit", 1).output)) == 1


def test_one_message_is_shown_whole(queue):
    output = queue.run("queue", "show", "one").output

    assert "<ann@example.net> (external), mail, 64 bytes" in output
    assert "from <jo@westendonsixth.com>" in output
    assert "last answer of mx.example.net: 451 4.7.1 later" in output
    assert "<cat@example.org> (external): refuse, now" in queue.run("queue", "show", "two").output


def test_an_unknown_message_cannot_be_shown(queue):
    assert queue.fails("queue", "show", "three") == "no message three\n"


@pytest.mark.parametrize("all_of_it", [True, False])
def test_retry_lets_deliveries_be_due(queue, all_of_it):
    number = waiting(queue)["ann@example.net"]["delivery_id"]

    done = queue.run("queue", "retry", *(["--all"] if all_of_it else [number]))

    assert done.output.startswith(f"{2 if all_of_it else 1} deliveries are due now")
    assert waiting(queue)["ann@example.net"]["due"] <= time.time()


@pytest.mark.parametrize("arguments", [(), ("1", "--all")])
def test_retry_wants_numbers_or_all(queue, arguments):
    assert "name deliveries by number, or give --all" in queue.fails("queue", "retry", *arguments)


def test_drop_gives_a_delivery_up_and_records_why(queue):
    number = waiting(queue)["ann@example.net"]["delivery_id"]

    done = queue.run("queue", "drop", number, "--reason", "sent by hand")

    assert done == (0, f"{number}: dropped\n", "")
    assert "ann@example.net" not in waiting(queue)
    assert "now dropped" in queue.run("queue", "show", "one").output
    entries = map(json.loads, queue.run("audit", "export").output.splitlines())
    assert [entry["texts"] for entry in entries if entry["kind"] == "drop"] == [
        {"@0": "ann@example.net", "@1": "sent by hand"}
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [((), ["jo@westendonsixth.com"]), (("--tell",), ["jo@westendonsixth.com"]), (("--no-tell",), [])],
)
def test_drop_tells_the_sender_unless_that_is_not_wished(queue, options, told):
    number = waiting(queue)["ann@example.net"]["delivery_id"]

    assert queue.run("queue", "drop", number, "--reason", "sent by hand", *options).status == 0

    reports = {}

    async def read(store):
        for due in await store.lease("worker", 10, time.time() + 1, 60):
            reports[due.recipient.address.literal] = (due.zone, await store.content(due.message_id))

    queue.commit(then=read)
    del reports["bob@example.org"]
    assert list(reports) == told
    for zone, content in reports.values():
        assert zone == "internal"
        assert b"ann@example.net" in content
        assert b"Action: failed" in content
        assert b"sent by hand" not in content


def test_drop_does_nothing_where_it_cannot_be_said_who_is_inside(queue):
    policy = queue.config / "policy.yaml"
    policy.write_text(f"no such thing: 1\n{policy.read_text()}")
    number = waiting(queue)["ann@example.net"]["delivery_id"]

    assert f"{policy}:1: " in queue.fails("queue", "drop", number, "--reason", "r")
    assert "ann@example.net" in waiting(queue)
    assert queue.run("queue", "drop", number, "--reason", "r", "--no-tell").status == 0


def test_drop_wants_a_reason_and_says_what_it_could_not_drop(queue):
    number = waiting(queue)["ann@example.net"]["delivery_id"]

    assert queue.run("queue", "drop", number).status == 2
    done = queue.run("queue", "drop", number, 999, "--reason", "r")
    assert done.status == 1
    assert "999: not dropped" in done.output


def test_a_database_that_is_none_is_told(queue):
    queue.edit("sqlite:///var/dlp-gateway.db", "mysql://var/x")

    assert re.search(r"gateway\.yaml:\d+: store\.url: should be sqlite", queue.fails("queue", "list"))


def test_a_damaged_database_is_told(queue):
    queue.database.write_bytes(b"not a database, " * 1000)
    for beside in queue.database.parent.glob("*.db-*"):
        beside.unlink()

    assert "database" in queue.fails("queue", "list")


def test_a_missing_configuration_is_told_with_its_file(queue):
    (queue.config / "gateway.yaml").unlink()

    assert "gateway.yaml" in queue.fails("queue", "list")
