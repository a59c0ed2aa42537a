"""Speed and memory of detection, in one run beside Presidio's analyzer on the same text."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from benchmarks import prose
from benchmarks.systems import ROOT
from dlp_gateway.detection.engine import Engine, load_engine
from dlp_gateway.detection.tuning import ModelChoice, Tuning
from dlp_gateway.model import Role, Text

# Characters of a text, and how many texts of that length are read: all different, so nothing is remembered.
SIZES = {200: 400, 1_000: 100, 10_000: 20, 100_000: 4}
HOSTILE = {"a": "a", "digits": "1", "a@": "a@", "spaces": " "}
_FLAT = 3_000


def section(engine: Engine) -> Iterator[str]:
    """Yield the part of accuracy.md about speed."""
    patterns = load_engine([ROOT / "detectors"], Tuning(models=ModelChoice(people="none", statements="none")))
    yield "## Speed, processor time on one core\n"
    yield "| text | patterns | with both models | Presidio, no language model | Presidio with a spaCy NER | ratios |"
    yield "|---|---|---|---|---|---|"
    runs = (partial(_scan, patterns), partial(_scan, engine), _presidio(ner=False), _presidio(ner=True))
    chance = random.Random(31)
    for run in runs:
        # A worker lives for thousands of messages: what it learns of patterns and words in the first ones is no cost.
        _milliseconds(run, [_text(chance, 1_000) for _ in range(1_000)])
    for size, count in SIZES.items():
        texts = [_text(chance, size) for _ in range(count)]
        times = [_milliseconds(run, texts) for run in runs]
        shown = " | ".join(f"{t:.3g} ms" for t in times)
        ratios = f"patterns {times[2] / times[0]:.0f} x, models {times[3] / times[1]:.1f} x"
        yield f"| {size:,} characters | {shown} | {ratios} |"
    mail = [
        [Text("subject", prose.subject(chance), Role.SUBJECT), Text("body", prose.letter(chance, 2_000), Role.BODY)]
        for _ in range(200)
    ]
    clean = [_once(partial(engine.scan, one)) * 1000 for one in mail]
    yield f"\nA clean mail of 2 KB with everything on: p50 {statistics.median(clean):.1f} ms.\n"
    yield "| 5 MB of | seconds | 0.5 MB |\n|---|---|---|"
    for name, unit in HOSTILE.items():
        hostile = [unit * (size // len(unit)) for size in (5_000_000, 500_000)]
        long, short = (_once(partial(_scan, patterns, text)) for text in hostile)
        yield f"| {name} | {long:.2f} | {short:.2f} |"
    yield f"\n{_memory()}\n"


def _text(chance: random.Random, size: int) -> str:
    """A piece of a letter of exactly ``size`` characters, which may begin and end anywhere."""
    start = chance.randrange(400)
    return prose.letter(chance, size + 800)[start : start + size]


def _scan(engine: Engine, text: str) -> object:
    return engine.scan([Text("body", text, Role.BODY)])


def _milliseconds(run: Callable[[str], object], texts: Sequence[str]) -> float:
    """Return the mean over the texts."""
    return statistics.mean(_once(partial(run, text)) * 1000 for text in texts)


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
        nlp.add_pipe("ner").add_label("PERSON")  # type: ignore[attr-defined]
        nlp.initialize()
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": nlp}  # type: ignore[assignment]
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    return lambda text: analyzer.analyze(text, language="en")


_MEMORY = """
import random
import sys
from pathlib import Path
from benchmarks import prose
from dlp_gateway.detection.engine import load_engine
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.model import Role, Text
engine = load_engine([Path("detectors")], Tuning())
marks = []
chance = random.Random(5)
for n in range(int(sys.argv[1])):
    subject = Text("subject", prose.subject(chance), Role.SUBJECT)
    engine.scan([subject, Text("body", prose.letter(chance, 2000), Role.BODY)])
    if n in (100, int(sys.argv[1]) - 1):
        # Not getrusage: its peak includes that of the process that started this one.
        peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        marks.append(int(peak.split()[1]) // 1024)
print(*marks)
"""


def _memory() -> str:
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(_FLAT)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    early, late = done.stdout.split()
    return f"Memory of a process with engine and both models: {early} MB after 100 messages, {late} MB after {_FLAT:,}."


def main() -> None:
    """Print the tables."""
    print("\n".join(section(load_engine([ROOT / "detectors"], Tuning()))))


if __name__ == "__main__":
    main()
