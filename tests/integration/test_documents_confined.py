"""Every reader works inside a confined worker: the same texts, protections and reasons as outside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
sys.dont_write_bytecode = True
confined = sys.argv[1] == "confined"
from dlp_gateway.documents import ocr
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.preload import preload
from dlp_gateway.documents.read import read_parts
from dlp_gateway.inspection import confinement
from dlp_gateway.model import Part
from tests.fuzz.test_documents_readers import SEEDS
from tests.unit.documents import locked, makers
contents = list(SEEDS.values())
contents += [makers.encrypted_pdf("x", "pdf-aes256", "words"), locked.pgp_literal(b"x"), makers.simple_pdf("x")]
contents += [open("tests/unit/documents/files/places.doc", "rb").read()]
preload()
reader = ocr.PictureReader() if ocr.available() else None
if confined:
    confinement.no_new_privileges()
    confinement.limit_resources(confinement.ProcessLimits())
    confinement.filter_calls()
for number, content in enumerate(contents):
    found = read_parts([Part(str(number), content)], budget=DocumentBudget(), passwords=("words",), read_picture=reader)
    kinds = [(a.type, a.protection.scheme, a.protection.password_inside) for a in found.attachments]
    print([(t.where, t.text) for t in found.texts], kinds, found.unscanned)
"""


def output(mode: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout


def test_confined_readers_read_the_same() -> None:
    free = output("free")
    assert output("confined") == free
    assert "could not be read" not in free
