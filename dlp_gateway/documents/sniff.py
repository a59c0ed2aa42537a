"""What the bytes of a file are, told by their structure; names and declared types are not asked (see ``claims``).

``kinds`` gives every type that fits, because some files are several things at
once (a picture with a ZIP behind it) and different programs see different
ones. The first is the type that the file is shown as.
"""

from __future__ import annotations

import base64
import binascii
import re

from dlp_gateway.documents import charset, fonts, ole, openpgp, zip_structure

UNKNOWN = "unknown"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"{\\rt", "rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x5d\0\0", "lzma"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"MSCF\0\0\0\0", "cab"),
    (b"\x78\x9f\x3e\x22", "tnef"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
    (b"II+\0", "tif"),
    (b"MM\0+", "tif"),
    (b"\xd7\xcd\xc6\x9a", "wmf"),
    (b"8BPS\0\x01", "psd"),
    (b"MZ", "executable"),
    (b"\x7fELF", "executable"),
    (b"\xca\xfe\xba\xbe", "executable"),
    (b"\xcf\xfa\xed\xfe", "executable"),
    (b"ID3", "audio"),
    (b"OggS", "audio"),
    (b"fLaC", "audio"),
    (b"\x1a\x45\xdf\xa3", "video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),
    (b"SQLite format 3\0", "sqlite"),
    (b"!BDN", "pst"),
    (b"\x76\xe8\x04\x60\xc4\x11\xe3\x86", "rpmsg"),
    (b"II\xbc\x01", "wdp"),
    (b"\0\x05\x16\x07\0\x02\0\0", "appledouble"),
    (b"\0\0\0\x01Bud1", "ds-store"),
    (b"PAR1", "parquet"),
    (b"MSWIM\0\0\0", "wim"),
    (b"VCLMTF\1\0", "svm"),
)
# Types that are known by letters with which a text may begin too.
_LETTERED = frozenset({"gif", "bmp", "webp", "heic", "audio", "video", "executable", "parquet", "pst"})
# The sizes of the header of a bitmap, from OS/2 to Windows 98.
_BITMAP_HEADERS = tuple(bytes([size, 0, 0, 0]) for size in (12, 40, 52, 56, 64, 108, 124))
_ODF = b"application/vnd.oasis.opendocument."
_ODF_KINDS = {
    b"text": "odt", b"spreadsheet": "ods", b"presentation": "odp", b"graphics": "odg", b"formula": "odf",
    b"chart": "odc", b"text-master": "odm", b"database": "odb", b"base": "odb", b"text-web": "oth",
}  # fmt: skip
# Streams that make a compound file what it is, in lower case as names are compared (MS-CFB 2.6.4).
_OLE_ROOTS = {
    "encryptedpackage": "ooxml-encrypted", "__properties_version1.0": "msg", "worddocument": "doc",
    "powerpoint document": "ppt", "workbook": "xls", "book": "xls",
}  # fmt: skip
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_PGP_ARMOR = re.compile(rb"-----BEGIN PGP (?:MESSAGE|SIGNATURE|PUBLIC KEY BLOCK|PRIVATE KEY BLOCK)")
_PEM_CMS = re.compile(rb"-----BEGIN (?:PKCS7|CMS)-----")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-\r\n]{64,}={0,2}\s*")
_MAIL_FIELD = re.compile(rb"(?im)^(from|to|cc|subject|date|message-id|mime-version|received|return-path|content-type):")
_HTML_ROOTS = frozenset(
    b"""a abbr address article aside b base big blockquote body br button center code dd div dl dt em fieldset font form
    frameset h1 h2 h3 h4 h5 h6 head header hr html i img input label li link main map meta nav ol option p pre script
    section select small span strong style sub sup table tbody td textarea tfoot th thead title tr tt u ul""".split()
)
_HTML = re.compile(rb"(?is)<(?:!doctype\s+html|html|head|body|table|div|p|span|br|meta|title|h[1-6]|script|style)\b")


def kinds(content: bytes) -> tuple[str, ...]:
    """Return every type that ``content`` fits, the leading one first; ("unknown",) or ("empty",) when none does."""
    if not content.strip(b"\0"):
        return ("empty",)
    zipped = _zip(content)
    front = zipped if content.startswith(b"PK") else None
    leading, tar, iso = _leading(content), _tar(content), _iso(content)
    if (leading in _LETTERED or tar or iso) and _plain(content):
        leading, tar, iso = None if leading in _LETTERED else leading, None, None
    pdf = _pdf(content)
    if pdf and _only_names_pdf(content):
        pdf = None
    structural = (leading, front, tar, pdf, zipped, iso)
    found = [kind for kind in structural if kind]
    if not found and (packet := _openpgp(content)):
        found.append(packet)
    if not found and (der := _cms(content)):
        found.append(der)
    if not found:
        found += [kind for kind in _textual(content) if kind not in found]
    return tuple(dict.fromkeys(found)) or (UNKNOWN,)


