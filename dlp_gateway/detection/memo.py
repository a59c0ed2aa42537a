"""What a model has said of a text before, remembered without the text.

Mail repeats itself: signatures, disclaimers, quoted replies, newsletters,
Subjects of a thread. A memo keeps the answer under a keyed digest of the text;
the key is random and lives as long as the process, so nothing can be looked
up from outside, and no two texts share an answer (128 bits).
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """Answers by text, at most ``size`` of them; when it is full it begins anew, so memory stays bounded."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._key = secrets.token_bytes(16)
        self._answers: dict[bytes, T] = {}

    def get(self, text: str) -> T | None:
        """The answer to ``text``; None when there is none."""
        return self._answers.get(self._digest(text))

    def put(self, text: str, answer: T) -> None:
        """Remember an answer."""
        if len(self._answers) >= self._size:
            self._answers.clear()
        self._answers[self._digest(text)] = answer

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key).digest()
