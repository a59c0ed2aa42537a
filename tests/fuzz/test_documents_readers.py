"""Readers on damaged files: whatever the bytes are, the answer is texts and reasons, never an exception.

Files of every format are cut, overwritten, doubled and spliced. PDF goes
through native code in this process: a crash there fails the run, which is
what is wanted here (in the gateway it costs a worker).
"""

from __future__ import annotations

import contextlib
import gzip
import json
import tarfile
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlp_gateway.documents import openpgp, plain, rtf, sniff, tables, vba, zip_structure
from dlp_gateway.documents.budget import Amounts, DocumentBudget, DocumentLimits
from dlp_gateway.documents.items import Unreadable
from dlp_gateway.documents.passwords import announces_password, candidates
from dlp_gateway.documents.read import read_parts
from dlp_gateway.model import Part, Role, Text
from tests.unit.documents import locked, makers

MIB = 1 << 20
LIMITS = DocumentLimits(
    part=Amounts(8 * MIB, 200, 50, 20_000, 500_000, 10_000_000, 5.0),
    message=Amounts(8 * MIB, 200, 50, 20_000, 500_000, 10_000_000, 5.0),
    password_tries=3,
)


def tar() -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = 5
        archive.addfile(info, BytesIO(b"words"))
    return out.getvalue()


SEEDS: dict[str, bytes] = {
    "docx": makers.docx("comment", "words"),
    "docx macro": makers.docx("macro", "words"),
    "xlsx": makers.xlsx("rich text", "words"),
    "pptx": makers.pptx("speaker notes", "words"),
    "odt": makers.odt("comment", "words"),
    "ods": makers.ods("cell", "words"),
    "pdf": makers.simple_pdf("words"),
    "pdf objects": makers.pdf("form field", "words"),
    "rtf": makers.rtf("comment", "words"),
    "doc": (locked.FILES / "places.doc").read_bytes(),
    "xls": (locked.FILES / "places.xls").read_bytes(),
    "msg": makers.msg("s", "b", attachments={"a.txt": b"words"}),
    "tnef": makers.tnef("s", "b", attachments={"a.txt": b"words"}),
    "package": makers.ole_package("a.txt", b"words"),
    "zip": makers.zipped({"a.txt": b"words", "b/c.txt": b"more"}, comment=b"note"),
    "zip aes": locked.zip_aes([("a.txt", b"words", True)]),
    "zip crypto": locked.zip_crypto([("a.txt", b"words", True)]),
    "7z": locked.seven_zip([("a.txt", b"words")]),
    "tar": tar(),
    "gz": gzip.compress(tar()),
    "png": makers.png(9, 9, (b"tEXt", b"a\0words"), (b"eXIf", makers.exif(b"words"))),
    "jpeg": makers.jpeg(9, 9, (0xE1, b"Exif\0\0" + makers.exif(b"words"))),
    "pgp": locked.armored(locked.pgp_compressed(b"words")),
    "cms": locked.cms_enveloped("2.16.840.1.101.3.4.1.42"),
    "json": json.dumps({"a": [{"b": 1}, [1, 2]], "c": "words"}).encode(),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><text>words<tspan>more</tspan></text></svg>',
    "html": b"<html><body><table><tr><td>a<td>b</table><p hidden>words</p></body></html>",
    "ics": b"BEGIN:VCALENDAR\nSUMMARY;ENCODING=QUOTED-PRINTABLE:a=20b\nEND:VCALENDAR\n",
    "csv": b'a,b\n"x, y",2\n3,4\n',
}
PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "zero", "double", "insert", "big"]),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=6,
)


def edited(content: bytes, edits: list[tuple[str, float, bytes]]) -> bytes:
    data = bytearray(content)
    for kind, where, junk in edits:
        at = int(where * len(data))
        if kind == "flip":
            data[at : at + len(junk)] = junk
        elif kind == "cut":
            del data[at:]
        elif kind == "zero":
            data[at : at + 16] = bytes(len(data[at : at + 16]))
        elif kind == "double":
            data[at:at] = data[at : at + 200]
        elif kind == "insert":
            data[at:at] = junk
        else:
            data[at : at + 4] = b"\xff\xff\xff\x7f"[: len(data[at : at + 4])]
    return bytes(data)


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits=EDITS)
def test_damaged_file_never_raises(kind: str, edits: list[tuple[str, float, bytes]]) -> None:
    part = Part("attachment 1", edited(SEEDS[kind], edits), ("x",))
    documents = read_parts([part], budget=DocumentBudget(LIMITS), passwords=("words",))
    assert sum(len(t.text) for t in documents.texts) <= 2 * LIMITS.part.characters
    for text in documents.texts:
        starts = [p.start for p in text.places]
        assert starts == sorted(starts)
        assert not starts or (starts[0] >= 0 and starts[-1] <= len(text.text))


@settings(max_examples=400, deadline=None)
@given(content=st.binary(max_size=600))
def test_any_bytes_are_sniffed_and_read(content: bytes) -> None:
    assert sniff.kinds(content)
    read_parts([Part("attachment 1", content)], budget=DocumentBudget(LIMITS))


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=400), start=st.sampled_from([b"PK\3\4", b"PK\5\6", b"PK\1\2", b""]))
def test_zip_structure_says_unreadable_or_gives_entries(content: bytes, start: bytes) -> None:
    data = start + content + b"PK\5\6" + content[:18].ljust(18, b"\0")
    with contextlib.suppress(Unreadable):
        zip_structure.parse(data, DocumentBudget(LIMITS))


@settings(max_examples=300, deadline=None)
@given(content=st.binary(min_size=8, max_size=300))
def test_packets_end(content: bytes) -> None:
    openpgp.looks_binary(content)
    with contextlib.suppress(Unreadable):
        openpgp.packets(b"\xc8" + content)


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=400))
def test_vba_container_never_raises(content: bytes) -> None:
    vba.decompress(b"\1" + content, DocumentBudget(LIMITS))


@settings(max_examples=300, deadline=None)
@given(body=st.text(alphabet="\\{}'*~ abufnt0123456789\n-", max_size=200))
def test_rtf_of_any_tokens(body: str) -> None:
    part = Part("a", b"{\\rtf1 " + body.encode() + b"}")
    with contextlib.suppress(Unreadable):
        list(rtf.read(part, DocumentBudget(LIMITS)))


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=400))
def test_any_text_gives_bounded_candidates(text: str) -> None:
    texts = [Text("body", text, Role.BODY), Text("a", text, Role.FILENAME)]
    assert len(candidates(texts, 400)) <= 400
    announces_password(texts)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=8))
def test_no_cell_of_a_table_is_lost(rows: list[list[str]]) -> None:
    rendered = tables.render(tables.plain_rows(rows)).text()
    for row in rows:
        for cell in row:
            assert cell.strip().rstrip(":") in rendered


@settings(max_examples=200, deadline=None)
@given(value=JSON)
def test_no_string_of_json_is_lost(value: object) -> None:
    part = Part("a", json.dumps(value).encode())
    said = "".join(t.text for t in plain.read_json(part, DocumentBudget(LIMITS)) if isinstance(t, Text))

    def strings(item: object) -> list[str]:
        if isinstance(item, dict):
            return [s for k, v in item.items() for s in (k, *strings(v))]
        if isinstance(item, list):
            return [s for v in item for s in strings(v)]
        return [item] if isinstance(item, str) else []

    for string in strings(value):
        assert string.strip() in said
