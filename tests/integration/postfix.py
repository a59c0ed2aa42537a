"""Private Postfix instances on loopback, for tests that need a real mail server.

    with Postfix(port=2526) as server:            # or the fixture ``postfix`` of conftest.py
        ...
        server.wait_for(1)
        server.messages()[0].content              # what arrived, the server's own Received in front

Each has configuration, queue and data in a folder of its own and leaves the
system's Postfix alone. It takes mail from loopback for any address and hands
it to a script that writes content and envelope to files, byte for byte; with
``relay_to`` it passes everything on by SMTP instead. Needs the Debian package
``postfix`` and root.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

DAEMON = "/usr/lib/postfix/sbin/master"
AVAILABLE = Path(DAEMON).exists() and os.geteuid() == 0
WHY_NOT = "needs root and the Debian package postfix (make test-packages)"

# Nothing may touch the message on its way: no header is dropped, added or rewritten, no line is broken,
# and nothing is looked up in the DNS.
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/maillog
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {name}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = record:
local_transport = record:
record_destination_recipient_limit = 1000
message_size_limit = 104857600
mailbox_size_limit = 0
header_size_limit = 10240000
line_length_limit = 65536
smtp_line_length_limit = 0
message_drop_headers =
local_header_rewrite_clients =
append_dot_mydomain = no
disable_mime_input_processing = yes
disable_mime_output_conversion = yes
smtputf8_enable = yes
smtputf8_autodetect_classes = all
strict_smtputf8 = no
disable_dns_lookups = yes
smtp_dns_support_level = disabled
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_timeout = 60
in_flow_delay = 0
minimal_backoff_time = 1
maximal_backoff_time = 2
queue_run_delay = 1
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
pickup    unix  n - n 60 1 pickup
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
record    unix  - n n - 50 pipe
  eol=\\r\\n null_sender= user=nobody argv={folder}/record {folder}/messages ${{queue_id}} ${{sender}} ${{recipient}}
"""

# Envelope first: a message counts once its content is in place.
RECORD = """#!/bin/sh
set -e
folder=$1 name=$2.$$ sender=$3
shift 3
cat > "$folder/$name.part"
printf '%s\\n' "$sender" "$@" > "$folder/$name.envelope"
mv "$folder/$name.part" "$folder/$name.content"
"""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message as it arrived: ``content`` has CRLF line ends and the server's Received in front."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)

    @property
    def without_trace(self) -> bytes:
        """The content without the one Received field that this server put in front."""
        lines = self.content.split(b"\r\n")
        assert lines[0].startswith(b"Received:"), lines[0]
        end = 1
        while lines[end][:1] in (b" ", b"\t"):
            end += 1
        return b"\r\n".join(lines[end:])


