import hashlib
import json
import re
import struct

import pytest

from dlp_gateway.audit import export
from dlp_gateway.audit.chain import GENESIS, Entry, EntryKind, Note, link
from dlp_gateway.model import Action
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import history
from tests.unit.store.contract import deliver_all, forget
from tests.unit.store.examples import NOW, PLANTED, intake, verdict

VERDICTS = (
    verdict("ann@example.net", Action.DELIVER),
    verdict("bob@example.org", Action.HOLD),
    verdict("cat@example.org", Action.REFUSE),
)


@pytest.fixture
async def busy(store, review_keys, clock):
    await store.commit(intake(*VERDICTS, message_id="one"))
    await deliver_all(store)
    desk = Desk(review_keys, clock)
    reviewer = Reviewer("d|p=o\\", "dpo@westendonsixth.com")
    await store.write(lambda: desk.release("one", None, reviewer, "a=b\nc|d\\"))
    return store


def exported(store, form):
    return store.read(lambda: list(form(history.entries())))


async def test_json_lines_tell_everything_with_addresses(busy):
    lines = [json.loads(line) for line in await exported(busy, export.json_lines)]

    assert [(line["seq"], line["kind"]) for line in lines] == [
        (1, "decide"),
        (2, "hold"),
        (3, "deliver"),
        (4, "release"),
    ]
    decide = lines[0]
    assert decide["at"] == "2027-01-15T08:00:00.000+00:00"
    assert decide["texts"][decide["details"]["sender"]] == "jo@westendonsixth.com"
    assert [decide["texts"][r["address"]] for r in decide["details"]["recipients"]] == [
        "ann@example.net",
        "bob@example.org",
        "cat@example.org",
    ]
    assert decide["details"]["findings"] == {"au_tfn": 1, "person_name": 2}
    assert decide["details"]["not_inspected"] == {"picture not read": 1}
    assert lines[3]["texts"]["@0"] == "a=b\nc|d\\"


async def test_json_lines_are_enough_to_verify_the_chain(busy):
    previous = bytes(32)
    for line in map(json.loads, await exported(busy, export.json_lines)):
        details = json.dumps(line["details"], sort_keys=True, separators=(",", ":"))
        encoded = b"dlp-gateway entry 1\0" + struct.pack(">qd", line["seq"], line["epoch"]) + previous
        for text in (line["kind"], line["actor"], line["subject"], details, " ".join(line["tokens"])):
            encoded += len(text.encode()).to_bytes(4, "big") + text.encode()
        previous = hashlib.sha256(encoded).digest()
        assert line["hash"] == previous.hex()


async def test_erased_addresses_are_missing(busy):
    await busy.write(lambda: forget("bob@example.org"))

    lines = [json.loads(line) for line in await exported(busy, export.json_lines)]
    assert lines[0]["texts"] == {
        "@0": "jo@westendonsixth.com",
        "@1": "ann@example.net",
        "@2": None,
        "@3": "cat@example.org",
    }
    assert "bob@" not in json.dumps(lines)
    assert "(erased)" in (await exported(busy, export.cef))[0]


async def test_found_values_are_in_no_export(busy):
    text = "\n".join([*await exported(busy, export.json_lines), *await exported(busy, export.cef)])

    assert not [word for word in PLANTED if word in text]


CEF = re.compile(r"CEF:0\|((?:[^|\\]|\\.)*\|){5}\d+\|(.*)")
PAIR = re.compile(r"(\w+)=((?:[^=\\]|\\.)*?)(?= \w+=|$)")


def parsed(line):
    """As the ArcSight CEF implementation standard says: pairs, values with =, \\ and newlines escaped."""
    assert "\n" not in line
    match = CEF.fullmatch(line)
    assert match, line
    unescape = {"\\n": "\n", "\\r": "\r", "\\=": "=", "\\\\": "\\"}
    return {k: re.sub(r"\\.", lambda m: unescape[m[0]], v) for k, v in PAIR.findall(match[2])}


async def test_cef_events(busy):
    events = [parsed(line) for line in await exported(busy, export.cef)]

    assert (
        events[0].items()
        >= {
            "rt": str(int(NOW * 1000)),
            "externalId": "1",
            "deviceExternalId": "one",
            "suser": "jo@westendonsixth.com",
            "duser": "ann@example.net,bob@example.org,cat@example.org",
            "act": "deliver,hold,refuse",
            "cs1": "external",
            "cs3": "gateway",
        }.items()
    )
    assert events[2]["dhost"] == "mx.example.net"
    assert (events[3]["reason"], events[3]["cs3"]) == ("a=b\nc|d\\", "d|p=o\\")


@pytest.mark.parametrize("kind", list(EntryKind))
def test_every_kind_has_an_event(kind, monkeypatch):
    monkeypatch.setattr(history, "texts", lambda tokens: {})
    details = (
        {"seq": 1, "hash": "", "at": 1.5, "key": "audit-1", "signature": "ab"} if kind == EntryKind.CHECKPOINT else {}
    )
    entry: Entry = link(Note(kind, NOW, "a\r\nb", "s", details), "", 1, GENESIS)

    (line,) = export.cef([entry])

    assert f"|{kind}|Record: {kind}|" in line
    assert parsed(line)["suser"] == "a\nb"


async def test_long_records_are_exported_in_pages(store, monkeypatch):
    monkeypatch.setattr(export, "_PAGE", 3)
    monkeypatch.setattr(history, "_PAGE", 2)
    for n in range(10):
        await store.commit(intake(at=NOW + n))

    lines = await exported(store, export.json_lines)

    assert [json.loads(line)["seq"] for line in lines] == list(range(1, 11))
