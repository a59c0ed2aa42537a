"""ASCII armour of OpenPGP (RFC 9580, section 6.2): the blocks in a text, and what is said around them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dlp_gateway.documents import radix64
from dlp_gateway.documents.items import Unreadable

_BEGIN = re.compile(
    rb"-----BEGIN PGP (MESSAGE|SIGNATURE|PUBLIC KEY BLOCK|PRIVATE KEY BLOCK|SECRET KEY BLOCK|ARMORED FILE)-----"
    rb"[ \t\r]{0,256}\n"
)
_CLEAR = b"-----BEGIN PGP SIGNED MESSAGE-----"
# Headers that name a program, a hash or a character set and nothing else (RFC 9580, section 6.2.2.1).
_USUAL = re.compile(
    rb"(?i)(?:version|hash|charset): (?:[a-z][a-z./\-]{0,20}\d{0,3}|\d)"
    rb"(?: v?\d{1,2}(?:\.\d{1,4}){0,3})?(?: \([a-z/]{1,12}\d{0,2}\))?\s*"
)


@dataclass(frozen=True, slots=True)
class Armored:
    """The data of every block, the words outside of them and in their headers, and whether a block has no end."""

    blocks: tuple[bytes, ...] = field(repr=False)
    outside: bytes = field(repr=False)
    unfinished: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether there is no armour but its first line."""
        return not self.blocks and _CLEAR not in self.outside


def parse(content: bytes) -> Armored:
    """Take the armour off, without checking its checksum; raises Unreadable when a block is no base64. Linear."""
    blocks, outside = list[bytes](), list[bytes]()
    endless = set[bytes]()
    position = at = 0
    while (match := _BEGIN.search(content, at)) is not None:
        kind, at = match[1], match.end()
        mark = b"-----END PGP " + kind + b"-----"
        stop = content.find(mark, at) if kind not in endless else -1
        if stop < 0:
            endless.add(kind)
            continue
        block, words = _block(content[at:stop])
        blocks.append(block)
        outside += [content[position : match.start()], *words]
        position = at = stop + len(mark)
    outside.append(content[position:])
    return Armored(tuple(blocks), b"\n".join(outside), bool(endless))


def _block(body: bytes) -> tuple[bytes, list[bytes]]:
    """The data of one block, and all other lines of it but the usual headers as programs write them."""
    try:
        data, said = radix64.split(body)
    except ValueError:
        raise Unreadable("OpenPGP armour is damaged") from None
    return data, [line for line in said if not _USUAL.fullmatch(line)]
