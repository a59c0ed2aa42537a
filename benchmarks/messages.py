"""The mail that is measured with: small text, the same inside, and a mix; seeded, so every run sends the same."""

from __future__ import annotations

import base64
import io
import json
import random
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.prose import letter, sentence, subject

INSIDE = "westendonsixth.com"
OUTSIDE = ("brightwater.example", "harbourline.example", "northfield.example", "castleton.example")

_DISCLOSURES = (
    "The tax file number of Lena Fairweather is 459 599 230.",
    "Marco Bellini has been diagnosed with epilepsy and is on leave until May.",
    "Please charge card 4539 1488 0343 6467, valid to 11/29, in the name of Priya Raman.",
)


@dataclass(frozen=True, slots=True)
class Message:
    """An envelope and its content."""

    sender: str
    to: tuple[str, ...]
    content: bytes

    def line(self) -> str:
        """One line of a load generator's plan."""
        content = base64.b64encode(self.content).decode()
        return json.dumps({"from": self.sender, "to": self.to, "content": content})


def small(count: int, *, inside: bool = False, seed: int = 1) -> Iterator[Message]:
    """Clean plain-text mail of 2 KB to one outsider (or one colleague)."""
    chance = random.Random(seed)
    for number in range(count):
        yield _message(chance, number, "text/plain; charset=utf-8", letter(chance, 2000).encode(), inside=inside)


def mix(count: int, *, seed: int = 2) -> Iterator[Message]:
    """70 % small, 15 % HTML of 10 KB, 8 % with a docx, xlsx or pdf of 50-200 KB, 5 % personal data, 2 % of 5 MB."""
    chance = random.Random(seed)
    for number in range(count):
        share = chance.random()
        if share < 0.70:
            yield _message(chance, number, "text/plain; charset=utf-8", letter(chance, 2000).encode())
        elif share < 0.85:
            yield _message(chance, number, "text/html; charset=utf-8", _html(chance, 10_000).encode())
        elif share < 0.93:
            kind = chance.choice(("docx", "xlsx", "pdf"))
            yield _attached(chance, number, kind, _document(chance, kind, chance.randrange(50_000, 200_000)))
        elif share < 0.98:
            text = letter(chance, 1900).replace("\r\n\r\n", f"\r\n\r\n{chance.choice(_DISCLOSURES)}\r\n\r\n", 1)
            yield _message(chance, number, "text/plain; charset=utf-8", text.encode())
        else:
            yield _attached(chance, number, "pdf", _document(chance, "pdf", 3_700_000))


def of_size(size: int, number: int = 0) -> Message:
    """Clean plain text of about ``size`` bytes."""
    chance = random.Random(size + number)
    return _message(chance, number, "text/plain; charset=utf-8", letter(chance, size).encode())


def _html(chance: random.Random, size: int) -> str:
    rows = []
    length = 0
    while length < size - 600:
        row = f'<p style="margin:0 0 8px;font-family:Arial,sans-serif">{sentence(chance)} <b>{sentence(chance)}</b></p>'
        rows.append(row)
        length += len(row) + 2
    body = "\r\n".join(rows)
    return f"<html><head><style>p {{ color: #222 }}</style></head><body>\r\n{body}\r\n</body></html>\r\n"


def _head(chance: random.Random, number: int, *, inside: bool) -> tuple[str, tuple[str, ...], bytes]:
    sender = f"project.desk{number % 40}@{INSIDE}"
    to = f"site.office{number % 25}@{INSIDE if inside else OUTSIDE[number % len(OUTSIDE)]}"
    head = (
        f"From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject(chance)}\r\n"
        f"Date: Mon, 02 Feb 2026 09:00:00 +1000\r\nMessage-ID: <bench-{number}@{INSIDE}>\r\nMIME-Version: 1.0\r\n"
    )
    return sender, (to,), head.encode()


def _message(chance: random.Random, number: int, kind: str, body: bytes, *, inside: bool = False) -> Message:
    sender, to, head = _head(chance, number, inside=inside)
    return Message(sender, to, head + f"Content-Type: {kind}\r\n\r\n".encode() + body)


