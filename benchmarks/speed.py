"""Speed and memory of detection, in one run beside Presidio's analyzer on the same text."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.judging import ROOT
from dlp_gateway.detection.engine import Engine, load_engine
from dlp_gateway.detection.tuning import ModelChoice, Tuning
from dlp_gateway.model import Role, Text

SIZES = (200, 1_000, 10_000, 100_000)
MAIL = """Good morning,

the statement for February is in the portal. Please tell me if a line is unclear. We will ship order 48219374 on
Thursday, the invoice follows. Your contact is Freya Lindqvist (freya.lindqvist@westendonsixth.com, 0491 570 313).
We look forward to working with you on the rollout; the plan covers data load, parallel run and sign-off, and the
training of the night shift in the second week of the term. The printers arrive on Monday and go to the upper floor,
where the old network has been taken out. Please send us the list of rooms that need a second screen.

Kind regards

Rosa Delgado
Accounts Receivable Lead
Westend on Sixth Pty Ltd | ABN 32 080 350 133
Level 6, 120 Sixth Street, Brisbane QLD 4000
T (07) 5550 1180   M 0491 570 110
rosa.delgado@westendonsixth.com | www.westendonsixth.com

"""
PROSE = (
    "The plan covers data load, parallel run and sign-off, and the training of the night shift in the second week. "
    "Two consultants are on site until the go-live, and the hotline is staffed from seven to nineteen hours. "
)
HOSTILE = {"a": "a", "digits": "1", "a@": "a@", "spaces": " "}
_FLAT = 5_000


def section(engine: Engine) -> Iterator[str]:
    """Yield the part of accuracy.md about speed."""
    patterns = load_engine([ROOT / "detectors"], Tuning(models=ModelChoice(people="none", statements="none")))
    yield "## Speed, processor time on one core\n"
    yield "| text | patterns | with both models | Presidio, no language model | Presidio with a spaCy NER | ratios |"
    yield "|---|---|---|---|---|---|"
    bare, full = _presidio(ner=False), _presidio(ner=True)
    for size in SIZES:
        text = (MAIL + PROSE * 4) * (size // 1_000 + 1)
        body = [Text("body", text[:size], Role.BODY)]
        ours = (partial(patterns.scan, body), partial(engine.scan, body))
        runs = (*ours, partial(bare, text[:size]), partial(full, text[:size]))
        times = [_milliseconds(run, repeat=5 if size <= 1_000 else 2) for run in runs]
        shown = " | ".join(f"{t:.3g} ms" for t in times)
        ratios = f"patterns {times[2] / times[0]:.0f} x, models {times[3] / times[1]:.1f} x"
        yield f"| {size:,} characters | {shown} | {ratios} |"
    mail = [Text("subject", "Statement for February", Role.SUBJECT), Text("body", (MAIL * 2)[:2_000], Role.BODY)]
    clean = [_once(partial(engine.scan, mail)) * 1000 for _ in range(40)]
    yield f"\nA clean mail of 2 KB with everything on: p50 {statistics.median(clean):.1f} ms.\n"
    yield "| 5 MB of | seconds | 0.5 MB |\n|---|---|---|"
    for name, unit in HOSTILE.items():
        texts = [[Text("body", unit * (size // len(unit)), Role.BODY)] for size in (5_000_000, 500_000)]
        long, short = (_once(partial(patterns.scan, text)) for text in texts)
        yield f"| {name} | {long:.2f} | {short:.2f} |"
    yield f"\n{_memory()}\n"


def _milliseconds(run: Callable[[], object], repeat: int = 5) -> float:
    """Best of some runs, after one to warm up."""
    run()
    return min(_once(run) for _ in range(repeat)) * 1000


def _once(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def _presidio(*, ner: bool) -> Callable[[str], object]:
    """Presidio's AnalyzerEngine with its default recognisers; ``ner`` adds an untrained NER of the small CNN's size."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    nlp = spacy.blank("en")
    if ner:
        nlp.add_pipe("tok2vec")
        nlp.add_pipe("ner").add_label("PERSON")
        nlp.initialize()
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": nlp}
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    return lambda text: analyzer.analyze(text, language="en")


_MEMORY = """
import sys
from pathlib import Path
from dlp_gateway.detection.engine import load_engine
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.model import Role, Text
engine = load_engine([Path("detectors")], Tuning())
marks = []
for n in range(int(sys.argv[1])):
    subject = Text("subject", f"Statement {n} for Ann Lee", Role.SUBJECT)
    engine.scan([subject, Text("body", sys.argv[2] + f"Row {n * 7919} of Bo{n}", Role.BODY)])
    if n in (100, int(sys.argv[1]) - 1):
        # Not getrusage: its peak includes that of the process that started this one.
        peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        marks.append(int(peak.split()[1]) // 1024)
print(*marks)
"""


def _memory() -> str:
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(_FLAT), MAIL], cwd=ROOT, capture_output=True, text=True, check=True
    )
    early, late = done.stdout.split()
    return f"Memory of a process with engine and both models: {early} MB after 100 messages, {late} MB after {_FLAT:,}."
