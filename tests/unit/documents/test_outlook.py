"""Outlook messages and winmail.dat: fields, bodies, recipients, attachments and messages inside."""

from __future__ import annotations

import struct

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part, Role
from tests.unit.documents import makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"


def read(content: bytes) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget())


def places(documents: Documents) -> list[str]:
    return [t.where for t in documents.texts if PLANTED in t.text]


def compressed_rtf(text: str) -> bytes:
    import compressed_rtf

    return bytes(compressed_rtf.compress(b"{\\rtf1 " + text.encode() + b"}", compressed=True))


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (makers.msg(PLANTED, "x"), "attachment 1 > subject"),
        (makers.msg("s", PLANTED), "attachment 1 > body"),
        (makers.msg("s", "x", html=f"<html><body><p>{PLANTED}</p></body></html>".encode()), "attachment 1 > body"),
        (makers.msg("s", "x", recipient=PLANTED), "attachment 1 > recipient > fields"),
        (
            makers.msg("s", "x", attachments={"a.docx": makers.docx("comment", PLANTED)}),
            "attachment 1 > attachment 1 > comments",
        ),
        (makers.msg("s", "x", attachments={f"{PLANTED}.txt": b"x"}), "attachment 1 > attachment 1 > fields"),
        (makers.msg("s", "x", inner=makers.msg_streams("t", PLANTED)), "attachment 1 > attachment 1 > body"),
        (
            makers.msg("s", "x", inner=makers.msg_streams("t", "y", attachments={"a.txt": PLANTED.encode()})),
            "attachment 1 > attachment 1 > attachment 1",
        ),
        (makers.tnef(PLANTED, "x"), "attachment 1 > subject"),
        (makers.tnef("s", PLANTED), "attachment 1 > body"),
        (makers.tnef("s", "x", attachments={"a.txt": PLANTED.encode()}), "attachment 1 > attachment 1"),
        (
            makers.tnef("s", "x", attachments={"a.docx": makers.docx("page", PLANTED)}),
            "attachment 1 > attachment 1 > text",
        ),
        (makers.tnef("s", "x", message=makers.tnef("t", PLANTED)), "attachment 1 > attachment 1 > message > body"),
    ],
)
def test_every_place_is_read(content: bytes, where: str) -> None:
    documents = read(content)
    assert where in places(documents)
    assert documents.unscanned == ()


def test_compressed_rtf_body_is_read() -> None:
    streams = makers.msg_streams("s", "x")
    streams["__substg1.0_10090102"] = compressed_rtf(PLANTED)
    assert "attachment 1 > body" in places(read(makers.compound(streams)))


def test_subject_inside_is_no_subject_of_ours() -> None:
    assert Role.SUBJECT not in {t.role for t in read(makers.msg(PLANTED, "x")).texts}


@pytest.mark.parametrize("cut", [10, 20, 60, 100])
def test_truncated_winmail_is_reported(cut: int) -> None:
    content = makers.tnef("s", "b", attachments={"a.txt": PLANTED.encode()})
    assert read(content[:-cut]).unscanned


def test_announced_size_of_a_body_is_not_believed() -> None:
    streams = makers.msg_streams("s", "x")
    streams["__substg1.0_10090102"] = b"\xff\xff\xff\x7f" * 2 + b"LZFu" + bytes(4)
    assert read(makers.compound(streams)).unscanned


def tnef_attribute(level: int, identifier: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, identifier, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


@pytest.mark.parametrize(
    "more",
    [
        tnef_attribute(1, 0x0002800C, PLANTED.encode() + b"\0"),
        tnef_attribute(2, 0x00069002, bytes(14))
        + tnef_attribute(2, 0x0006800F, PLANTED.encode())
        + tnef_attribute(2, 0x0006800F, b"harmless"),
    ],
    ids=["body", "file"],
)
def test_what_is_said_twice_in_winmail_is_read_twice(more: bytes) -> None:
    documents = read(makers.tnef("s", "harmless") + more)
    assert any(PLANTED in t.text for t in documents.texts)
    assert any("harmless" in t.text for t in documents.texts)


def test_the_same_body_in_both_forms_is_read_once() -> None:
    documents = read(makers.tnef("s", "harmless") + tnef_attribute(1, 0x0002800C, b"harmless\0"))
    assert [t.text for t in documents.texts if "harmless" in t.text] == ["harmless"]
