"""A recording next hop with a will of its own: takes, refuses, stalls or drops the line, as a test plans it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Taken:
    """One transaction that was answered 250 (or whose answer was cut off: then ``answered`` is false)."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    tls: bool
    answered: bool = True
    at: float = 0.0


@dataclass
class NextHop:
    """An SMTP server on the loopback; ``plan`` is asked at every final dot what to do.

    Plans answer ``take``, ``4xx``, ``5xx``, ``drop`` (take it, then cut the
    line before the reply), ``drop-before`` (cut the line without taking it)
    or ``stall`` (never answer).
    """

    plan: Callable[[Taken], str] = lambda _: "take"
    context: ssl.SSLContext | None = None
    taken: list[Taken] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, port: int = 0) -> NextHop:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=64 * 1024 * 1024, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        self._server.close()
        self._stopping.set()
        for writer in tuple(self._writers):
            writer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait_for(self, condition: Callable[[list[Taken]], bool], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition(self.taken):
                self.arrived.clear()
                await self.arrived.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._session(reader, writer)
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, recipients, secure = "", [], False
        writer.write(b"220 next.hop ESMTP\r\n")
        while line := await reader.readline():
            command = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            verb = command.upper()
            if verb.startswith("EHLO"):
                tls = b"250-STARTTLS\r\n" if self.context and not secure else b""
                writer.write(
                    b"250-next.hop\r\n"
                    + tls
                    + b"250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 SIZE\r\n"
                )
            elif verb == "STARTTLS" and self.context:
                writer.write(b"220 go\r\n")
                await writer.start_tls(self.context)
                secure = True
            elif verb.startswith("MAIL FROM:"):
                sender, recipients = _path(command), []
                writer.write(b"250 ok\r\n")
            elif verb.startswith("RCPT TO:"):
                recipients.append(_path(command))
                writer.write(b"250 ok\r\n")
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                content = await _content(reader)
                if not await self._answer(writer, Taken(sender, tuple(recipients), content, secure)):
                    return
            elif verb == "QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()

    async def _answer(self, writer: asyncio.StreamWriter, taken: Taken) -> bool:
        what = self.plan(taken)
        if what in {"take", "drop"}:
            answered = what == "take"
            self.taken.append(
                Taken(taken.sender, taken.recipients, taken.content, taken.tls, answered, time.monotonic())
            )
            self.arrived.set()
        if what == "take":
            writer.write(b"250 2.0.0 taken\r\n")
        elif what == "4xx":
            writer.write(b"451 4.3.0 not now\r\n")
        elif what == "5xx":
            writer.write(b"550 5.1.1 never\r\n")
        elif what == "stall":
            await self._stopping.wait()
        return what in {"take", "4xx", "5xx"}


async def _content(reader: asyncio.StreamReader) -> bytes:
    lines = []
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)


def _path(command: str) -> str:
    return command[command.index("<") + 1 : command.rindex(">", 0, _end_of_path(command))]


def _end_of_path(command: str) -> int:
    return command.index(">") + 1 if '"' not in command else len(command)