def _plain(content: bytes) -> bool:
    """Whether all of ``content`` is text: no binary file does without NUL, whatever letters this one begins with."""
    return b"\0" not in content and charset.is_text(content)


def _leading(content: bytes) -> str | None:
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            if kind == "ole":
                return _ole(content)
            return None if _too_weak(kind, content) else kind
    if content[:2] == b"BM" and len(content) > 26 and content[14:18] in _BITMAP_HEADERS:
        return "bmp"
    if content[:4] == b"RIFF":
        return "webp" if content[8:12] == b"WEBP" else "audio"
    if content[4:8] == b"ftyp":
        return "heic" if content[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"heim") else "video"
    if content[:4] == b"\x01\0\0\0" and content[40:44] == b" EMF":
        return "emf"
    if content[:4] in (b"\0\0\x01\0", b"\0\0\x02\0") and len(content) > 22 and content[5:6] == b"\0":
        return "ico"
    if content[:6] in (b"\x01\0\x09\0\0\x03", b"\x02\0\x09\0\0\x03"):
        return "wmf"
    return "font" if fonts.is_font(content) else None


def _too_weak(kind: str, content: bytes) -> bool:
    """Magics of two or three letters that text may begin with as well."""
    if kind == "lzma":
        return len(content) < 13 or content[3:4] not in (b"\0", b"\x10", b"\x20", b"\x40", b"\x80", b"\x01")
    if kind == "bz2":
        return content[4:10] not in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
    return kind in ("executable", "audio") and b"\0" not in content[:1024]


def _pdf(content: bytes) -> str | None:
    return "pdf" if b"%PDF-" in content[:1100] else None


def _only_names_pdf(content: bytes) -> bool:
    """Whether a text speaks of PDF: a file without objects and cross-references is none (ISO 32000-2, 7.5)."""
    return b"obj" not in content and b"xref" not in content and _plain(content)


def _tar(content: bytes) -> str | None:
    if len(content) < 512:
        return None
    if content[257:262] == b"ustar":
        return "tar"
    head = content[:512]
    try:
        claimed = int(head[148:156].strip(b" \0") or b"-1", 8)
    except ValueError:
        return None
    return "tar" if claimed == sum(head[:148]) + 256 + sum(head[156:]) and head[0] else None


def _iso(content: bytes) -> str | None:
    return "iso" if content[32769:32774] == b"CD001" else None


def _zip(content: bytes) -> str | None:
    """The kind of ZIP package; ``zip`` when it is none of the documents or some of it is encrypted."""
    if not zip_structure.looks_like_zip(content):
        return None
    listing = zip_structure.directory(content)
    if not listing or any(flags & 1 for _, flags in listing):
        return "zip"
    names = {name for name, _ in listing}
    if b"mimetype" in names and (kind := _odf(content)):
        return kind
    lowered = {name.replace(b"\\", b"/").lstrip(b"/").lower() for name in names}
    if b"[content_types].xml" in lowered:
        for folder, kind in ((b"word/", "docx"), (b"ppt/", "pptx"), (b"visio/", "vsdx")):
            if any(name.startswith(folder) for name in lowered):
                return kind
        if any(name.startswith(b"xl/") for name in lowered):
            return "xlsb" if b"xl/workbook.bin" in lowered else "xlsx"
        return "opc"
    if b"meta-inf/manifest.xml" in lowered and b"content.xml" in lowered:
        return "odt"
    return "zip"


def _odf(content: bytes) -> str | None:
    at = content.find(_ODF, 0, 300)
    if at < 0:
        return "epub" if b"application/epub+zip" in content[:300] else None
    match = re.match(rb"([a-z\-]+?)(?:-template)?(?=PK|[^a-z\-]|$)", content[at + len(_ODF) : at + len(_ODF) + 40])
    return _ODF_KINDS.get(match[1], "odt") if match else "odt"


def _ole(content: bytes) -> str:
    """Tell compound files apart by what stands in their root storage; ``ole`` when that is several documents or none.

    What is embedded deeper has names of its own, and text may say anything: neither tells what the file is.
    """
    found = {_OLE_ROOTS[name] for name in ole.root_names(content) if name in _OLE_ROOTS}
    return found.pop() if len(found) == 1 else "ole"


