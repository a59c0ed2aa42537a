"""What ``make run`` starts, started as a process of its own on ports of its own, and the mail boxes around it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import mailbox
import os
import re
import signal
import smtplib
import ssl
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.gateway import ROOT, free_port


@dataclass
class Person:
    """Somebody with an account: what is needed to sign in."""

    name: str
    password: str
    secret: str
    used: set[int] = field(default_factory=set)

    def code(self) -> str:
        """A time-based one-time password (RFC 6238) that was not used before."""
        step = int(time.time()) // 30
        # A code is taken once only: the next step's is within the tolerance.
        step = next(number for number in (step, step + 1, step - 1) if number not in self.used)
        self.used.add(step)
        key = base64.b32decode(self.secret + "=" * (-len(self.secret) % 8))
        digest = hmac.digest(key, struct.pack(">Q", step), hashlib.sha1)
        at = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Trial:
    """The gateway and its console over a folder."""

    def __init__(self, home: Path) -> None:
        self.state = home / "var"
        self.smtp, self.console = free_port(), free_port()
        self.url = f"http://localhost:{self.console}"
        self.settings = {
            "SMTP__LISTEN": f'["127.0.0.1:{self.smtp}"]',
            "CONSOLE__LISTEN": f"127.0.0.1:{self.console}",
            "CONSOLE__URL": self.url,
            "MONITORING__LISTEN": "null",
        }
        self.people: dict[str, Person] = {}
        # Who has signed in, as the browser keeps it: a code is good once, and there are few in a minute.
        self.sessions: dict[str, Any] = {}
        self.output = home / "output"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **{f"DLP_GATEWAY__{name}": value for name, value in self.settings.items()}}

    def start(self, seconds: float = 600.0) -> Trial:
        """Start it and return when it says that it is up, with the people it printed."""
        self.output.parent.mkdir(parents=True, exist_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dlp_gateway.cli", "try", "--state", str(self.state)],
                env=self.environment,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + seconds
        while "Ctrl-C" not in (said := self.output.read_text()):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"it did not start: {said[-3000:]}")
            time.sleep(0.05)
        for role, name, password, secret in re.findall(
            r"^\s*(admin|security|dpo|auditor)\s+(\S+)\s+(\S+)\s+([A-Z2-7]{16,})", said, re.MULTILINE
        ):
            self.people[name] = Person(name, password, secret)
            self.people.setdefault(role, self.people[name])
        return self

    def stop(self) -> int:
        """End both processes; returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def send(self, sender: str, recipients: list[str], content: bytes) -> str:
        """Hand in a message by SMTP; returns the gateway's reply."""
        context = ssl.create_default_context(cafile=str(self.state / "tls/gateway.crt"))
        with smtplib.SMTP("localhost", self.smtp, timeout=60) as client:
            client.starttls(context=context)
            client.ehlo()
            client.mail(sender)
            for recipient in recipients:
                client.rcpt(recipient)
            code, reply = client.data(content)
        return f"{code} {reply.decode()}"

    def command(self, *arguments: str) -> str:
        """Run a command of the command line on the trial's state."""
        done = subprocess.run(
            [str(self.state / "dlp-gateway"), *arguments], capture_output=True, text=True, timeout=120
        )
        return done.stdout + done.stderr

    def mail(self, side: str) -> list[bytes]:
        """What has arrived ``inside`` or ``outside``."""
        box = mailbox.Maildir(self.state / "outbox" / side, create=True)
        return [box.get_bytes(key) for key in sorted(box.keys())]

    def awaited(self, side: str, words: bytes, seconds: float = 30.0) -> bytes:
        """The first message that has ``words``, as soon as it has arrived."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for content in self.mail(side):
                if words in content:
                    return content
            time.sleep(0.05)
        raise AssertionError(f"nothing with {words!r} arrived {side}")
