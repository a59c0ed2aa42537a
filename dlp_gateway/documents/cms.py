"""S/MIME (CMS, RFC 5652): signed data is opened and read, enveloped data is graded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from dlp_gateway.documents import ciphertext, leftovers, protection, radix64, unpack
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Locked, Outside, Unreadable, deciding, under
from dlp_gateway.model import Part, Protection, Role, Text

_BEGIN = re.compile(rb"-----BEGIN (PKCS7|CMS)-----")
_LENGTHS = (b"\x80", b"\x81", b"\x82", b"\x83", b"\x84")  # of what is no few octets (X.690, 8.1.3)
_MAX_DEPTH = 8
# Short names of content encryption algorithms, by what asn1crypto calls them or by object identifier.
_NAMES = {
    "tripledes_3key": ("3des", 168),
    "des": ("des", 56),
    "rc2": ("rc2", None),
    "rc4": ("rc4", None),
    "2.16.840.1.101.3.4.1.6": ("aes128-gcm", 128),
    "2.16.840.1.101.3.4.1.26": ("aes192-gcm", 192),
    "2.16.840.1.101.3.4.1.46": ("aes256-gcm", 256),
}


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the content of signed or compressed data, or the protection of enveloped data.

    The content of an S/MIME entity is a MIME entity and comes out as a file. Raises Unreadable when
    the structure is damaged or of a type that is not read.
    """
    # What is signed may hold armoured data itself.
    is_der = part.content[:1] == b"\x30" and part.content[1:2] in _LENGTHS
    is_armoured = not is_der and _BEGIN.search(part.content) is not None
    blocks, outside = _pem(part.content) if is_armoured else ((part.content,), b"")
    if outside.strip():
        around = under(part.where, "text around the data")
        yield Outside(Part(around, outside, part.names, part.declared, inline=True))
    grades: list[Locked | Protection] = []
    for block in blocks:
        for item in _content(part, block, budget, 0):
            if isinstance(item, Locked | Protection):
                grades.append(item)
            else:
                yield item
    yield from deciding(grades)


def _pem(content: bytes) -> tuple[tuple[bytes, ...], bytes]:
    """The data of every block (RFC 7468), and all that stands around and between the lines of base64. Linear.

    Raises Unreadable when there is no block with an end, or one is no base64.
    """
    blocks, outside = list[bytes](), list[bytes]()
    position = at = 0
    endless = set[bytes]()
    while (match := _BEGIN.search(content, at)) is not None:
        at, mark = match.end(), b"-----END " + match[1] + b"-----"
        stop = content.find(mark, at) if mark not in endless else -1
        if stop < 0:
            endless.add(mark)
            continue
        try:
            data, said = radix64.split(content[at:stop])
        except ValueError as error:
            raise Unreadable("CMS data is damaged") from error
        blocks.append(data)
        outside += [content[position : match.start()], *said]
        position = at = stop + len(mark)
    if not blocks:
        raise Unreadable("CMS data is damaged")
    return tuple(blocks), b"\n".join([*outside, content[position:]])


