"""Fonts: told by their structure; what is written in them, or begins like one, is read."""

from __future__ import annotations

import struct

import pytest

from dlp_gateway.documents import sniff
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part, Unscanned

PLANTED = "Zarquon Beeblebrox 5412880145605040"
RAW = PLANTED.encode()


def read(content: bytes) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget())


def opentype(*tables: tuple[bytes, bytes], magic: bytes = b"OTTO") -> bytes:
    bodies = ((b"head", bytes(54)), (b"cmap", bytes(20)), *tables)
    offset = 12 + 16 * len(bodies)
    records, data = b"", b""
    for tag, body in bodies:
        records += struct.pack(">4sIII", tag, 0, offset + len(data), len(body))
        data += body
    return magic + struct.pack(">HHHH", len(bodies), 16, 1, 0) + records + data


def woff(magic: bytes = b"wOFF", private: bytes = b"") -> bytes:
    length = 44 + 40 + len(private)
    return magic + struct.pack(">IIHH", 0x00010000, length, 2, 0) + bytes(28) + bytes(40) + private


@pytest.mark.parametrize(
    "content", [opentype(), opentype(magic=b"\0\1\0\0"), opentype(magic=b"true"), woff(), woff(b"wOF2")]
)
def test_a_font_is_read_and_holds_nothing(content: bytes) -> None:
    documents = read(content)
    assert documents.attachments[0].type == "font"
    assert documents.texts == documents.unscanned == ()


def test_the_licence_in_a_font_is_nothing_of_anybody() -> None:
    licence = "This font software is licensed to any person obtaining a copy; all rights are reserved by its makers."

    assert read(opentype((b"name", licence.encode("utf-16-be")))).texts == ()


@pytest.mark.parametrize(
    "content",
    [
        opentype((b"name", PLANTED.encode("utf-16-be"))),
        opentype((b"note", RAW)),
        opentype() + RAW,
        opentype() + RAW * 3,
        woff(private=RAW),
        woff() + RAW,
    ],
    ids=["name", "table of its own", "behind", "long behind", "private data", "behind a web font"],
)
def test_what_is_written_in_or_behind_a_font_is_read(content: bytes) -> None:
    documents = read(content)
    assert documents.attachments[0].type == "font"
    assert any(PLANTED in text.text for text in documents.texts)


@pytest.mark.parametrize(
    "start", ["OTTO ", "OTTO;", "true ", "wOFF ", "wOF2,", "BMI 31 (", "GIF89a,", "RIFF 1,", "MZ "]
)
def test_text_that_begins_like_a_file_is_text(start: str) -> None:
    content = f"{start}{PLANTED} has a name that begins like a file\n"

    documents = read(content.encode())

    assert documents.attachments[0].type == "txt"
    assert PLANTED in documents.texts[0].text
    assert documents.unscanned == ()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\0\1\0\0\0" + RAW, "unknown"),
        (b"OTTO\0\2" + bytes(6) + RAW, "unknown"),
        (b"OTTO\0\1" + bytes(6) + struct.pack(">4sIII", b"head", 0, 28, 999) + RAW, "unknown"),
        (opentype().replace(b"head", b"abcd").replace(b"cmap", b"efgh"), "unknown"),
        (woff()[:-1], "unknown"),
    ],
    ids=["no directory", "no tables", "table outside", "no needed table", "cut short"],
)
def test_what_is_no_font_does_not_pass_for_one(content: bytes, kind: str) -> None:
    assert sniff.kinds(content) == (kind,)
    assert read(content).unscanned == (Unscanned("attachment 1", f"files of type {kind} are not read"),)


def test_text_with_the_marks_of_archives_is_text() -> None:
    said = (PLANTED + " and more of the same\n").encode() * 900
    marked = said[:257] + b"ustar" + said[262:32769] + b"CD001" + said[32774:]

    documents = read(marked)

    assert documents.attachments[0].type == "txt"
    assert documents.unscanned == ()
