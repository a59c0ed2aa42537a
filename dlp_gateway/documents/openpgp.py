"""OpenPGP files (RFC 9580): what is really encrypted, and what only looks so.

Armour says nothing: the same lines wrap signed and merely packed data. The
packets decide. Literal, compressed and signed data is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import charset, ciphertext, leftovers, pgp_armor, protection, unpack
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Locked, Unreadable, deciding, under
from dlp_gateway.model import Part, Protection, Role, Text, Unscanned

_PUBLIC_KEY_SESSION, _SIGNATURE, _PASSPHRASE_SESSION, _ONE_PASS = 1, 2, 3, 4
_SECRET_KEY, _PUBLIC_KEY, _COMPRESSED, _OLD_ENCRYPTED, _MARKER, _LITERAL = 5, 6, 8, 9, 10, 11
_USER_ID, _ATTRIBUTE, _ENCRYPTED, _AEAD = 13, 17, 18, 20
_SEALED, _KEYS = {_ENCRYPTED, _OLD_ENCRYPTED, _AEAD}, {_SECRET_KEY, _PUBLIC_KEY}
# Packets of numbers, in which only what stands in the clear is read (a signature may have notes): session keys,
# signatures, keys and subkeys (7, 14), user ids, which are read, checks (19).
_SILENT = {_PUBLIC_KEY_SESSION, _SIGNATURE, _PASSPHRASE_SESSION, _ONE_PASS, 7, 14, _USER_ID, 19} | _SEALED | _KEYS
_MAX_TRUST = 64  # octets of a trust packet, whose form is each program's own
_FIRST = {
    _PUBLIC_KEY_SESSION,
    _SIGNATURE,
    _PASSPHRASE_SESSION,
    _ONE_PASS,
    _SECRET_KEY,
    _PUBLIC_KEY,
    _COMPRESSED,
    _OLD_ENCRYPTED,
    _MARKER,
    _LITERAL,
    _ENCRYPTED,
    _AEAD,
}
_CIPHERS = {
    1: "IDEA",
    2: "3DES",
    3: "CAST5",
    4: "Blowfish",
    7: "AES-128",
    8: "AES-192",
    9: "AES-256",
    10: "Twofish",
    11: "Camellia-128",
    12: "Camellia-192",
    13: "Camellia-256",
}
_STRONG = {7: 128, 8: 192, 9: 256, 10: 256, 11: 128, 12: 192, 13: 256}
_MAX_DEPTH = 16
_TELLING = 64  # octets of which ciphertext has a control character, but for once in 500
_INDETERMINATE = 3  # length type of the old format: up to the end of the file (RFC 9580, section 4.2.2)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: its type and body; partial bodies are joined."""

    tag: int
    body: bytes = field(repr=False)


def looks_binary(content: bytes) -> bool:
    """Whether binary content begins with sound OpenPGP packets and is one from end to end."""
    if len(content) < 8 or not content[0] & 0x80:
        return False
    try:
        found = packets(content, limit=3)
    except Unreadable:
        return False
    if not found or (found[0].tag == _OLD_ENCRYPTED and content[0] & 0x43 == _INDETERMINATE):
        # "\xa7" alone is no sign: it is a letter of many charsets, and no program writes it in front
        return False
    if found[0].tag not in _FIRST or not _plausible(found[0]):
        return False
    return found[0].tag in (_COMPRESSED, _LITERAL) or not _is_text(content)


def _is_text(content: bytes) -> bool:
    """Whether it is text in an eight-bit charset, where letters may look like the head of a packet.

    Ciphertext of some length has NUL or control characters, keys and signatures have NUL in their numbers.
    """
    return len(content) >= _TELLING and b"\0" not in content and charset.is_text(content)


