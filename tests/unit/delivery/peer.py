"""A real SMTP server on loopback that does as it is told, also what no server should."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Turn(Enum):
    """What the server does instead of answering."""

    CLOSE = "close"
    RESET = "reset"
    STALL = "stall"


Reaction = bytes | Turn | Sequence[bytes | Turn]
Script = dict[str, Reaction | Callable[[str], Reaction]]

EXTENSIONS = ("PIPELINING", "SIZE 20000000", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "DSN")


@dataclass
class Received:
    """One message as it came over the wire."""

    mail: str
    rcpt: list[str]
    content: bytes
    tls: bool


@dataclass
class Peer:
    """The server; ``on`` says what to answer to a verb, to CONNECT, or to CONTENT (after the final dot).

    ``taken`` are the messages whose content came whole, whatever was answered.
    """

    on: Script = field(default_factory=dict)
    extensions: Sequence[str] = EXTENSIONS
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    taken: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0

    async def __aenter__(self) -> "Peer":
        self._released = asyncio.Event()
        self._tasks: set[asyncio.Task] = set()
        self.changed = asyncio.Condition()
        context = self.tls if self.implicit else None
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        self._released.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def release(self) -> None:
        """Let everything that stalls go on."""
        self._released.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until ``condition`` holds."""
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(condition)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, _Closed, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self.at_once -= 1
            writer.transport.abort()
            await self._tell()
            self._tasks.discard(task)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tls = self.implicit
        mail, rcpt = "", []
        await self._react(writer, "CONNECT", "", b"220 peer.example ESMTP ready\r\n")
        while True:
            line = (await reader.readuntil(b"\r\n"))[:-2].decode("utf-8", "surrogateescape")
            self.commands.append(line)
            await self._tell()
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                lines = ["peer.example", *self.extensions]
                if self.tls and not tls:
                    lines.append("STARTTLS")
                text = "".join(f"250{' ' if n == len(lines) - 1 else '-'}{each}\r\n" for n, each in enumerate(lines))
                await self._react(writer, verb, line, text.encode())
            elif verb == "STARTTLS":
                if (await self._react(writer, verb, line, b"220 2.0.0 go ahead\r\n")).startswith(b"220"):
                    await writer.start_tls(self.tls)
                    tls = True
            elif verb == "MAIL":
                mail, rcpt = line, []
                await self._react(writer, verb, line, b"250 2.1.0 sender ok\r\n")
            elif verb == "RCPT":
                if (await self._react(writer, verb, line, b"250 2.1.5 recipient ok\r\n")).startswith(b"25"):
                    rcpt.append(line)
            elif verb == "DATA":
                default = b"354 go ahead\r\n" if rcpt else b"554 5.5.1 no valid recipients\r\n"
                if (await self._react(writer, verb, line, default)).startswith(b"354"):
                    content = await self._content(reader)
                    self.taken.append(Received(mail, rcpt, content, tls))
                    await self._tell()
                    await self._react(writer, "CONTENT", line, b"250 2.0.0 Ok: queued as 4F1C2A3B4D\r\n")
                mail, rcpt = "", []
            elif verb == "QUIT":
                await self._react(writer, verb, line, b"221 2.0.0 bye\r\n")
                return
            else:
                await self._react(writer, verb, line, b"250 2.0.0 ok\r\n")

    async def _content(self, reader: asyncio.StreamReader) -> bytes:
        """Undo the transparency of RFC 5321, 4.5.2, by the letter of it."""
        lines, rest = [], b""
        while True:
            block = rest + await reader.read(65536)
            if block == rest:
                raise _Closed
            *whole, rest = block.split(b"\r\n")
            for position, line in enumerate(whole):
                if line == b".":
                    assert not rest
                    assert position == len(whole) - 1
                    return b"".join(lines)
                lines.append(line.removeprefix(b".") + b"\r\n")

    async def _react(self, writer: asyncio.StreamWriter, verb: str, line: str, default: bytes) -> bytes:
        reaction = self.on.get(verb, default)
        if callable(reaction):
            reaction = reaction(line)
        said = b""
        for step in [reaction] if isinstance(reaction, bytes | Turn) else reaction:
            if step is Turn.CLOSE:
                writer.close()
                raise _Closed
            if step is Turn.RESET:
                writer.transport.abort()
                raise _Closed
            if step is Turn.STALL:
                await self._released.wait()
            else:
                said += step
                writer.write(step)
                await writer.drain()
        return said

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


class _Closed(Exception):
    pass


def in_turn(*reactions: Reaction) -> Callable[[str], Reaction]:
    """Answer the first time with the first, and so on; the last one stays."""
    left = list(reactions)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
