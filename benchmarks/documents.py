"""Time to read one attachment, beside libraries that read the same kinds.

``python -m benchmarks.documents [--peers PYTHON] [--rounds N]``

Files are made here, from a fixed seed: 100 KB of each kind and 10 MB of two.
``--peers`` names the Python of an environment that holds other libraries
(kreuzberg, xberg, markitdown, python-docx, docx2txt, openpyxl, python-pptx,
python-calamine, pypdf, pypdfium2: those that are there are measured, in the
same run, each file in turn). Figures are processor time of one process.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from dlp_gateway import mime
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.preload import preload
from dlp_gateway.documents.read import read_parts
from dlp_gateway.model import Part

_RANDOM = random.Random(20250304)
_SYLLABLES = (
    "ba be bi bo da de di do ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro sa se si so ta te ti".split()
)
_WORDS = ["".join(_RANDOM.choices(_SYLLABLES, k=_RANDOM.randint(1, 4))) for _ in range(4000)]
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_OFFICE = "application/vnd.openxmlformats-officedocument"
GOALS = {"docx": 60, "xlsx": 60, "pptx": 60, "pdf": 60, "eml": 60, "xlsx, 10 MB": 4000, "pdf, 10 MB": 4000}
# ruff: noqa: E501 - markup of other people's formats reads best on one line
_PEERS = Path(__file__).with_name("document_peers.py")


def words(count: int) -> str:
    """Return ``count`` invented words."""
    return " ".join(_RANDOM.choices(_WORDS, k=count))


def _package(members: dict[str, str], main: str, kind: str) -> bytes:
    """A package with content types and the relationship that programs look for."""
    overrides = f'<Override PartName="/{main}" ContentType="{_OFFICE}.{kind}.main+xml"/>'
    head = {
        "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{_TYPES}"><Default Extension="rels" ContentType='
        f'"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
        f'"application/xml"/>{overrides}%s</Types>',
        "_rels/.rels": _relations({"rId1": ("officeDocument", main)}),
    }
    more = "".join(
        f'<Override PartName="/{name}" ContentType="{_OFFICE}.{kinds}+xml"/>'
        for name in members
        for folder, kinds in (
            ("xl/worksheets/", "spreadsheetml.worksheet"),
            ("xl/sharedStrings", "spreadsheetml.sharedStrings"),
            ("ppt/slides/slide", "presentationml.slide"),
        )
        if name.startswith(folder)
    )
    head["[Content_Types].xml"] = head["[Content_Types].xml"].replace("%s", more)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in {**head, **members}.items():
            archive.writestr(name, body)
    return out.getvalue()


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    items = "".join(
        f'<Relationship Id="{i}" Type="{_R}/{kind}" Target="{target}"/>' for i, (kind, target) in targets.items()
    )
    return f'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{items}</Relationships>'


def docx(paragraphs: int) -> bytes:
    """A Word document of that many paragraphs of 60 words."""
    body = "".join(f"<w:p><w:r><w:t>{words(60)}</w:t></w:r></w:p>" for _ in range(paragraphs))
    document = f'<?xml version="1.0"?><w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>'
    return _package({"word/document.xml": document}, "word/document.xml", "wordprocessingml.document")


def xlsx(rows: int) -> bytes:
    """A workbook of that many rows of ten cells: names, numbers, dates and words."""
    strings: dict[str, int] = {}
    lines = ['<row r="1">' + "".join(_string(f"{c}1", f"Column {c}", strings) for c in "ABCDEFGHIJ") + "</row>"]
    for y in range(2, rows + 2):
        cells = [_string(f"A{y}", f"{words(2)} {y}", strings), _string(f"B{y}", words(1), strings)]
        cells += [f'<c r="{c}{y}"><v>{_RANDOM.randrange(10**8, 10**9)}</v></c>' for c in "CD"]
        cells += [f'<c r="{c}{y}"><v>{_RANDOM.random() * 1000:.2f}</v></c>' for c in "EFGH"]
        cells += [_string(f"{c}{y}", words(3), strings) for c in "IJ"]
        lines.append(f'<row r="{y}">{"".join(cells)}</row>')
    listed = "".join(f"<si><t>{s}</t></si>" for s in strings)
    members = {
        "xl/workbook.xml": f'<?xml version="1.0"?><workbook xmlns="{_S}" xmlns:r="{_R}"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(
            {"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId2": ("sharedStrings", "sharedStrings.xml")}
        ),
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?><worksheet xmlns="{_S}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<?xml version="1.0"?><sst xmlns="{_S}">{listed}</sst>',
    }
    return _package(members, "xl/workbook.xml", "spreadsheetml.sheet")


def _string(ref: str, text: str, strings: dict[str, int]) -> str:
    return f'<c r="{ref}" t="s"><v>{strings.setdefault(text, len(strings))}</v></c>'


def pptx(slides: int) -> bytes:
    """A presentation of that many slides of eight lines."""
    p, a = (
        "http://schemas.openxmlformats.org/presentationml/2006/main",
        "http://schemas.openxmlformats.org/drawingml/2006/main",
    )
    members, listed, related = dict[str, str](), "", dict[str, tuple[str, str]]()
    for n in range(1, slides + 1):
        lines = "".join(f"<a:p><a:r><a:t>{words(10)}</a:t></a:r></a:p>" for _ in range(8))
        shape = f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="x"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>{lines}</p:txBody></p:sp>'
        tree = f'<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>{shape}'
        members[f"ppt/slides/slide{n}.xml"] = (
            f'<?xml version="1.0"?><p:sld xmlns:p="{p}" xmlns:a="{a}"><p:cSld><p:spTree>{tree}</p:spTree></p:cSld></p:sld>'
        )
        listed += f'<p:sldId id="{255 + n}" r:id="rId{n}"/>'
        related[f"rId{n}"] = ("slide", f"slides/slide{n}.xml")
    members["ppt/presentation.xml"] = (
        f'<?xml version="1.0"?><p:presentation xmlns:p="{p}" xmlns:r="{_R}"><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>'
    )
    members["ppt/_rels/presentation.xml.rels"] = _relations(related)
    return _package(members, "ppt/presentation.xml", "presentationml.presentation")


def pdf(pages: int, picture_bytes: int = 0) -> bytes:
    """A PDF of that many pages of 45 lines; with ``picture_bytes``, a grey picture of that size on each."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    kids = []
    for _ in range(pages):
        lines = "".join(f"({words(10)}) Tj 0 -15 Td " for _ in range(45))
        content = zlib.compress(f"BT /F 10 Tf 50 800 Td {lines} ET{' /X Do' if picture_bytes else ''}".encode())
        number = len(objects) + 1
        kids.append(b"%d 0 R" % number)
        resources = b"/Font<</F 3 0 R>>" + (b"/XObject<</X %d 0 R>>" % (number + 2) if picture_bytes else b"")
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<<%s>>>>"
            % (number + 1, resources)
        )
        objects.append(b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(content), content))
        if picture_bytes:
            data = _RANDOM.randbytes(picture_bytes)
            head = b"<</Type/XObject/Subtype/Image/Width 100/Height %d/BitsPerComponent 8/ColorSpace/DeviceGray/Length %d>>"
            objects.append(head % (picture_bytes // 100, len(data)) + b"stream\n" + data + b"\nendstream")
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(kids))
    out, offsets = bytearray(b"%PDF-1.5\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj" % number + body + b"\nendobj\n"
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(
        b"%010d 00000 n \n" % o for o in offsets
    )
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def eml(lines: int) -> bytes:
    """A message with a plain body of that many lines."""
    head = (
        b"From: Alice Ng <alice.ng@example.com>\r\nTo: bob@example.net\r\nSubject: Minutes\r\nMIME-Version: 1.0\r\n\r\n"
    )
    return head + "".join(words(12) + "\r\n" for _ in range(lines)).encode()


FILES: dict[str, Callable[[], bytes]] = {
    "docx": lambda: docx(740),
    "xlsx": lambda: xlsx(1_050),
    "pptx": lambda: pptx(170),
    "pdf": lambda: pdf(58),
    "eml": lambda: eml(1_350),
    "xlsx, 10 MB": lambda: xlsx(108_000),
    "pdf, 10 MB": lambda: pdf(880, 10_000),
    "pdf, 8 MB of nothing but text": lambda: pdf(4_900),
}


def seconds(content: bytes, rounds: int) -> float:
    """Median processor time of reading ``content``."""

    def once() -> float:
        started = time.process_time()
        documents = read_parts(
            [Part("attachment 1", content)],
            budget=DocumentBudget(),
            read_mail=lambda raw: mime.read(raw, mime.ReadingBudget()),
        )
        if documents.unscanned or not documents.texts:
            sys.exit(f"not read: {documents.unscanned}")
        return time.process_time() - started

    return statistics.median(once() for _ in range(rounds))


def main() -> None:
    """Print a table of times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="Python of an environment with other libraries")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    preload()
    print("| file | bytes | this gateway, ms | goal, ms | others, ms |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for label, make in FILES.items():
            content = make()
            rounds = options.rounds if len(content) < 1 << 20 else 3
            path = Path(folder) / f"file.{label.partition(',')[0]}"
            path.write_bytes(content)
            own = seconds(content, rounds) * 1000
            others = peers(options.peers, path, min(rounds, 5)) if options.peers else "not measured"
            print(f"| {label} | {len(content):,} | {own:.1f} | {GOALS.get(label, '-')} | {others} |", flush=True)


def peers(python: str, path: Path, rounds: int) -> str:
    """Times of the other libraries for one file, as they are there."""
    run = subprocess.run([python, str(_PEERS), str(path), str(rounds)], capture_output=True, text=True, check=False)
    if run.returncode:
        return f"failed ({run.returncode})"
    figures = json.loads(run.stdout.splitlines()[-1])
    return ", ".join(f"{name} {value}" for name, value in figures.items()) or "none"


if __name__ == "__main__":
    main()
