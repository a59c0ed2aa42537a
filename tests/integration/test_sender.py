"""A sender, from the notice to the answer: real mail, the real gateway, the real console, a plain browser."""

from __future__ import annotations

import asyncio
import http.cookiejar
import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.gateway import PROGRAM, ROOT, Gateway, Session, free_port
from tests.integration.next_hop import NextHop, Taken

SENDER, OUTSIDE = "desk@westendonsixth.com", "desk@brightwater.example"
CODEWORD = "zyzzyva"
MAIL = (
    f"From: <{SENDER}>\r\nTo: <{OUTSIDE}>\r\nSubject: Agenda for Thursday\r\n"
    "Message-ID: <one@westendonsixth.com>\r\n\r\n"
    "The tax file number of Dana Osei is 459 599 230.\r\n"
).encode()


class Browser:
    """Follows redirects, keeps cookies, sends forms."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def get(self, address: str) -> tuple[int, str]:
        return self._open(urllib.request.Request(urllib.parse.urljoin(self.base, address)))

    def post(self, page: str, address: str, **fields: str) -> tuple[int, str]:
        """Send the form of ``page`` to ``address``."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        headers = {"Origin": self.base}
        return self._open(urllib.request.Request(urllib.parse.urljoin(self.base, address), data, headers))

    def _open(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=120) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()


@contextmanager
def console(gateway: Gateway) -> Iterator[None]:
    """The console beside the gateway; it logs to a file of its folder."""
    log = gateway.home / "console.log"
    with log.open("wb") as file:
        command = [*PROGRAM, "console", "--config", str(gateway.config)]
        process = subprocess.Popen(command, env=gateway.environment, cwd=ROOT, stdout=file, stderr=file)
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(60) == 0


async def answering(base: str) -> Browser:
    browser = Browser(base)
    for _ in range(1200):
        try:
            await asyncio.to_thread(browser.get, "/sender/")
        except OSError:
            await asyncio.sleep(0.05)
            continue
        return browser
    raise AssertionError("the console does not answer")


def notices(inside: NextHop, title: str) -> list[Taken]:
    return [taken for taken in inside.taken if not taken.sender and f"Subject: {title}".encode() in taken.content]


async def test_from_the_notice_to_the_answer(tmp_path):
    inside, outside = await NextHop().start(), await NextHop().start()
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    gateway = Gateway(
        tmp_path / "gateway",
        internal=f'{{"host": "127.0.0.1:{inside.port}", "tls": "none"}}',
        external=f'{{"host": "127.0.0.1:{outside.port}", "tls": "none"}}',
        settings={
            "STATE_DIRECTORY": str(tmp_path / "gateway/state"),
            "CONSOLE__URL": f'"{base}"',
            "CONSOLE__LISTEN": f'"127.0.0.1:{port}"',
        },
    ).prepare()
    await gateway.start()
    try:
        session = await Session.open(gateway.port)
        assert "250 2.6.0" in await session.send(SENDER, [OUTSIDE], MAIL)
        await session.close()
        await inside.wait_for(lambda _: notices(inside, "Your message is held"))
        (key,) = re.findall(rf"{base}/sender/(\S+)", notices(inside, "Your message is held")[0].content.decode())
        with console(gateway):
            browser = await answering(base)

            def act() -> str:
                status, page = browser.get(f"/sender/{key}")
                assert status == 200
                status, page = browser.post(page, f"/sender/{key}")
                assert (status, "459 599 230" in page, "waits for a reviewer" in page) == (200, False, True)
                status, page = browser.post(page, "/sender/message/ask", words=f"She is the recipient: {CODEWORD}.")
                assert "Nobody has answered yet" in page
                status, gone = Browser(base).get(f"/sender/{key}")
                assert status == 410
                stranger = Browser(base)
                _, gone = stranger.get(f"/sender/{key}")
                stranger.post(gone, f"/sender/{key}/again")
                return re.search(r"<code>([^<]+)</code>", page)[1]

            identifier = await asyncio.to_thread(act)
            await inside.wait_for(lambda _: notices(inside, "The link you asked for"))
            who = ("--reviewer", "Kai Brandt <kai@westendonsixth.com>", "--reason", "She is the person concerned.")
            await asyncio.to_thread(gateway.run, "quarantine", "release", identifier, *who)
            await outside.wait_for(lambda taken: bool(taken))
            await inside.wait_for(lambda _: notices(inside, "Your held message was released"))
            _, page = await asyncio.to_thread(browser.get, "/sender/")
            assert "A reviewer released the message." in page
    finally:
        assert await gateway.stop() == 0
    await inside.stop()
    await outside.stop()

    assert outside.taken[0].content.endswith(MAIL)
    assert gateway.run("audit", "verify").returncode == 0
    record = [json.loads(line) for line in gateway.run("audit", "export").stdout.splitlines()]
    kinds = [entry["kind"] for entry in record if entry["subject"] == identifier]
    assert kinds == ["decide", "hold", "sign_in", "appeal", "sign_in", "release", "deliver"]
    files = {path: path.read_bytes() for path in gateway.home.rglob("*") if path.is_file()}
    for secret in (key, CODEWORD, "459 599 230"):
        assert [path for path, data in files.items() if secret.encode() in data] == []
