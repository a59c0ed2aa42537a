"""Makes locked files of every scheme, the weak ones by hand, for the tests of grading and of passwords."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.unit.documents import makers

PASSWORD = "Mangrove-42-Tide"
# Stored, so that the package is over 4,096 bytes as every real one is: msoffcrypto spoils smaller ones.
DOCX = makers.zipped(
    {**makers.docx_members(makers.paragraph("Zarquon")), "docProps/app.xml": "<a>" + "harmless words " * 400 + "</a>"},
    store=True,
)
FILES = Path(__file__).parent / "files"


# ------------------------------------------------------------------------------------------------ Office


def office_agile(content: bytes, password: str = PASSWORD) -> bytes:
    from msoffcrypto.format.ooxml import OOXMLFile

    out = io.BytesIO()
    OOXMLFile(io.BytesIO(content)).encrypt(password, out)
    return out.getvalue()


def office_standard(content: bytes, password: str = PASSWORD) -> bytes:
    """ECMA-376 standard encryption (Office 2007): AES-128 in ECB mode, SHA-1."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from msoffcrypto.method.ecma376_standard import ECMA376Standard

    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    key = ECMA376Standard.makekey_from_password(password, 0x660E, 0x8004, 0x18, 128, 16, salt)

    def sealed(raw: bytes) -> bytes:
        machine = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        return machine.update(raw) + machine.finalize()

    provider = "Microsoft Enhanced RSA and AES Cryptographic Provider\0".encode("utf-16-le")
    header = struct.pack("<IIIIIIII", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0) + provider
    digest = hashlib.sha1(verifier).digest() + bytes(12)
    info = struct.pack("<HHI", 3, 2, 0x24) + struct.pack("<I", len(header)) + header
    info += struct.pack("<I", 16) + salt + sealed(verifier) + struct.pack("<I", 20) + sealed(digest)
    package = struct.pack("<Q", len(content)) + sealed(content + bytes(-len(content) % 16))
    return makers.compound({"EncryptionInfo": info, "EncryptedPackage": package})


def office_cryptoapi(content: bytes) -> bytes:
    """The header of standard encryption that names RC4 (as some writers of 2003 did)."""
    header = struct.pack("<IIIIIIII", 4, 0, 0x6801, 0x8004, 128, 1, 0, 0) + b"\0\0"
    info = struct.pack("<HHI", 2, 2, 4) + struct.pack("<I", len(header)) + header + bytes(60)
    return makers.compound(
        {"EncryptionInfo": info, "EncryptedPackage": struct.pack("<Q", len(content)) + bytes(b ^ 0x5A for b in content)}
    )


def _rc4(key: bytes) -> Iterator[int]:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    i = j = 0
    while True:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        yield state[(state[i] + state[j]) & 255]


def _office_key(password: str, salt: bytes, block: int) -> bytes:
    short = hashlib.md5(password.encode("utf-16-le")).digest()[:5]
    short = hashlib.md5((short + salt) * 16).digest()[:5]
    return hashlib.md5(short + struct.pack("<I", block)).digest()


def _keystream(password: str, salt: bytes, size: int, step: int) -> bytes:
    out = bytearray()
    block = 0
    while len(out) < size:
        stream = _rc4(_office_key(password, salt, block))
        out += bytes(next(stream) for _ in range(step))
        block += 1
    return bytes(out[:size])


def _rc4_header(password: str) -> tuple[bytes, bytes]:
    salt, verifier = bytes(range(16)), bytes(range(40, 56))
    stream = _rc4(_office_key(password, salt, 0))
    clear = verifier + hashlib.md5(verifier).digest()
    return salt, salt + bytes(a ^ next(stream) for a in clear)


def _workbook() -> bytes:
    import olefile

    with olefile.OleFileIO(FILES / "places.xls") as ole:
        return bytes(ole.openstream("Workbook").read())