def _openpgp(content: bytes) -> str | None:
    """Binary OpenPGP by its first packet (RFC 9580, section 4.2)."""
    if _PGP_ARMOR.search(content[:4096]):
        return "pgp"
    return "pgp" if openpgp.looks_binary(content) else None


def _cms(content: bytes) -> str | None:
    """CMS (RFC 5652), certificates and key stores: DER or PEM."""
    if _PEM_CMS.search(content[:4096]):
        return "cms"
    if content[:1] != b"\x30" or len(content) < 16:
        return None
    head = content[:32]
    if (
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07" in head
        or b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01" in head
    ):
        return "pkcs12" if head.find(b"\x02\x01\x03") in (2, 3, 4, 5, 6) else "cms"
    return "der" if content[1:2] in (b"\x80", b"\x81", b"\x82", b"\x83") else None


def _textual(content: bytes) -> list[str]:
    if not charset.is_text(content):
        return []
    head = _as_ascii(content)
    stripped = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if wrapped(content) is not None:
        return ["base64"]
    fields = {m[1].lower() for m in _MAIL_FIELD.finditer(head.split(b"\r\n\r\n")[0].split(b"\n\n")[0][:16_000])}
    if len(fields) >= 3 and fields & {b"from", b"received", b"mime-version", b"return-path"}:
        return ["eml"]
    entity = stripped[:32].lower().startswith((b"content-type:", b"content-transfer-encoding:", b"mime-version:"))
    if entity or {b"mime-version", b"content-type"} <= fields:
        return ["eml"]
    upper = stripped[:200].upper()
    if b"BEGIN:VCALENDAR" in upper:
        return ["ics"]
    if b"BEGIN:VCARD" in upper:
        return ["vcf"]
    if stripped[:1] == b"<":
        return _markup(stripped, content[-200:])
    if stripped[:1] in (b"{", b"["):
        return ["json"]
    return ["html"] if len(_HTML.findall(head[:4096])) >= 3 else ["txt"]


def _as_ascii(content: bytes) -> bytes:
    """The first 64 KiB with UTF-16 and UTF-32 turned into single bytes."""
    if charset.is_wide(content):
        return charset.readings(content[:131_072])[0].encode("ascii", "replace")
    return content[:65_536]


def _markup(head: bytes, tail: bytes) -> list[str]:
    bare = re.sub(rb"(?s)<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", b"", head[:16_000]).lstrip()
    root = re.match(rb"<(?:[\w.\-]+:)?([\w.\-]+)", bare)
    name = root[1].lower() if root else b""
    if name == b"svg":
        return ["svg"]
    if name == b"html" or re.match(rb"(?is)\s*<!doctype\s+html", head):
        return ["html"]
    if name in (b"package", b"worddocument") and b"schemas.microsoft.com/office" in head:
        return ["flat-opc"]
    if name == b"document" and b"opendocument" in head[:4000]:
        return ["flat-odf"]
    if head.startswith(b"<?xml") or b"xmlns" in bare[:2000]:
        return ["xml"]
    if name in _HTML_ROOTS or not root:
        return ["html"]
    closed = tail.rstrip().lower().endswith(b"</" + root[0][1:].lower() + b">") or tail.rstrip().endswith(b"/>")
    return ["xml"] if closed else ["html"]


def wrapped(content: bytes) -> bytes | None:
    """Return what a text that is nothing but base64 holds, when that is a file or text; else None."""
    body = (
        re.sub(rb"-----(?:BEGIN|END) [A-Z0-9 ]+-----", b"", content.strip())
        if content[:10] == b"-----BEGIN"
        else content
    )
    if len(body) < 64 or not _BASE64.fullmatch(body.strip()):
        return None
    try:
        data = base64.b64decode(b"".join(body.split()).replace(b"-", b"+").replace(b"_", b"/") + b"==")
    except (binascii.Error, ValueError):
        return None
    structural = (_leading(data), _pdf(data), _zip(data), _tar(data), _cms(data))
    known = any(kind not in (None, "der", "executable", "audio") for kind in structural)
    known = known or openpgp.looks_binary(data)
    return data if known or _plainly_text(data) else None


def _plainly_text(data: bytes) -> bool:
    """Whether decoded base64 is text beyond doubt: nearly all of it printable ASCII in sound UTF-8."""
    printable = sum(map(data[:65_536].count, _PRINTABLE))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return len(data) >= 32 and printable * 20 >= len(data[:65_536]) * 19
