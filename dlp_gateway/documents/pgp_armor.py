"""ASCII armour of OpenPGP (RFC 9580, section 6.2): the blocks in a text, and what is said around them."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

from dlp_gateway.documents.items import Unreadable

_BEGIN = re.compile(
    rb"-----BEGIN PGP (MESSAGE|SIGNATURE|PUBLIC KEY BLOCK|PRIVATE KEY BLOCK|SECRET KEY BLOCK|ARMORED FILE)-----"
    rb"[ \t\r]{0,256}\n"
)
_CLEAR = b"-----BEGIN PGP SIGNED MESSAGE-----"
_USUAL = (b"version:", b"hash:", b"charset:", b"messageid:")


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
    """The data of one block, and its header lines that say more than which program wrote it."""
    lines = body.replace(b"\r", b"").split(b"\n")
    data = [line for line in lines if line and not line.startswith(b"=") and b": " not in line]
    said = [line for line in lines if b": " in line and not line.lower().startswith(_USUAL)]
    try:
        return base64.b64decode(b"".join(data)), said
    except (binascii.Error, ValueError):
        raise Unreadable("OpenPGP armour is damaged") from None
