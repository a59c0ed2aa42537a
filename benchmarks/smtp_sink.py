"""A next hop that accepts everything and counts it: the end of every measured line.

``python -m benchmarks.smtp_sink PORT`` prints one line, ``listening``, and on
SIGUSR1 the number of messages and the time of the last one.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time

_END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One connection; understands just enough SMTP for a well-behaved client."""

    count = 0
    last = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = transport
        self._buffer = bytearray()
        self._data = False
        self._write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Take commands or content."""
        self._buffer += data
        while self._step():
            pass

    def _write(self, data: bytes) -> None:
        self._transport.write(data)  # type: ignore[attr-defined]

    def _step(self) -> bool:
        if self._data:
            end = self._buffer.find(_END)
            if end < 0:
                return False
            del self._buffer[: end + len(_END)]
            self._data = False
            Sink.count += 1
            Sink.last = time.time()
            self._write(b"250 2.0.0 taken\r\n")
            return True
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(self._buffer[:end]).upper()
        del self._buffer[: end + 2]
        self._command(line)
        return True

    def _command(self, line: bytes) -> None:
        if line.startswith(b"EHLO"):
            self._write(
                b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 SIZE 104857600\r\n"
            )
        elif line == b"DATA":
            self._data = True
            # The end mark is found also when the content is empty.
            self._buffer[:0] = b"\r\n"
            self._write(b"354 go on\r\n")
        elif line == b"QUIT":
            self._write(b"221 bye\r\n")
            self._transport.close()
        else:
            self._write(b"250 2.0.0 ok\r\n")


async def main() -> None:
    """Listen until told to end."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: print(Sink.count, Sink.last, flush=True))
    server = await loop.create_server(Sink, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