def read_certificate(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the names in a certificate, or the mark of a private key; raises Unreadable for other DER files."""
    from asn1crypto import keys, x509

    budget.charge("bytes", len(part.content))
    try:
        names = x509.Certificate.load(part.content, strict=True).subject.human_friendly
    except (ValueError, TypeError, KeyError):
        names = ""
    if names:
        yield Text(under(part.where, "certificate"), names, Role.METADATA, part.names)
        return
    for kind in (keys.PrivateKeyInfo, keys.RSAPrivateKey, keys.ECPrivateKey, keys.EncryptedPrivateKeyInfo):
        try:
            if kind.load(part.content, strict=True).native:
                yield Text(part.where, "-----BEGIN PRIVATE KEY-----", Role.DOCUMENT, part.names)
                return
        except (ValueError, TypeError, KeyError):
            continue
    raise Unreadable("DER files of this type are not read")


def _content(part: Part, der: bytes, budget: DocumentBudget, depth: int) -> Iterator[Item]:
    from asn1crypto import cms, parser

    if depth > _MAX_DEPTH:
        raise Unreadable("CMS data is nested too deeply")
    budget.charge("bytes", len(der))
    yield from leftovers.behind(Part(part.where, der), _guarded(lambda: parser.peek(der)), budget)
    info = _guarded(lambda: cms.ContentInfo.load(der))
    kind = _guarded(lambda: info["content_type"].native)
    match kind:
        case "signed_data":
            yield protection.graded("smime-signed")
            yield from _signers(part, info)
            yield from _inner(part, _guarded(lambda: info["content"]["encap_content_info"]["content"]), budget, depth)
        case "enveloped_data":
            sealed = _guarded(lambda: info["content"]["encrypted_content_info"])
            yield from _sealed(part, Locked(part.where, _guarded(lambda: _grade(sealed)), size=len(der)), sealed)
        case "authenticated_enveloped_data" | "1.2.840.113549.1.9.16.1.23":
            yield Locked(part.where, _auth_enveloped(der), size=len(der))
        case "encrypted_data":
            yield Locked(part.where, protection.graded("smime-password"), size=len(der))
        case "compressed_data" | "1.2.840.113549.1.9.16.1.9":
            packed = _guarded(lambda: info["content"]["encap_content_info"]["content"].native)
            yield _entity(part, unpack.inflate(packed, budget, wbits=15)[0])
        case "data":
            yield from _inner(part, _guarded(lambda: info["content"]), budget, depth)
        case _:
            raise Unreadable("CMS content of this type is not read")


def _guarded(get: Callable[[], Any]) -> Any:
    """Return what ``get`` gives; asn1crypto parses lazily and raises these on any access."""
    try:
        return get()
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise Unreadable("CMS data is damaged") from error


def _inner(part: Part, content: Any, budget: DocumentBudget, depth: int) -> Iterator[Item]:
    data = _guarded(lambda: content.native)
    if data is None:
        return
    if not isinstance(data, bytes):
        data = _guarded(lambda: content.contents)
    if data[:1] == b"\x30" and b"\x2a\x86\x48\x86\xf7\x0d\x01" in data[:32]:
        yield from _content(part, data, budget, depth + 1)
    else:
        yield _entity(part, data)


def _sealed(part: Part, locked: Locked, sealed: Any) -> Iterator[Item]:
    """Yield the lock, or what is in it when that cannot be ciphertext."""
    content = _guarded(lambda: sealed["encrypted_content"].native)
    inside = [Part(under(part.where, "encrypted content"), content)] if isinstance(content, bytes) and content else []
    yield from ciphertext.checked(locked, *inside)


def _entity(part: Part, data: bytes) -> Part:
    return Part(under(part.where, "signed content"), data, declared=("message/rfc822",))


def _signers(part: Part, info: Any) -> Iterator[Item]:
    try:
        names = [c.chosen.subject.human_friendly for c in info["content"]["certificates"] or ()]
    except (ValueError, TypeError, KeyError, AttributeError):
        return
    if names:
        yield Text(under(part.where, "certificates"), "\n".join(names), Role.METADATA)


def _grade(encrypted: Any) -> Protection:
    algorithm = encrypted["content_encryption_algorithm"]
    name = algorithm["algorithm"].native
    if name in _NAMES:
        short, bits = _NAMES[name]
    elif match := re.fullmatch(r"aes(128|192|256)_(cbc|ccm|gcm)", name):
        short, bits = f"aes{match[1]}-{match[2]}", int(match[1])
    else:
        short, bits = "unknown", None
    return protection.graded(f"smime-{short}", cipher=short.upper(), key_bits=bits)


def _auth_enveloped(der: bytes) -> Protection:
    """RFC 5083: the structure is not known to asn1crypto; the algorithm identifiers are (RFC 5084)."""
    found = [
        (bits, mode)
        for bits, arc in ((128, 0x06), (192, 0x1A), (256, 0x2E))
        for mode, last in (("gcm", arc), ("ccm", arc + 1))
        if bytes.fromhex("06096086480165030401") + bytes([last]) in der
    ]
    if not found:
        return protection.graded("smime-unknown")
    bits, mode = min(found)
    return protection.graded(f"smime-aes{bits}-{mode}", cipher=f"AES{bits}-{mode.upper()}", key_bits=bits)
