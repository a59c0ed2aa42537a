"""OpenPGP: what is a packet and what only begins like one, and armour of any shape in linear time."""

from __future__ import annotations

import contextlib
import random
import time

import pytest

from dlp_gateway.documents import openpgp, pgp_armor, sniff
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Unreadable
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Grade, Part
from tests.unit.documents import locked

PLANTED = "Zarquon Beeblebrox 5412880145605040"
LETTER = "§ 5 Kündigungsfrist. Die Parteien vereinbaren eine Frist von drei Monaten. Mit freundlichen Grüßen, "
SEALED = random.Random(2).randbytes(256)
NOTICE = "我們將於下週一送出貨物,請準備倉庫。謝謝您的合作,祝您生意興隆。"
PRICES = "£ 1,200 a month, payable in advance; the parties may end the contract with three months' notice. "


def read(content: bytes) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget())


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (LETTER, "cp1252"),
        ("§ 5 Zusagen: keine weiteren.", "latin-1"),
        (PRICES, "cp1252"),
        ("¥ 12,000 und ¤ 5. " + LETTER, "cp1252"),
        ("¦ Name ¦ Ort ¦\r\n" * 9, "latin-1"),
        ("Á" + LETTER, "cp1252"),
        ("Ñ" + LETTER, "latin-1"),
        ("Ä" * 70 + LETTER, "cp1252"),
        (NOTICE, "big5"),
        ("李先生您好:" + NOTICE, "big5"),
        ("你好,吳小姐," + NOTICE, "big5"),
        ("Пациент не явился на приём. " * 4, "cp1251"),
        ("患者は来週月曜日に来院します。よろしくお願いいたします。" * 3, "shift_jis"),
        ("中文信件,请查收附件中的合同。" * 4, "gbk"),
    ],
)
def test_text_in_an_eight_bit_charset_is_text(text: str, charset: str) -> None:
    content = (text + PLANTED).encode(charset)

    documents = read(content)

    assert sniff.kinds(content) == ("txt",)
    assert documents.attachments[0].protection.state is Grade.NONE
    assert any(PLANTED in t.text for t in documents.texts)
    assert documents.unscanned == ()


@pytest.mark.parametrize(
    "content",
    [
        locked.pgp(b"Zarquon", armor=False),
        locked.pgp(b"Zarquon", "x", armor=False),
        locked.pgp_literal(b"Zarquon " * 20),
        locked.pgp_compressed(b"Zarquon " * 20),
        b"\xa3\x01" + locked.deflated(locked.pgp_literal(b"Zarquon " * 20)),
        b"\xa5\x01\x00" + random.Random(1).randbytes(256),
        b"\x84\x8c\x03" + bytes(8) + b"\1" + random.Random(1).randbytes(130) + b"\xa7" + SEALED,
    ],
    ids=["public key", "passphrase", "literal", "compressed", "old compressed", "old sealed", "old sealed to the end"],
)
def test_packets_are_told(content: bytes) -> None:
    assert openpgp.looks_binary(content)
    assert sniff.kinds(content) == ("pgp",)


def test_old_packet_without_session_key_and_length_is_none() -> None:
    assert not openpgp.looks_binary(b"\xa7" + SEALED)


# ------------------------------------------------------------------------------------------------ armour

BEGIN, END = b"-----BEGIN PGP MESSAGE-----\n", b"-----END PGP MESSAGE-----\n"
BLOCK = BEGIN + b"\naGVsbG8=\n" + END


@pytest.mark.parametrize(
    ("content", "blocks", "outside", "unfinished"),
    [
        (BLOCK, (b"hello",), b"", False),
        (b"before\n" + BLOCK + b"after", (b"hello",), b"before after", False),
        (BLOCK + b"between\n" + BLOCK, (b"hello", b"hello"), b"between", False),
        (BLOCK.replace(b"\n\n", b"\nVersion: 1\nComment: Zarquon\n\n"), (b"hello",), b"Comment: Zarquon", False),
        (BLOCK.replace(b"\n", b"\r\n"), (b"hello",), b"", False),
        (b"-----BEGIN PGP SIGNATURE-----\n\n" + BLOCK, (b"hello",), b"-----BEGIN PGP SIGNATURE-----", True),
        (BLOCK + BEGIN + b"\naGVs", (b"hello",), BEGIN.strip() + b" aGVs", True),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\nwords\n", (), b"-----BEGIN PGP SIGNED MESSAGE----- words", False),
        (BEGIN + BLOCK, (b"hello",), BEGIN.strip(), False),
        (BLOCK.replace(b"\n\n", b"\nVersion: GnuPG v2.0.22 (MingW32)\nHash: SHA256\n\n"), (b"hello",), b"", False),
        (BLOCK.replace(b"\n\n", b"\nVersion: Zarquon 5412\n\n"), (b"hello",), b"Version: Zarquon 5412", False),
        (BLOCK.replace(b"=\n", b"=\n=Zarquon Beeblebrox\n"), (b"hello",), b"=Zarquon Beeblebrox", False),
        (BLOCK.replace(b"=\n", b"=\n=aB3d\n=5412\n8801\n"), (b"hello",), b"=5412 8801", False),
        (BLOCK.replace(b"aGVs", "aGVs\nＺａｒｑｕｏｎ\n".encode()), (b"hello",), "Ｚａｒｑｕｏｎ".encode(), False),
    ],
    ids=range(14),
)
def test_armour(content: bytes, blocks: tuple[bytes, ...], outside: bytes, unfinished: bool) -> None:
    armored = pgp_armor.parse(content)
    assert armored.unfinished == unfinished
    assert armored.blocks == blocks
    assert b" ".join(armored.outside.split()) == b" ".join(outside.split())


def test_damaged_armour_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        pgp_armor.parse(BEGIN + b"\naGVsb\n" + END)


@pytest.mark.parametrize(
    "content",
    [
        BEGIN * 40_000,
        BEGIN * 40_000 + END,
        b"".join(b"-----BEGIN PGP %s-----\n" % kind for kind in (b"MESSAGE", b"SIGNATURE", b"ARMORED FILE") * 12_000),
        (BEGIN + END.replace(b"MESSAGE", b"SIGNATURE")) * 20_000,
        b"-----BEGIN PGP " * 70_000,
        b"-----BEGIN PGP MESSAGE-----" + b" " * 1_000_000,
        (BEGIN + b"\n") + b": \n" * 300_000 + END,
        BLOCK * 14_000,
    ],
    ids=range(8),
)
def test_armour_takes_linear_time(content: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(Unreadable):
        pgp_armor.parse(content)
    assert time.process_time() - started < 1.5


def test_armour_without_end_is_reported() -> None:
    assert "OpenPGP armour is incomplete" in {u.why for u in read(BEGIN * 8000).unscanned}


def packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 255]) + len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    "note",
    [packet(2, b"\4\0\x16\x0a\0\x40" + PLANTED.encode() + bytes(20)), packet(14, b"\4" + bytes(5) + PLANTED.encode())],
    ids=["signature", "subkey"],
)
@pytest.mark.parametrize("rest", [locked.pgp(b"agenda", "x", armor=False), locked.pgp_literal(b"agenda")])
def test_clear_text_in_packets_of_numbers_is_read(note: bytes, rest: bytes) -> None:
    assert any(PLANTED in t.text for t in read(rest + note).texts)


def test_what_is_only_encrypted_says_nothing() -> None:
    assert read(locked.pgp(b"agenda", "x")).texts == ()