def _with_filepass(stream: bytes, body: bytes) -> tuple[bytearray, list[tuple[int, int, int]]]:
    """The stream with a FILEPASS record behind the first BOF, and the spans to encrypt."""
    clear = {0x809, 0x2F, 0xE1, 0x193, 0x195, 0x196, 0x138}
    shift = 4 + len(body)
    out, spans = bytearray(), list[tuple[int, int, int]]()
    position, first = 0, True
    while position + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, position)
        if not kind and not size:
            break
        record = bytearray(stream[position + 4 : position + 4 + size])
        position += 4 + size
        if kind == 0x85:
            struct.pack_into("<I", record, 0, struct.unpack_from("<I", record)[0] + shift)
        out += struct.pack("<HH", kind, size)
        start = len(out)
        out += record
        if kind not in clear:
            spans.append((start + 4 if kind == 0x85 else start, len(out), kind))
        if first:
            out += struct.pack("<HH", 0x2F, len(body)) + body
            first = False
    return out, spans


def xls_rc4(password: str = PASSWORD) -> bytes:
    salt, head = _rc4_header(password)
    stream, spans = _with_filepass(_workbook(), struct.pack("<HHH", 1, 1, 1) + head)
    keys = _keystream(password, salt, len(stream), 1024)
    for start, stop, _ in spans:
        for i in range(start, stop):
            stream[i] ^= keys[i]
    return makers.compound({"Workbook": bytes(stream)})


def xls_xor(password: str = "marks") -> bytes:
    from msoffcrypto.method.xor_obfuscation import DocumentXOR

    key = DocumentXOR.create_xor_key_method1(password)
    check = 0
    for ch in reversed([len(password), *password.encode()]):
        check = ((1 if check & 0x4000 else 0) ^ ((check * 2) & 0x7FFF)) ^ ch
    stream, spans = _with_filepass(_workbook(), struct.pack("<HHH", 0, key, check ^ 0xCE4B))
    mask = DocumentXOR.create_xor_array_method1(password)
    for start, stop, kind in spans:
        index = (stop + (4 if kind == 0x85 else 0)) % 16
        for i in range(start, stop):
            byte = stream[i]
            stream[i] = (((byte << 5) | (byte >> 3)) & 255) ^ mask[index % 16]
            index += 1
    return makers.compound({"Workbook": bytes(stream)})


def doc_rc4(password: str = PASSWORD) -> bytes:
    import olefile

    with olefile.OleFileIO(FILES / "places.doc") as ole:
        word = bytearray(ole.openstream("WordDocument").read())
        table = bytearray(ole.openstream("1Table").read())
    salt, head = _rc4_header(password)
    head = struct.pack("<HH", 1, 1) + head
    word[0x0B] |= 1
    struct.pack_into("<I", word, 0x0E, len(head))
    for stream, clear in ((word, 68), (table, len(head))):
        keys = _keystream(password, salt, len(stream), 512)
        for i in range(clear, len(stream)):
            stream[i] ^= keys[i]
    table[: len(head)] = head
    return makers.compound({"WordDocument": bytes(word), "1Table": bytes(table)})


def doc_xor() -> bytes:
    word = bytearray(0x600)
    word[:2] = b"\xec\xa5"
    struct.pack_into("<H", word, 0x0A, 0x8100)
    return makers.compound({"WordDocument": bytes(word), "0Table": bytes(64)})


def ppt_rc4() -> bytes:
    user = struct.pack("<HHIII", 0, 0x0FF6, 20, 20, 0xF3D1C4DF) + bytes(20)
    session = (
        struct.pack("<HHI", 0x0F, 0x2F14, 48)
        + struct.pack("<HHI", 2, 2, 4)
        + struct.pack("<IIIIIIII", 32, 0, 0, 0x6801, 0x8004, 128, 1, 0)
    )
    return makers.compound({"PowerPoint Document": session + bytes(64), "Current User": user})


# ------------------------------------------------------------------------------------------------ ZIP


def zip_aes(entries: Sequence[tuple[str, bytes, bool]], password: str = PASSWORD, bits: int = 256) -> bytes:
    """``entries`` are name, content and whether it is encrypted."""
    import pyzipper

    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED) as archive:
        for name, content, locked in entries:
            if locked:
                archive.setpassword(password.encode())
                archive.setencryption(pyzipper.WZ_AES, nbits=bits)
            else:
                archive.pwd = None
                archive.setencryption(None)
            archive.writestr(name, content)
    return out.getvalue()


