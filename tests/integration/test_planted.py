"""A thousand planted names, numbers and phrases are nowhere but in the mail itself and in what is sealed."""

from __future__ import annotations

import asyncio
import base64
import random
import re
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.integration.gateway import Gateway, Session, free_port
from tests.integration.next_hop import NextHop, Taken

COUNT = 250
SYLLABLES = "bra kel vom tis dur nax pel gri zor wen hul fex mot yar lus cob rin quo".split()
BOUNCES = "bounce@brightwater.example"


@dataclass(frozen=True)
class Planted:
    """One message with four values that exist nowhere else: a name, a number, a phrase, a file name."""

    to: tuple[str, ...]
    content: bytes
    values: tuple[str, ...]


def plant(number: int, chance: random.Random) -> Planted:
    def word() -> str:
        return "".join(chance.choices(SYLLABLES, k=4)).capitalize()

    name = f"{word()} {word()}"
    digits = "".join(chance.choices("0123456789", k=14))
    phrase = f"{word().lower()} {word().lower()} {word().lower()}"
    file = f"{word().lower()}_{word().lower()}.txt"
    outside, inside = "desk@brightwater.example", "site.office@westendonsixth.com"
    kind = number % 5
    # Refused for its Subject, held for its body, delivered inside, delivered outside, bounced by the next hop.
    # Made-up words may be taken for a name, so half of the Subjects hold nothing planted.
    about = f"About {phrase}" if number % 10 < 5 else "Agenda for Thursday"
    subject = (f"Probation of {name}", about, f"Lot {digits}", about, about)[kind]
    said = f"Notes on {phrase}, lot {digits}."
    if kind in {0, 1, 2}:
        said += f" The tax file number of {name} is 459 599 230 and {name} is on sick leave with asthma."
    to = ((inside,), (outside, inside), (inside,), (outside,), (BOUNCES,))[kind]
    attached = base64.b64encode(f"{phrase} {digits}".encode()).decode()
    content = (
        f"From: <desk@westendonsixth.com>\r\nTo: <{to[0]}>\r\nSubject: {subject}\r\nComments: {phrase}\r\n"
        f"Message-ID: <planted-{number}@westendonsixth.com>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{said}\r\n"
        f'--b\r\nContent-Type: text/plain; name="{file}"\r\nContent-Disposition: attachment; filename="{file}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{attached}\r\n--b--\r\n"
    ).encode()
    return Planted(to, content, (name, digits, phrase, file))


def bouncing(taken: Taken) -> str:
    return "5xx" if BOUNCES in taken.recipients else "take"


async def test_invariant_4_nothing_planted_gets_out(tmp_path):
    chance = random.Random(4)
    messages = [plant(number, chance) for number in range(COUNT)]
    inside, outside = await NextHop().start(), await NextHop(bouncing).start()
    health = free_port()
    gateway = Gateway(
        tmp_path / "gateway",
        internal=f'{{"host": "127.0.0.1:{inside.port}", "tls": "none"}}',
        external=f'{{"host": "127.0.0.1:{outside.port}", "tls": "none"}}',
        settings={
            "MONITORING__LISTEN": f"127.0.0.1:{health}",
            "LOGGING__LEVEL": "debug",
            "STATE_DIRECTORY": str(tmp_path / "gateway/state"),
            "QUARANTINE__NOTICE_BURST": "10000",
            "CONSOLE__URL": "https://dlp.westendonsixth.com",
        },
    ).prepare()
    said: dict[str, bytes] = {}
    await gateway.start()
    try:
        session = await Session.open(gateway.port)
        replies = [await session.send("desk@westendonsixth.com", list(m.to), m.content) for m in messages]
        await session.close()
        said["replies"] = "\n".join(replies).encode()
        await drained(gateway)
        held = identifiers(gateway.run("quarantine", "list").stdout)
        # Among random numbers there may be one that looks like a card.
        assert len(held) >= COUNT // 10
        said["list"] = gateway.run("quarantine", "list", "--json").stdout
        acts = ("release", "return", "delete")
        for number, identifier in enumerate(held):
            arguments = ("--reviewer", "Dana Osei <dpo@westendonsixth.com>", "--reason", "looked at")
            for who in ("Dana Osei <dpo@westendonsixth.com>", "Kai Brandt <deputy@westendonsixth.com>"):
                shown = gateway.run("quarantine", "show", identifier)
                act = (acts[number % 3], identifier, "--reviewer", who, *arguments[2:])
                done = gateway.run("quarantine", *act, check=False)
                said[f"{identifier} {who}"] = shown.stdout + shown.stderr + done.stdout + done.stderr
                if number % 3:
                    break
            if number >= 3:
                break
        revealed = gateway.run(
            "quarantine",
            "show",
            held[-1],
            "--reveal",
            "--reviewer",
            "Dana Osei <dpo@westendonsixth.com>",
            "--reason",
            "check",
        )
        said["metrics"] = await asyncio.to_thread(page, f"http://127.0.0.1:{health}/metrics")
        await drained(gateway)
    finally:
        assert await gateway.stop() == 0
    said["audit json"] = gateway.run("audit", "export").stdout
    said["audit cef"] = gateway.run("audit", "export", "--format", "cef").stdout
    said["queue"] = gateway.run("queue", "list", "--json").stdout
    said["log"] = gateway.log.read_bytes()
    own = [taken for taken in (*inside.taken, *outside.taken) if not taken.sender]
    # The keys in links are for senders alone: they are in their notices and nowhere else.
    keys = re.findall(rb"https://dlp\.westendonsixth\.com/sender/(\S+)", b"\n".join(taken.content for taken in own))
    assert len(set(keys)) == len(held)
    for path in (tmp_path / "gateway").rglob("*"):
        if path.is_file():
            said[str(path.relative_to(tmp_path))] = path.read_bytes()
    await inside.stop()
    await outside.stop()

    # The values did go through the gateway: into mail that was delivered, and in front of the reviewer who asked.
    delivered = b"".join(taken.content for taken in (*inside.taken, *outside.taken) if taken.sender)
    assert sum(values_of(m)[2] in delivered for m in messages) >= COUNT // 5
    assert any(value in revealed.stdout for m in messages for value in values_of(m))
    assert sum(b"held for review [" in taken.content for taken in own) == len(held)
    assert sum(b"multipart/report" in taken.content for taken in own) >= COUNT // 10
    assert [(place, key) for place, data in said.items() for key in keys if key in data] == []
    said["notices and bounces"] = b"\n".join(taken.content for taken in own)
    leaks = [(place, number) for place, data in said.items() for number, m in enumerate(messages) if leaked(m, data)]
    assert leaks == []


def values_of(message: Planted) -> list[bytes]:
    return [value.encode() for value in message.values]


def leaked(message: Planted, data: bytes) -> bool:
    return any(value in data or value.decode().encode("utf-16-le") in data for value in values_of(message))


def identifiers(listing: bytes) -> list[str]:
    return re.findall(r"^([0-9a-z]+-[0-9a-z]+)  ", listing.decode(), re.MULTILINE)


def page(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return answer.read()


async def drained(gateway: Gateway) -> None:
    for _ in range(200):
        listed = await asyncio.to_thread(gateway.run, "queue", "list")
        if b"Nothing waits" in listed.stdout:
            return
    raise AssertionError(listed.stdout.decode()[-2000:])


def test_the_search_finds_what_leaks(tmp_path: Path):
    message = plant(1, random.Random(1))

    assert leaked(message, b"x" + message.values[0].encode() + b"y")
    assert leaked(message, message.values[1].encode("utf-16-le"))
    assert not leaked(message, b"nothing")