def _attached(chance: random.Random, number: int, kind: str, document: bytes) -> Message:
    sender, to, head = _head(chance, number, inside=False)
    encoded = base64.b64encode(document)
    wrapped = b"\r\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))
    body = (
        b'Content-Type: multipart/mixed; boundary="edge"\r\n\r\n--edge\r\nContent-Type: text/plain\r\n\r\n'
        + letter(chance, 800).encode()
        + f'\r\n--edge\r\nContent-Type: application/octet-stream; name="plan.{kind}"\r\n'.encode()
        + f'Content-Disposition: attachment; filename="plan.{kind}"\r\n'.encode()
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + wrapped
        + b"\r\n--edge--\r\n"
    )
    return Message(sender, to, head + body)


def _document(chance: random.Random, kind: str, size: int) -> bytes:
    return {"docx": docx, "xlsx": xlsx, "pdf": pdf}[kind](chance, size)


def _noise(chance: random.Random, size: int) -> bytes:
    """Bytes that do not compress, as a photograph in a document."""
    return chance.randbytes(size)


def docx(chance: random.Random, size: int) -> bytes:
    """A document of about ``size`` bytes: twenty pages of text and a picture part for the rest."""
    paragraphs = "".join(f"<w:p><w:r><w:t>{sentence(chance)}</w:t></w:r></w:p>" for _ in range(600))
    return _package(
        size,
        chance,
        "word/document.xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
        f"{paragraphs}</w:body></w:document>",
        {},
    )


def xlsx(chance: random.Random, size: int) -> bytes:
    """A workbook of about ``size`` bytes with one sheet of stock items."""
    rows = max(50, size // 60)
    cells = []
    for row in range(1, rows + 1):
        text = f"item {chance.randrange(10**6)} shelf {chance.randrange(400)}"
        cells.append(
            f'<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>{text}</t></is></c>'
            f'<c r="B{row}"><v>{chance.randrange(10**6)}</v></c><c r="C{row}"><v>{chance.random():.4f}</v></c></row>'
        )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheet = f'<worksheet xmlns="{main}"><sheetData>{"".join(cells)}</sheetData></worksheet>'
    return _package(
        size,
        chance,
        "xl/workbook.xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        f'<workbook xmlns="{main}" xmlns:r="{relations}">'
        '<sheets><sheet name="Stock" sheetId="1" r:id="rId1"/></sheets></workbook>',
        {
            "xl/worksheets/sheet1.xml": sheet,
            "xl/_rels/workbook.xml.rels": _relations(f"{relations}/worksheet", "worksheets/sheet1.xml"),
        },
    )


def _relations(kind: str, target: str) -> str:
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kind}" Target="{target}"/></Relationships>'
    )


def _package(size: int, chance: random.Random, main: str, kind: str, xml: str, others: dict[str, str]) -> bytes:
    target = io.BytesIO()
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="bin" ContentType="application/x-font"/>'
        f'<Override PartName="/{main}" ContentType="{kind}"/></Types>'
    )
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in {
            "[Content_Types].xml": types,
            "_rels/.rels": _relations(office, main),
            main: xml,
            **others,
        }.items():
            package.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
        if (missing := size - target.tell() - 300) > 0 and main.startswith("word"):
            # An embedded font: bulk that no reader takes for text.
            package.writestr(zipfile.ZipInfo("word/fonts/font1.bin", (2026, 1, 1, 0, 0, 0)), _noise(chance, missing))
    return target.getvalue()


def pdf(chance: random.Random, size: int) -> bytes:
    """A PDF of about ``size`` bytes: pages of text, and an unused font program for the rest."""
    pages = max(2, min(40, size // 6000))
    objects: list[bytes] = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    kids = []
    for _ in range(pages):
        lines = "".join(f"({sentence(chance)}) Tj T*\n" for _ in range(40))
        stream = zlib.compress(f"BT /F1 10 Tf 12 TL 40 800 Td\n{lines}ET".encode())
        objects.append(b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream))
        content = len(objects)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
            b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>" % content
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(kids))
    used = sum(len(o) + 40 for o in objects)
    if size > used + 200:
        noise = _noise(chance, size - used)
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(noise), noise))
    return _pdf_file(objects)


def _pdf_file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