class Postfix:
    """One instance; a context manager, or ``start`` and ``stop``.

    ``tls`` is the server's level (``none``, ``may``, ``encrypt``) and needs
    ``certificate`` and ``key`` (PEM files that root can read). ``relay_to``
    is a ``host:port`` that everything goes on to. ``refuse`` maps recipients
    (``gone@``, ``ext.example``, see access(5)) to the reply they get. ``options`` are further
    lines of main.cf. Port 0 means any free one.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        name: str = "postfix.example",
        tls: str = "none",
        certificate: Path | None = None,
        key: Path | None = None,
        relay_to: str | None = None,
        refuse: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.name = name
        self._options = {"smtpd_tls_security_level": tls, **(options or {})}
        if tls != "none":
            assert certificate
            assert key
            self._options |= {"smtpd_tls_cert_file": str(certificate), "smtpd_tls_key_file": str(key)}
            self._options.setdefault("smtpd_tls_loglevel", "1")
        if refuse:
            answers = ", ".join(f"{{{who} = {answer}}}" for who, answer in refuse.items())
            self._options["smtpd_recipient_restrictions"] = f"check_recipient_access inline:{{{answers}}}, permit"
        if relay_to:
            host, _, to = relay_to.rpartition(":")
            self._options |= {"default_transport": "smtp:", "relayhost": f"[{host}]:{to}"}
        self._folder: Path | None = None

    @property
    def address(self) -> str:
        """Where it listens, ``host:port``."""
        return f"127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        """Its files, while it exists."""
        assert self._folder, "not started"
        return self._folder

    def __enter__(self) -> Postfix:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.remove()

    def start(self) -> None:
        """Start, or start again after ``stop`` with the same queue; returns when it answers."""
        if self._folder is None:
            self._folder = self._laid_out()
        self._command("start")
        self._until(self._answers, "answer")

    def stop(self) -> None:
        """Stop at once; queue and delivered messages stay."""
        self._command("abort", check=False)

        def stopped() -> bool:
            return self._command("status", check=False) != 0

        self._until(stopped, "stop")

    def remove(self) -> None:
        """Remove all files."""
        shutil.rmtree(self.folder)
        self._folder = None

    def messages(self) -> list[Delivered]:
        """Return what has arrived so far, oldest first."""
        contents = sorted((self.folder / "messages").glob("*.content"), key=lambda path: path.stat().st_mtime_ns)
        return [self._message(path) for path in contents]

    def wait_for(self, count: int, seconds: float = 60.0) -> list[Delivered]:
        """Wait until ``count`` messages have arrived and return all that have."""
        folder = self.folder / "messages"
        self._until(lambda: sum(1 for _ in folder.glob("*.content")) >= count, f"deliver {count} messages", seconds)
        return self.messages()

    def arrival(self, recipient: str, seconds: float = 60.0) -> Delivered:
        """Wait for a message to ``recipient`` and return the first."""
        found: list[Delivered] = []

        def arrived() -> bool:
            found.extend(message for message in self.messages() if recipient in message.recipients)
            return bool(found)

        self._until(arrived, f"deliver to {recipient}", seconds)
        return found[0]

    def wait_until_empty(self, seconds: float = 60.0) -> None:
        """Wait until nothing is left in the queue."""
        self._until(lambda: not self.queue(), "empty its queue", seconds)

    def queue(self) -> list[dict[str, object]]:
        """Return what waits in the queue, as ``postqueue -j`` tells it."""
        listed = subprocess.run(["postqueue", "-c", str(self.folder), "-j"], capture_output=True, check=False)
        return [json.loads(line) for line in listed.stdout.splitlines()]

    def log(self) -> str:
        """Return its log."""
        return (self.folder / "log" / "maillog").read_text("utf-8", "replace")

    def wait_for_log(self, text: str, seconds: float = 30.0) -> None:
        """Wait until ``text`` stands in the log."""
        self._until(lambda: text in self.log(), f"log {text!r}", seconds)

    def _message(self, path: Path) -> Delivered:
        sender, *recipients = path.with_suffix(".envelope").read_text("utf-8").splitlines()
        return Delivered(sender, tuple(recipients), path.read_bytes())

    def _laid_out(self) -> Path:
        # Not in pytest's folder: the daemons run as other users and have to get through to it.
        folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        folder.chmod(0o755)
        for part in ("queue", "data", "messages", "log"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix", "postfix")
        shutil.chown(folder / "messages", "nobody")
        (folder / "record").write_text(RECORD)
        (folder / "record").chmod(0o755)
        main = MAIN.format(folder=folder, name=self.name)
        main += "".join(f"{key} = {value}\n" for key, value in self._options.items())
        (folder / "main.cf").write_text(main)
        (folder / "master.cf").write_text(MASTER.format(folder=folder, port=self.port))
        return folder

    def _command(self, verb: str, *, check: bool = True) -> int:
        done = subprocess.run(
            ["postfix", "-c", str(self.folder), verb], capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"postfix {verb}: {done.stderr.decode()}{self.log() if verb == 'start' else ''}")
        return done.returncode

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
                return line.recv(3) == b"220"
        except OSError:
            return False

    def _until(self, condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
        """Wait for another process: there is nothing to wait on but the condition itself."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{self.name} did not {what} in {seconds:.0f} s; its log ends:\n{self.log()[-3000:]}"
                )
            time.sleep(0.02)


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
