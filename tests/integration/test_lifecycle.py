"""Start, log in, reload without dropping a session, refuse what is weaker, drain: the running process."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
import signal
import smtplib
import ssl
import urllib.request
from pathlib import Path

import pytest

from dlp_gateway.smtp.authentication import hash_password, user_line
from dlp_gateway.smtp.selfsigned import make_certificate
from tests.integration.gateway import ROOT, Gateway, Session, free_port
from tests.integration.next_hop import NextHop

CLEAN = (
    b"From: <desk@westendonsixth.com>\r\nTo: <desk@brightwater.example>\r\nSubject: Agenda\r\n\r\nThe lift works.\r\n"
)
SENDER, OUTSIDE = "desk@westendonsixth.com", "desk@brightwater.example"


@pytest.fixture
async def hop():
    hop = await NextHop().start()
    yield hop
    await hop.stop()


def gateway(home: Path, hop: NextHop, **settings: str) -> Gateway:
    route = f'{{"host": "127.0.0.1:{hop.port}", "tls": "none"}}'
    config = home / "config"
    shutil.copytree(ROOT / "config", config)
    (home / "detectors").symlink_to(ROOT / "detectors")
    return Gateway(home, route, route, settings, config).prepare()


async def logged(running: Gateway, event: str, count: int = 1) -> dict[str, object]:
    for _ in range(2000):
        found = [entry for entry in running.events() if entry.get("event") == event]
        if len(found) >= count:
            return found[-1]
        await asyncio.sleep(0.02)
    raise AssertionError(f"{event} was not logged: {running.log.read_text()[-2000:]}")


async def test_d09_a_reload_drops_no_session_and_refuses_what_is_weaker(tmp_path, hop):
    running = gateway(tmp_path, hop)
    policy = running.config / "policy.yaml"
    await running.start()
    try:
        session = await Session.open(running.port)
        policy.write_text(policy.read_text().replace("people: 50", "people: 40"))
        running.process.send_signal(signal.SIGHUP)
        await logged(running, "reloaded")
        assert (await session.send(SENDER, [OUTSIDE], CLEAN)).startswith("250 2.6.0")

        policy.write_text(policy.read_text().replace("people: 40", "people: 400"))
        running.process.send_signal(signal.SIGHUP)
        refused = await logged(running, "reload refused")
        assert "policy.yaml:" in str(refused["reason"])
        assert "weaker than the running policy" in str(refused["reason"])
        assert (await session.send(SENDER, [OUTSIDE], CLEAN)).startswith("250 2.6.0")

        policy.write_text("organisation: [")
        running.process.send_signal(signal.SIGHUP)
        broken = await logged(running, "reload refused", 2)
        assert "policy.yaml:1" in str(broken["reason"])
        assert (await session.send(SENDER, [OUTSIDE], CLEAN)).startswith("250 2.6.0")
        await session.close()
        await hop.wait_for(lambda taken: len(taken) == 3)
    finally:
        assert await running.stop() == 0


async def test_invariant_8_a_restart_refuses_a_weaker_policy_too(tmp_path, hop):
    running = gateway(tmp_path, hop, STATE_DIRECTORY=str(tmp_path / "state"))
    await running.start()
    assert await running.stop() == 0
    policy = running.config / "policy.yaml"
    policy.write_text(policy.read_text().replace("people: 50", "people: 500"))

    with pytest.raises(AssertionError, match="weaker than the running policy"):
        await running.start()


async def test_d09_sigterm_finishes_the_messages_that_are_under_way(tmp_path, hop):
    running = gateway(tmp_path, hop)
    await running.start()
    sessions = [await Session.open(running.port) for _ in range(5)]
    for session in sessions:
        await session.command(f"MAIL FROM:<{SENDER}>")
        await session.command(f"RCPT TO:<{OUTSIDE}>")
        assert (await session.command("DATA")).startswith("354")
        session.writer.write(CLEAN[:60])
        await session.writer.drain()

    running.process.send_signal(signal.SIGTERM)
    await logged(running, "draining")
    for session in sessions:
        session.writer.write(CLEAN[60:] + b".\r\n")
    replies = [await session.reply() for session in sessions]
    for session in sessions:
        await session.close()

    assert await running.stop() == 0
    assert [reply[:9] for reply in replies] == ["250 2.6.0"] * 5
    # What was not delivered before the end is delivered after the next start.
    await running.start()
    try:
        await hop.wait_for(lambda taken: len(taken) >= 5)
    finally:
        assert await running.stop() == 0
    assert len(hop.taken) == 5


async def test_logging_in_over_tls_is_the_only_way_in_from_elsewhere(tmp_path, hop):
    certificate, key, users = tmp_path / "gateway.crt", tmp_path / "gateway.key", tmp_path / "users"
    make_certificate(certificate, key, "gateway.westendonsixth.com", dt.datetime.now(dt.UTC))
    users.write_text(user_line("desk", hash_password("correct horse")) + "\n")
    users.chmod(0o600)
    implicit = free_port()
    running = gateway(
        tmp_path / "home",
        hop,
        SMTP__TLS=f'{{"certificate": "{certificate}", "key": "{key}"}}',
        SMTP__USERS=str(users),
        SMTP__RELAY_NETWORKS='["192.0.2.0/24"]',
        SMTP__IMPLICIT_TLS_LISTEN=f'["127.0.0.1:{implicit}"]',
    )
    trust = ssl.create_default_context(cafile=str(certificate))

    def hand_in(port: int, password: str | None) -> int:
        secure = port == implicit
        with (
            smtplib.SMTP_SSL("localhost", port, context=trust) if secure else smtplib.SMTP("localhost", port) as client
        ):
            client.ehlo()
            if not secure:
                assert not client.has_extn("auth")
                client.starttls(context=trust)
                client.ehlo()
            if password is not None:
                client.login("desk", password)
            return client.docmd(f"MAIL FROM:<{SENDER}>")[0]

    await running.start()
    try:
        for port in (running.port, implicit):
            assert await asyncio.to_thread(hand_in, port, "correct horse") == 250
            assert await asyncio.to_thread(hand_in, port, None) >= 500
            with pytest.raises(smtplib.SMTPAuthenticationError):
                await asyncio.to_thread(hand_in, port, "wrong")
    finally:
        assert await running.stop() == 0
    record = [json.loads(line) for line in running.run("audit", "export").stdout.splitlines()]
    logins = [
        (entry["details"]["outcome"], sorted(entry["texts"].values())) for entry in record if entry["kind"] == "sign_in"
    ]
    assert logins == [("signed in", ["127.0.0.1", "desk"]), ("refused", ["127.0.0.1", "desk"])]


async def test_health_and_readiness_of_the_running_process(tmp_path, hop):
    port = free_port()
    running = gateway(tmp_path, hop, MONITORING__LISTEN=f"127.0.0.1:{port}")

    def page(path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.read().decode()

    await running.start()
    try:
        session = await Session.open(running.port)
        assert (await session.send(SENDER, [OUTSIDE], CLEAN)).startswith("250")
        await session.close()
        assert set(page("/readyz").split()) >= {"workers:", "store:", "delivery:", "accepting:", "ok"}
        assert "failing" not in await asyncio.to_thread(page, "/healthz")
        assert "dlp_messages_accepted_total 1.0" in await asyncio.to_thread(page, "/metrics")
    finally:
        assert await running.stop() == 0
