"""Content that is being committed, kept in memory until it is delivered a moment later."""

from __future__ import annotations

import threading
import time


class Recent:
    """Hands out each message's content once; the oldest goes when ``limit`` bytes or ``seconds`` are exceeded.

    What is not here is read and opened from the database: this saves work and
    promises nothing.
    """

    def __init__(self, limit: int, seconds: float = 60.0) -> None:
        self._limit = limit
        self._seconds = seconds
        self._size = 0
        self._contents: dict[str, tuple[float, bytes]] = {}
        self._lock = threading.Lock()

    def put(self, message_id: str, content: bytes) -> None:
        """Keep the content, unless it alone would fill a good part of the room."""
        now = time.monotonic()
        with self._lock:
            if len(content) <= self._limit // 8:
                self._contents[message_id] = (now, content)
                self._size += len(content)
            while self._contents:
                oldest = next(iter(self._contents))
                if self._size <= self._limit and now - self._contents[oldest][0] <= self._seconds:
                    break
                self._take(oldest)

    def get(self, message_id: str) -> bytes | None:
        """Take the content out, if it is here."""
        with self._lock:
            return self._take(message_id)

    def _take(self, message_id: str) -> bytes | None:
        kept = self._contents.pop(message_id, None)
        if kept is None:
            return None
        self._size -= len(kept[1])
        return kept[1]