def zip_crypto(entries: Sequence[tuple[str, bytes, bool]], password: str = PASSWORD) -> bytes:
    archive = RawZip()
    for name, content, locked in entries:
        crc = zlib.crc32(content)
        machine = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = machine.compress(content) + machine.flush()
        if locked:
            packed = _zip_crypto_bytes(bytes(range(11)) + bytes([crc >> 24]) + packed, password.encode())
        archive.add(name.encode(), packed, len(content), crc, flags=int(locked))
    return archive.close()


def _zip_crypto_bytes(clear: bytes, password: bytes) -> bytes:
    k0, k1, k2 = 0x12345678, 0x23456789, 0x34567890

    def update(byte: int) -> None:
        nonlocal k0, k1, k2
        k0 = _crc(k0, byte)
        k1 = ((k1 + (k0 & 255)) * 134775813 + 1) & 0xFFFFFFFF
        k2 = _crc(k2, k1 >> 24)

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in clear:
        mixed = (k2 | 2) & 0xFFFF
        out.append(byte ^ (((mixed * (mixed ^ 1)) >> 8) & 255))
        update(byte)
    return bytes(out)


def _crc(register: int, byte: int) -> int:
    value = (register ^ byte) & 255
    for _ in range(8):
        value = (value >> 1) ^ 0xEDB88320 if value & 1 else value >> 1
    return (register >> 8) ^ value


