"""Real mail through real servers: Postfix hands in, the gateway decides, two Postfix take what may go."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from tests.integration import postfix
from tests.integration.gateway import ROOT, Gateway, Session

pytestmark = [
    pytest.mark.postfix,
    pytest.mark.skipif(not postfix.AVAILABLE, reason=postfix.WHY_NOT),
]

CORPUS = ROOT / "tests/corpus"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """The labelled messages, built, with their index."""
    folder = tmp_path_factory.mktemp("corpus")
    subprocess.run([sys.executable, "build.py", "cases", str(folder)], cwd=CORPUS, check=True, capture_output=True)
    return folder


@pytest.fixture
def hops(tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "hop.pem", tmp_path / "hop.key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    with (
        postfix.Postfix(name="inside.example", tls="encrypt", certificate=certificate, key=key) as inside,
        postfix.Postfix(name="outside.example") as outside,
    ):
        yield inside, outside


def crlf(path: Path) -> bytes:
    """The message as it travels by SMTP."""
    content = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def without_received(content: bytes, count: int) -> bytes:
    """The content without the first ``count`` Received fields, which were put in front."""
    for _ in range(count):
        assert content.startswith(b"Received:")
        end = content.index(b"\r\n")
        while content[end + 2 : end + 3] in {b" ", b"\t"}:
            end = content.index(b"\r\n", end + 2)
        content = content[end + 2 :]
    return content


async def hand_in(port: int, row: dict[str, object], content: bytes) -> str:
    """Give one labelled message to the mail server of the staff, its id as envelope identifier."""
    session = await Session.open(port)
    try:
        options = f" ENVID={row['id']}" + (" SMTPUTF8" if row.get("smtputf8") else "") + " BODY=8BITMIME"
        return await session.send(row["mail_from"], row["rcpt"], content, options)
    finally:
        await session.close()


async def test_the_whole_corpus_by_smtp(corpus, hops, tmp_path):
    inside, outside = hops
    gateway = Gateway(
        tmp_path / "gateway",
        internal=f'{{"host": "{inside.address}", "tls": "required"}}',
        external=f'{{"host": "{outside.address}", "tls": "none"}}',
    ).prepare()
    rows = [json.loads(line) for line in (corpus / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    offline = gateway.run("check", "--json", "--index", str(corpus / "index.jsonl"), check=False)
    judged = {entry["id"]: entry for entry in map(json.loads, offline.stdout.splitlines())}
    contents = {row["id"]: crlf(corpus / row["file"]) for row in rows}

    await gateway.start()
    try:
        with postfix.Postfix(name="staff.example", relay_to=f"127.0.0.1:{gateway.port}") as staff:
            for row in rows:
                reply = await hand_in(staff.port, row, contents[row["id"]])
                assert reply.startswith("250"), (row["id"], reply)
            await asyncio.to_thread(staff.wait_until_empty, 300)
        decided = decisions(gateway)
        await asyncio.to_thread(wait_until_delivered, gateway)
    finally:
        assert await gateway.stop() == 0

    expected = {
        (row["id"], recipient["address"]): recipient["action"]
        for row in rows
        for recipient in judged[row["id"]]["recipients"]
    }
    assert {key: action for key, action in decided.items() if key[0] in judged} == expected
    names = {hashlib.sha256(content).digest(): identifier for identifier, content in contents.items()}
    arrived = set()
    for hop in (inside, outside):
        for message in hop.messages():
            own = message.content.count(b"by gateway.westendonsixth.com with") == 0
            if own:
                # Notices and bounces of the gateway: no sender, so that nothing answers them.
                assert message.sender == ""
                continue
            original = without_received(message.content, 3)
            identifier = names.get(hashlib.sha256(original).digest())
            if identifier is None:
                # The staff server's own bounce of what was refused, which came through the gateway as well.
                assert message.sender == ""
                continue
            arrived |= {(identifier, recipient) for recipient in message.recipients}
    assert arrived == {key for key, action in expected.items() if action == "deliver"}


def decisions(gateway: Gateway) -> dict[tuple[str, str], str]:
    """What was decided, by envelope identifier and recipient, as the database has it."""
    program = """
import json
from dlp_gateway.store import database
from dlp_gateway.settings import default_config_dir, load_settings
database.configure(load_settings(default_config_dir()).store.url)
from dlp_gateway.store.models import Recipient
for row in Recipient.objects.select_related("message"):
    if row.message.envid:
        print(json.dumps([row.message.envid, row.literal, row.action]))
"""
    listed = subprocess.run(
        [sys.executable, "-c", program], env=gateway.environment, cwd=ROOT, check=True, capture_output=True
    )
    return {(envid, address): action for envid, address, action in map(json.loads, listed.stdout.splitlines())}


def wait_until_delivered(gateway: Gateway) -> None:
    """Wait until nothing is left to deliver."""
    for _ in range(600):
        if b"Nothing waits" in gateway.run("queue", "list").stdout:
            return
    raise AssertionError(gateway.run("queue", "list").stdout.decode())
