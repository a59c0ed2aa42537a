"""What a reader yields: texts, files found inside, what it could not read, and encryption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.model import Grade, Part, Protection, Text, Unscanned

Attempt = Callable[[str], "tuple[Part | Locked | Unscanned, ...] | None"]


class Unreadable(Exception):
    """Content that breaks the rules of its format; the message is a phrase without content."""


@dataclass(frozen=True, slots=True)
class Locked:
    """Something encrypted, with a way to try a password on it.

    ``attempt(password)`` gives the decrypted files, or None when the password is wrong; what the password
    leaves shut beside them is a lock of its own, or reported. ``thorough`` is an attempt that takes more work, for
    the likeliest passwords. ``whole`` is
    true when this is the attachment itself, false for some entries of an archive. ``rounds`` is the
    cost of a try in hash rounds. ``defaults`` are passwords that programs try without asking, so that
    a file locked with one of them is open to everybody.
    """

    where: str
    protection: Protection
    attempt: Attempt | None = None
    whole: bool = True
    rounds: int = 0
    defaults: tuple[str, ...] = ()
    size: int = 0
    names: tuple[str, ...] = field(default=(), repr=False)
    thorough: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Outside:
    """Bytes of a file that belong to nothing in its format: in front of an archive, between its entries, behind it.

    They are read like a file inside, unless the whole is of another type as well, which explains them.
    """

    part: Part


@dataclass(frozen=True, slots=True)
class Picture:
    """Something drawn, that OCR may read: ``content()`` gives it as a picture file, made only when it is wanted."""

    where: str
    width: int
    height: int
    content: Callable[[], bytes]
    hints: tuple[str, ...] = field(default=(), repr=False)


Item = Text | Part | Unscanned | Protection | Locked | Outside | Picture
Reader = Callable[[Part, DocumentBudget], Iterator[Item]]


def under(where: str, place: str) -> str:
    """Return the place ``place`` within ``where``, as people read it."""
    return f"{where} > {place}"


def deciding(grades: Sequence[Locked | Protection]) -> Iterator[Item]:
    """Yield the locks of a file, the weakest last, since the last is recorded; without a lock how it is packed."""
    locks = [item for item in grades if isinstance(item, Locked)]
    order = list(Grade)
    yield from sorted(locks, key=lambda lock: -order.index(lock.protection.state))
    if not locks:
        yield from grades