class RawZip:
    """A ZIP written header by header, so that headers can lie."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.central: list[bytes] = []

    def add(
        self,
        name: bytes,
        packed: bytes,
        size: int,
        crc: int,
        *,
        flags: int = 0,
        method: int = 8,
        central_flags: int | None = None,
        central_name: bytes | None = None,
        listed: bool = True,
    ) -> None:
        offset = len(self.out)
        self.out += struct.pack(
            "<4sHHHHHIIIHH", b"PK\3\4", 20, flags, method, 0, 33, crc, len(packed), size, len(name), 0
        )
        self.out += name + packed
        name = name if central_name is None else central_name
        flags = flags if central_flags is None else central_flags
        if listed:
            numbers = (20, 20, flags, method, 0, 33, crc, len(packed), size, len(name), 0, 0, 0, 0, 0, offset)
            self.central.append(struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", *numbers) + name)

    def close(self, *, repeat: int = 1) -> bytes:
        central = b"".join(self.central * repeat)
        count = len(self.central) * repeat
        end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(central), len(self.out), 0)
        return bytes(self.out) + central + end


def deflated(content: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return machine.compress(content) + machine.flush()


# ------------------------------------------------------------------------------------------------ 7z, PGP, S/MIME


def seven_zip(entries: Sequence[tuple[str, bytes]], password: str | None = None, *, headers: bool = False) -> bytes:
    import py7zr

    out = io.BytesIO()
    filters = [{"id": py7zr.FILTER_LZMA2, "preset": 6}]
    if password:
        filters.append({"id": py7zr.FILTER_CRYPTO_AES256_SHA256})
    with py7zr.SevenZipFile(out, "w", password=password, header_encryption=headers, filters=filters) as archive:
        for name, content in entries:
            archive.writef(io.BytesIO(content), name)
    return out.getvalue()


def pgp(content: bytes, password: str | None = None, *, armor: bool = True) -> bytes:
    import pysequoia

    if password:
        return bytes(pysequoia.encrypt(content, passwords=[password], armor=armor))
    key = pysequoia.Tsk.generate("Test <test@example.org>")
    return bytes(pysequoia.encrypt(content, [key.extract_certificate()], armor=armor))


def pgp_literal(content: bytes, name: bytes = b"a.txt") -> bytes:
    body = b"b" + bytes([len(name)]) + name + bytes(4) + content
    return b"\xcb\xff" + struct.pack(">I", len(body)) + body


def pgp_compressed(content: bytes) -> bytes:
    body = b"\1" + deflated(pgp_literal(content))
    return b"\xc8\xff" + struct.pack(">I", len(body)) + body


def armored(block: bytes, kind: str = "MESSAGE") -> bytes:
    import base64

    lines = base64.encodebytes(block).decode()
    return f"-----BEGIN PGP {kind}-----\n\n{lines}=AAAA\n-----END PGP {kind}-----\n".encode()


def cms_enveloped(oid: str, sealed: bytes = hashlib.sha512(b"sealed").digest()) -> bytes:
    """EnvelopedData with the given content encryption algorithm and, unless told otherwise, random-looking content."""
    from asn1crypto import core

    def tlv(tag: int, *parts: bytes) -> bytes:
        body = b"".join(parts)
        size = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))
        return bytes([tag]) + size + body

    def identifier(dotted: str) -> bytes:
        return bytes(core.ObjectIdentifier(dotted).dump())

    algorithm = tlv(0x30, identifier(oid), tlv(0x04, bytes(16)))
    content = tlv(0x30, identifier("1.2.840.113549.1.7.1"), algorithm, tlv(0x80, sealed))
    enveloped = tlv(0x30, tlv(0x02, b"\0"), tlv(0x31), content)
    auth = oid.startswith("2.16.840.1.101.3.4.1.") and oid.rsplit(".", 1)[1] in ("6", "26", "46")
    kind = "1.2.840.113549.1.9.16.1.23" if auth else "1.2.840.113549.1.7.3"
    return tlv(0x30, identifier(kind), tlv(0xA0, enveloped))


def cms_signed(entity: bytes, *, detached: bool = False) -> bytes:
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import pkcs7
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test")])
    start = dt.datetime(2025, 1, 1)  # noqa: DTZ001
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2045))
        .sign(key, hashes.SHA256())
    )
    options = [pkcs7.PKCS7Options.Binary] + ([pkcs7.PKCS7Options.DetachedSignature] if detached else [])
    builder = pkcs7.PKCS7SignatureBuilder().set_data(entity).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, options)


# ------------------------------------------------------------------------------------------------ OpenDocument


def odt_locked(text: str, password: str = PASSWORD, *, cipher: str = "aes256-cbc", iterations: int = 1000) -> bytes:
    """An ODF 1.2 package with its content encrypted (PBKDF2, AES-256-CBC), or claiming another cipher."""
    import base64

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    members = makers.odf_members(
        "text", f"<office:body><office:text><text:p>{text}</text:p></office:text></office:body>"
    )
    salt, vector = bytes(range(16)), bytes(range(16, 32))
    start = hashlib.sha256(password.encode()).digest()
    key = hashlib.pbkdf2_hmac("sha1", start, salt, iterations, 32)
    content = str(members["content.xml"]).encode()
    packed = deflated(content)
    padded = packed + bytes(-len(packed) % 16)
    machine = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    sealed = machine.update(padded) + machine.finalize()
    algorithm = {"aes256-cbc": "http://www.w3.org/2001/04/xmlenc#aes256-cbc", "blowfish": "Blowfish CFB"}[cipher]

    def b64(raw: bytes) -> str:
        return base64.b64encode(raw).decode()

    checksum = b64(hashlib.sha256(padded[:1024]).digest())
    manifest = (
        '<manifest:manifest xmlns:manifest="m"><manifest:file-entry manifest:full-path="content.xml" manifest:size="1">'
        f'<manifest:encryption-data manifest:checksum-type="#sha256-1k" manifest:checksum="{checksum}">'
        f'<manifest:algorithm manifest:algorithm-name="{algorithm}" manifest:initialisation-vector="{b64(vector)}"/>'
        f'<manifest:key-derivation manifest:key-derivation-name="PBKDF2" manifest:key-size="32" '
        f'manifest:iteration-count="{iterations}" manifest:salt="{b64(salt)}"/>'
        '<manifest:start-key-generation manifest:start-key-generation-name="#sha256" manifest:key-size="32"/>'
        "</manifest:encryption-data></manifest:file-entry></manifest:manifest>"
    )
    return makers.zipped({**members, "content.xml": sealed, "META-INF/manifest.xml": manifest}, store=True)
