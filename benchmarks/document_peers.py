"""Times other libraries on one file: ``PYTHON document_peers.py FILE ROUNDS`` prints JSON, name to milliseconds.

Runs in an environment of its own and needs nothing of this project. Each
library runs in a process of its own, with its cache of results off, so that one that crashes or never ends
costs only its own figure.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

_LIMIT = 120  # seconds for all rounds of one library
_SNIPPETS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "kreuzberg": (
        "kreuzberg",
        ("docx", "xlsx", "pptx", "pdf", "eml"),
        "from kreuzberg import ExtractionConfig, extract_file_sync\nconfig = ExtractionConfig(use_cache=False)\n"
        "def run(): extract_file_sync(path, config=config)",
    ),
    "xberg": (
        "xberg",
        ("docx", "xlsx", "pptx", "pdf", "eml"),
        "import asyncio, json, xberg\nwanted = json.dumps({'kind': 'uri', 'uri': path})\n"
        "config = xberg.ExtractionConfig(use_cache=False)\n"
        "async def one(): return await xberg.extract(xberg.ExtractInput.from_json(wanted), config)\n"
        "def run(): asyncio.run(one())",
    ),
    "markitdown": (
        "markitdown",
        ("docx", "xlsx", "pptx", "pdf"),
        "from markitdown import MarkItDown\nm = MarkItDown()\ndef run(): m.convert(path)",
    ),
    "python-docx": (
        "docx",
        ("docx",),
        "import docx\ndef run(): [p.text for p in docx.Document(path).paragraphs]",
    ),
    "docx2txt": ("docx2txt", ("docx",), "import docx2txt\ndef run(): docx2txt.process(path)"),
    "openpyxl": (
        "openpyxl",
        ("xlsx",),
        "import openpyxl\nbook = openpyxl.load_workbook\n"
        "def run(): [list(s.iter_rows(values_only=True)) for s in book(path, read_only=True)]",
    ),
    "calamine": (
        "python_calamine",
        ("xlsx",),
        "from python_calamine import CalamineWorkbook\ndef run():\n b = CalamineWorkbook.from_path(path)\n"
        " [b.get_sheet_by_name(n).to_python() for n in b.sheet_names]",
    ),
    "python-pptx": (
        "pptx",
        ("pptx",),
        "import pptx\nslides = pptx.Presentation\n"
        "def run(): [s.text_frame.text for d in slides(path).slides for s in d.shapes]",
    ),
    "pypdf": ("pypdf", ("pdf",), "import pypdf\ndef run(): [p.extract_text() for p in pypdf.PdfReader(path).pages]"),
    "pdfium": (
        "pypdfium2",
        ("pdf",),
        "import pypdfium2\ndef run(): [p.get_textpage().get_text_range() for p in pypdfium2.PdfDocument(path)]",
    ),
}
_FRAME = """
import statistics, sys, time
path, rounds = sys.argv[1], int(sys.argv[2])
{snippet}
times = []
for _ in range(rounds + 1):
    started = time.process_time()
    run()
    times.append(time.process_time() - started)
print(round(statistics.median(times[1:]) * 1000, 1))
"""


def main() -> None:
    """Measure every library that is installed and reads the kind."""
    path, rounds = sys.argv[1], sys.argv[2]
    kind = path.rpartition(".")[2]
    # onnxruntime, which some of these load, sends telemetry unless told not to
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    figures: dict[str, float | str] = {}
    for name, (module, kinds, snippet) in _SNIPPETS.items():
        if kind not in kinds or importlib.util.find_spec(module) is None:
            continue
        code = _FRAME.format(snippet=snippet)
        try:
            run = subprocess.run(
                [sys.executable, "-c", code, path, rounds],
                capture_output=True,
                text=True,
                timeout=_LIMIT,
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            figures[name] = f"over {_LIMIT} s"
            continue
        figures[name] = float(run.stdout.split()[-1]) if run.returncode == 0 else "failed"
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
