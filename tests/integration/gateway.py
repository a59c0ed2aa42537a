"""Starts the real gateway as a process of its own and talks SMTP to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "dlp_gateway.cli"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Gateway:
    """One gateway with its state under ``home``; configuration is the shipped one with ``settings`` over it.

    ``settings`` maps ``SECTION__KEY`` to a YAML value as text.
    """

    home: Path
    internal: str
    external: str
    settings: dict[str, str] = field(default_factory=dict)
    config: Path = ROOT / "config"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        values = {
            "SMTP__LISTEN": f'["127.0.0.1:{self.port}"]',
            "STORE__URL": f"sqlite:///{self.home}/dlp-gateway.db",
            "KEYS__DIRECTORY": str(self.home / "keys"),
            "DELIVERY__INTERNAL": self.internal,
            "DELIVERY__EXTERNAL": self.external,
            "MONITORING__LISTEN": "null",
            **self.settings,
        }
        return {**os.environ, **{f"DLP_GATEWAY__{name}": value for name, value in values.items()}}

    @property
    def log(self) -> Path:
        return self.home / "gateway.log"

    def run(
        self, *arguments: str, check: bool = True, stdin: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command of the gateway's command line to its end."""
        command = [*PROGRAM, *arguments, "--config", str(self.config)]
        return subprocess.run(
            command, env=self.environment, cwd=ROOT, check=check, capture_output=True, input=stdin, timeout=300
        )

    def prepare(self) -> Gateway:
        self.home.mkdir(parents=True, exist_ok=True)
        self.run("keys", "init")
        return self

    async def start(self, seconds: float = 120.0) -> Gateway:
        """Start it and return when it has notified readiness."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(f"\0dlp-gateway-{os.getpid()}-{self.port}-{os.urandom(4).hex()}")
            notified.setblocking(False)
            name = "@" + notified.getsockname()[1:].decode()
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(  # noqa: ASYNC220 - starting takes no time
                    [*PROGRAM, "serve", "--config", str(self.config)],
                    env={**self.environment, "NOTIFY_SOCKET": name},
                    cwd=ROOT,
                    stdout=log,
                    stderr=log,
                )
            async with asyncio.timeout(seconds):
                state = b""
                while b"READY=1" not in state:
                    try:
                        state = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(notified, 4096), 0.5)
                    except TimeoutError:
                        if self.process.poll() is not None:
                            raise AssertionError(f"the gateway ended: {self.log.read_text()[-3000:]}") from None
        return self

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, 120)

    def events(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@dataclass
class Session:
    """A raw SMTP session, for tests that care about every byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int, name: str = "client.westendonsixth.com") -> Session:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024 * 1024)
        session = cls(reader, writer)
        try:
            await session.reply()
            await session.command(f"EHLO {name}")
        except OSError:
            await session.close()
            raise
        return session

    async def reply(self) -> str:
        lines = []
        while True:
            line = (await self.reader.readline()).decode()
            if not line:
                raise ConnectionError("the gateway closed the session")
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def command(self, text: str) -> str:
        self.writer.write(text.encode() + b"\r\n")
        return await self.reply()

    async def send(self, sender: str, recipients: list[str], content: bytes, options: str = "") -> str:
        """One transaction with pipelined commands; returns the last reply."""
        commands = [f"MAIL FROM:<{sender}>{options}", *(f"RCPT TO:<{r}>" for r in recipients), "DATA"]
        self.writer.write("".join(c + "\r\n" for c in commands).encode())
        replies = [await self.reply() for _ in commands]
        if not replies[-1].startswith("354"):
            await self.command("RSET")
            return next(r for r in replies if not r.startswith("2"))
        stuffed = content.replace(b"\r\n.", b"\r\n..")
        self.writer.write((b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n")
        return await self.reply()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()
