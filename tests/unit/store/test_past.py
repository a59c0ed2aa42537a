"""Decisions of a period, read to be decided again."""

from dlp_gateway.model import Action
from dlp_gateway.store import past
from tests.unit.store.examples import INSPECTION, NOW, SENDER, intake, verdict


async def test_what_is_read(store):
    await store.commit(
        intake(verdict("ann@example.net", Action.HOLD), verdict("Bob@example.org", Action.DELIVER), message_id="m1")
    )
    await store.commit(intake(sender=None, at=NOW + 1, message_id="m2"))
    await store.commit(intake(at=NOW + 60))

    found = await store.read(lambda: list(past.sample(NOW, NOW + 60, 10).decisions()))

    assert [(one.id, one.at, one.complete) for one in found] == [("m2", NOW + 1, True), ("m1", NOW, True)]
    assert [str(one.sender) for one in found] == ["None", SENDER]
    assert [(str(a), a.domain) for a in found[1].recipients] == [
        ("ann@example.net", "example.net"),
        ("Bob@example.org", "example.org"),
    ]
    assert [finding.entity for finding in found[1].inspection.findings] == [f.entity for f in INSPECTION.findings]


async def test_of_many_some_are_taken_from_the_whole_period(store):
    for n in range(10):
        await store.commit(intake(at=NOW + n, message_id=f"m{n}"))

    chosen = await store.read(lambda: past.sample(NOW, NOW + 60, 4))

    assert (chosen.total, chosen.ids) == (10, ("m9", "m7", "m4", "m2"))
    assert (await store.read(lambda: past.sample(NOW, NOW + 60, 10))).total == 10