def _plausible(packet: Packet) -> bool:
    body = packet.body
    if not body:
        return False
    match packet.tag:
        case 1:
            return body[0] in (2, 3, 6)
        case 2:
            return body[0] in (3, 4, 5, 6)
        case 3:
            return body[0] in (4, 5, 6) and body[1] in _CIPHERS
        case 4:
            return body[0] in (3, 6)
        case 5 | 6:
            return body[0] in (3, 4, 5, 6)
        case 8:
            return body[0] in (0, 1, 2, 3)
        case 11:
            return body[0] in b"btumlT1"
        case 18:
            return body[0] in (1, 2)
        case 20:
            return body[0] == 1
        case 10:
            return body == b"PGP"
    return packet.tag == _OLD_ENCRYPTED and len(body) > 20


def packets(content: bytes, *, limit: int = 10_000) -> list[Packet]:
    """Return the packets of binary data; raises Unreadable when it is not OpenPGP or ends early."""
    found: list[Packet] = []
    position = 0
    while position < len(content) and len(found) < limit:
        first = content[position]
        if not first & 0x80:
            raise Unreadable("OpenPGP data is damaged")
        try:
            if first & 0x40:
                tag, (body, position) = first & 0x3F, _new_body(content, position + 1)
            else:
                tag, (body, position) = (first >> 2) & 0x0F, _old_body(content, position)
        except IndexError as error:
            raise Unreadable("OpenPGP data ends early") from error
        found.append(Packet(tag, body))
    return found


def _new_body(content: bytes, position: int) -> tuple[bytes, int]:
    pieces: list[bytes] = []
    while True:
        first = content[position]
        if first < 192:
            size, position, last = first, position + 1, True
        elif first < 224:
            size, position, last = ((first - 192) << 8) + content[position + 1] + 192, position + 2, True
        elif first == 255:
            size, position, last = int.from_bytes(content[position + 1 : position + 5], "big"), position + 5, True
        else:
            size, position, last = 1 << (first & 0x1F), position + 1, False
        pieces.append(content[position : position + size])
        if len(pieces[-1]) < size:
            raise Unreadable("OpenPGP data ends early")
        position += size
        if last:
            return b"".join(pieces), position


