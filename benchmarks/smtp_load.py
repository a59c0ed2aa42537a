"""A load generator: sends ready-made messages over a number of connections and measures each.

``python -m benchmarks.smtp_load PORT CONNECTIONS RATE < PLAN`` reads a plan, one
JSON object a line (``{"from", "to": [...], "content"}``, content in base64),
sends it, and prints JSON: seconds in all, latencies in milliseconds (from the
MAIL command to the reply after the final dot), and replies by code. With a
RATE above 0 messages start at that many a second; with 0 each connection
sends the next one as soon as the last is answered.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Planned:
    """One message as bytes on the wire: commands sent in one packet, then the content."""

    commands: bytes
    replies: int
    content: bytes


def plan(lines: Iterator[str]) -> list[Planned]:
    """Read a plan."""
    messages = []
    for line in lines:
        entry: dict[str, Any] = json.loads(line)
        commands = [f"MAIL FROM:<{entry['from']}>", *(f"RCPT TO:<{to}>" for to in entry["to"]), "DATA"]
        content = base64.b64decode(entry["content"])
        stuffed = content.replace(b"\r\n.", b"\r\n..") + b".\r\n"
        messages.append(Planned("".join(c + "\r\n" for c in commands).encode(), len(commands), stuffed))
    return messages


async def _reply(reader: asyncio.StreamReader) -> bytes:
    while True:
        line = await reader.readline()
        if not line:
            raise ConnectionError("closed")
        if line[3:4] != b"-":
            return line[:3]


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await _reply(reader)
    writer.write(b"EHLO load.westendonsixth.com\r\n")
    await _reply(reader)
    return reader, writer


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: Planned) -> str:
    writer.write(message.commands)
    for _ in range(message.replies):
        code = await _reply(reader)
    if code != b"354":
        return code.decode()
    writer.write(message.content)
    await writer.drain()
    return (await _reply(reader)).decode()


async def _paced(messages: list[Planned], rate: float) -> AsyncIterator[tuple[float, Planned]]:
    began = time.perf_counter()
    for number, message in enumerate(messages):
        due = began + number / rate if rate else time.perf_counter()
        if rate and (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        yield due, message


async def load(port: int, connections: int, rate: float, messages: list[Planned]) -> dict[str, Any]:
    """Send ``messages``; a message's latency counts from when it was due, so a slow server cannot hide."""
    queue: asyncio.Queue[tuple[float, Planned] | None] = asyncio.Queue(0 if rate else connections)
    latencies: list[float] = []
    codes: Counter[str] = Counter()

    async def connection() -> None:
        reader, writer = await _connect(port)
        while (item := await queue.get()) is not None:
            due, message = item
            started = due if rate else time.perf_counter()
            try:
                codes[await _send(reader, writer, message)] += 1
            except ConnectionError:
                codes["lost"] += 1
                reader, writer = await _connect(port)
            latencies.append((time.perf_counter() - started) * 1000)
        writer.close()

    began = time.time()
    workers = [asyncio.create_task(connection()) for _ in range(connections)]
    async for item in _paced(messages, rate):
        await queue.put(item)
    for _ in workers:
        await queue.put(None)
    await asyncio.gather(*workers)
    return {"began": began, "seconds": time.time() - began, "latencies": latencies, "codes": dict(codes)}


def main() -> None:
    """Read the plan, send it, print the figures."""
    port, connections, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    messages = plan(iter(sys.stdin))
    print(json.dumps(asyncio.run(load(port, connections, rate, messages))))


if __name__ == "__main__":
    main()
