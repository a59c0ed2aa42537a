"""Readers touch nothing but memory: no file is written, no connection opened, no program started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
# An audit hook cannot be taken away again: the readers run in a process of their own.
PROGRAM = """
import os, sys
seen = []

def hook(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        seen.append((event, str(arguments[0])))
    elif event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "urllib.")):
        seen.append((event, ""))
    elif event in ("os.remove", "os.rename", "os.mkdir", "os.link", "os.symlink") or event.startswith("tempfile."):
        seen.append((event, str(arguments[:1])))

sys.dont_write_bytecode = True
from dlp_gateway.documents.preload import preload
preload()
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import read_parts
from dlp_gateway.model import Part
from tests.fuzz.test_documents_readers import SEEDS
from tests.unit.documents import locked
from tests.unit.documents.test_archives import rar5

external = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]><a>&e;</a>'
html = b'<html><body><img src="http://127.0.0.1:9/x.png"><link href="http://127.0.0.1:9/a.css"></body></html>'
contents = [*SEEDS.values(), external, html, locked.office_agile(locked.DOCX), locked.odt_locked("x"), rar5()]
contents += [locked.xls_rc4(), locked.doc_rc4(), locked.xls_xor("words")]
sys.addaudithook(hook)
for number, content in enumerate(contents):
    documents = read_parts([Part(str(number), content)], budget=DocumentBudget(), passwords=(locked.PASSWORD, "words"))
print(seen)
"""


def test_no_file_no_connection_no_program() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=240, check=True
    )
    assert run.stdout.strip().splitlines()[-1] == "[]"


def test_reading_needs_no_heavy_library_until_its_format_appears() -> None:
    program = (
        "import sys\nfrom dlp_gateway.documents import read\n"
        "print([m for m in ('pikepdf', 'pypdfium2', 'pypdf', 'py7zr', 'msoffcrypto', 'pysequoia', 'python_calamine',"
        " 'asn1crypto', 'rarfile', 'PIL', 'cryptography') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.strip() == "[]"