def _old_body(content: bytes, position: int) -> tuple[bytes, int]:
    kind = content[position] & 3
    if kind == 3:
        return content[position + 1 :], len(content)
    width = 1 << kind
    size = int.from_bytes(content[position + 1 : position + 1 + width], "big")
    start = position + 1 + width
    if start + size > len(content):
        raise Unreadable("OpenPGP data ends early")
    return content[start : start + size], start + size


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield what is readable in OpenPGP data and how the rest is protected.

    Clear text around armoured blocks is text. Raises Unreadable for damaged data.
    """
    blocks: tuple[bytes, ...] = (part.content,)
    if b"-----BEGIN PGP " in part.content:
        armored = pgp_armor.parse(part.content)
        blocks, outside = armored.blocks, charset.decode(armored.outside)
        if outside.strip():
            yield Text(part.where, outside, Role.DOCUMENT, part.names)
        if armored.is_nothing:
            raise Unreadable("OpenPGP armour is incomplete")
        if armored.unfinished:
            yield Unscanned(part.where, "OpenPGP armour is incomplete")
    grades: list[Locked | Protection] = []
    for block in blocks:
        for item in _sequence(part, packets(block), budget, 0):
            if isinstance(item, Locked | Protection):
                grades.append(item)
            else:
                yield item
    yield from deciding(grades)


def _sequence(part: Part, sequence: list[Packet], budget: DocumentBudget, depth: int) -> Iterator[Item]:
    """What one sequence of packets holds: packets in the clear are read, whatever stands beside them."""
    if depth > _MAX_DEPTH:
        raise Unreadable("OpenPGP data is nested too deeply")
    tags = {packet.tag for packet in sequence}
    if tags & _SEALED:
        yield from _locked(part, sequence)
    elif tags & _KEYS:
        yield protection.graded("pgp-key")
    else:
        yield protection.graded("pgp-signed" if tags & {_SIGNATURE, _ONE_PASS} else "pgp-clear")
    if said := [
        line for p in sequence if p.tag in _SILENT - _SEALED - {_USER_ID} for line in leftovers.sentences(p.body)
    ]:
        yield Text(under(part.where, "packets"), "\n".join(dict.fromkeys(said)), Role.METADATA, part.names)
    if names := [charset.decode(p.body) for p in sequence if p.tag == _USER_ID]:
        yield Text(under(part.where, "key owner"), "\n".join(names), Role.METADATA, part.names)
    if _SECRET_KEY in tags:
        yield Text(part.where, "-----BEGIN PGP PRIVATE KEY BLOCK-----", Role.DOCUMENT, part.names)
    for packet in sequence:
        budget.charge("entries", 1)
        if packet.tag == _LITERAL:
            yield _literal(part, packet.body)
        elif packet.tag == _COMPRESSED:
            yield from _sequence(part, packets(_decompressed(packet.body, budget)), budget, depth + 1)
        elif packet.tag == _ATTRIBUTE and (at := packet.body.find(b"\xff\xd8\xff")) >= 0:
            yield Part(under(part.where, "picture of the key owner"), packet.body[at:], inline=True)
        elif not _is_known(packet):
            yield Unscanned(part.where, "OpenPGP packets of another type are not read")


def _is_known(packet: Packet) -> bool:
    """Whether a packet is one of those that say nothing, and holds no more than they do (RFC 9580, section 5)."""
    match packet.tag:
        case 10:
            return packet.body == b"PGP"
        case 12:
            return len(packet.body) <= _MAX_TRUST
        case 21:
            return ciphertext.is_possible(packet.body) or not packet.body.strip(b"\0")
    return packet.tag in _SILENT


def _literal(part: Part, body: bytes) -> Part:
    size = body[1] if len(body) > 1 else 0
    name = charset.decode(body[2 : 2 + size])
    return Part(under(part.where, "content"), body[6 + size :], (name,) if name else ())


def _decompressed(body: bytes, budget: DocumentBudget) -> bytes:
    match body[0] if body else 0:
        case 0:
            return body[1:]
        case 1:
            return unpack.inflate(body[1:], budget)[0]
        case 2:
            return unpack.inflate(body[1:], budget, wbits=zlib.MAX_WBITS)[0]
        case 3:
            return unpack.bunzip2(body[1:], budget)[0]
    raise Unreadable("OpenPGP data is compressed in an unknown way")


def _locked(part: Part, sequence: list[Packet]) -> Iterator[Item]:
    sealed = [p for p in sequence if p.tag in _SEALED]
    ciphers = [p.body[1] for p in sequence if p.tag == _PASSPHRASE_SESSION and len(p.body) > 2]
    asymmetric = any(p.tag == _PUBLIC_KEY_SESSION for p in sequence)
    scheme = "pgp" if asymmetric else "pgp-passphrase"
    if any(p.tag == _OLD_ENCRYPTED for p in sealed):
        scheme = "pgp-no-integrity"
    elif not asymmetric and not ciphers:
        raise Unreadable("OpenPGP data has no session key")
    elif any(c not in _STRONG for c in ciphers):
        scheme = "pgp-weak-cipher"
    cipher = _CIPHERS.get(ciphers[0], "unknown cipher") if ciphers else ""
    grade = protection.graded(scheme, cipher=cipher, key_bits=min((_STRONG.get(c, 64) for c in ciphers), default=None))
    attempt = (lambda password: _decrypt(part, password)) if ciphers else None
    lock = Locked(part.where, grade, attempt, rounds=100_000, size=len(part.content))
    contents = (p.body[4 if p.tag == _AEAD else 1 :] for p in sealed)  # behind version, cipher, mode and chunk size
    yield from ciphertext.checked(lock, *(Part(under(part.where, "content"), content) for content in contents))


def _decrypt(part: Part, password: str) -> tuple[Part, ...] | None:
    import pysequoia

    try:
        opened = pysequoia.decrypt(part.content, passwords=[password])
    except Exception:  # noqa: BLE001 - the library has one error for everything, a wrong password too
        return None
    return (Part(under(part.where, "content"), bytes(opened.bytes or b""), part.names),)
