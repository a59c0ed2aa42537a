"""Versions of the rules."""

import dataclasses
import json

from dlp_gateway.store import history, versions
from dlp_gateway.store.versions import Version
from tests.unit.store.examples import NOW

FIRST = Version(0, NOW, "gateway", "f1", "rules: {}\n", "threshold: 0.5\n")


async def enter(store, version):
    return await store.write(lambda: versions.enter(version, "/etc/dlp"))


async def test_a_version_is_kept_when_a_text_differs_from_the_last(store):
    told = [
        await enter(store, dataclasses.replace(FIRST, at=NOW + n, **texts))
        for n, texts in enumerate(
            [
                {},
                {},
                {"detection": "threshold: 0.6\n"},
                {"policy": "rules: {} # x\n"},
                {"policy": "rules: {} # x\n"},
                {},
            ]
        )
    ]

    kept = await store.read(versions.versions)

    assert told == [True, False, True, True, False, True]
    assert [(one.at, one.policy, one.detection) for one in reversed(kept)] == [
        (NOW, "rules: {}\n", "threshold: 0.5\n"),
        (NOW + 2, "rules: {}\n", "threshold: 0.6\n"),
        (NOW + 3, "rules: {} # x\n", "threshold: 0.5\n"),
        (NOW + 5, "rules: {}\n", "threshold: 0.5\n"),
    ]
    assert await store.read(lambda: versions.find(kept[0].id)) == kept[0]
    assert await store.read(lambda: versions.before(kept[0].id)) == kept[1]
    assert await store.read(lambda: versions.before(kept[-1].id)) is None


async def test_every_start_is_on_record_with_the_digest_of_the_texts(store):
    await enter(store, FIRST)
    await enter(store, dataclasses.replace(FIRST, at=NOW + 1))

    entries = [entry for entry in await store.read(lambda: history.of("configuration")) if entry.kind == "configure"]

    assert [(entry.at, entry.actor) for entry in entries] == [(NOW, "gateway"), (NOW + 1, "gateway")]
    assert json.loads(entries[0].details) == {"policy": "f1", "config": "/etc/dlp", "texts": FIRST.digest}


def test_the_digest_tells_the_two_texts_apart():
    assert FIRST.digest != dataclasses.replace(FIRST, policy="rules: {}\nthreshold: 0.5\n", detection="").digest


async def test_versions_go_when_they_were_replaced_long_ago(store):
    for n in range(3):
        await enter(store, dataclasses.replace(FIRST, at=NOW + 10 * n, policy=f"# {n}\n"))

    await store.write(lambda: versions.remove(NOW + 15, NOW + 100))
    first = [one.policy for one in await store.read(versions.versions)]
    await store.write(lambda: versions.remove(NOW + 1000, NOW + 1001))

    assert first == ["# 2\n", "# 1\n"]
    assert [one.policy for one in await store.read(versions.versions)] == ["# 2\n"]
