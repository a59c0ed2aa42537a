"""How well the gateway judges: ``python -m benchmarks.accuracy [--corpus DIR] [--data DIR]``.

Writes ``benchmarks/accuracy.md``. ``--corpus`` is a directory of labelled messages with an ``index.jsonl``; ``--data``
holds the name corpora and real business mail that cannot be part of the project. Figures that need them are left out
when they are not given.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks import numbers, speed
from benchmarks.judging import ROOT, Case, Judge, blind_cases, corpus_cases
from dlp_gateway.detection.engine import Engine
from dlp_gateway.detection.people import PeopleModel
from dlp_gateway.detection.statements import StatementModel
from dlp_gateway.detection.transformer import Encoder
from dlp_gateway.model import Role, Text, Tier
from training import corpus, evaluate

NOT_PERSONAL = ("JOB_TITLE", "ORGANISATION")
OUTPUT = ROOT / "benchmarks" / "accuracy.md"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--no-speed", action="store_true")
    given = parser.parse_args()
    judge = Judge()
    engine = judge.inspector.engine
    parts = [
        "# Accuracy\n",
        f"Made by `make accuracy` on {platform.machine()}, CPython {platform.python_version()}.\n",
        *_judged("Blind messages (tests/data/blind)", judge, blind_cases()),
    ]
    if given.corpus:
        parts += _judged("Labelled messages", judge, corpus_cases(given.corpus))
    parts += _numbers(engine)
    parts += _passages(engine)
    parts += _models(given.data)
    if given.data:
        parts += _real_mail(engine, given.data / "ner" / "ham-dev.jsonl.gz")
    if not given.no_speed:
        parts += speed.section(engine)
    OUTPUT.write_text("\n".join(parts) + "\n", encoding="utf-8")
    print(f"written to {OUTPUT.relative_to(ROOT)}")


def _judged(title: str, judge: Judge, cases: Iterable[Case]) -> Iterator[str]:
    """Judge the cases; a table by category, then the wrong ones by name."""
    counts: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    for case in cases:
        judged = judge.judge(case)
        for name in (case.category, "all, hard" if case.hard else "all but hard"):
            count = counts.setdefault(name, Counter())
            count["n"] += 1
            count["stop"] += judged.caught is not None
            count["caught"] += judged.caught is True
            count["deliver"] += not all(case.stops.values())
            count["false"] += judged.false_stop
        if judged.caught is False:
            wrong.append(f"missed {case.id}")
        if judged.false_stop:
            wrong.append(f"stopped {case.id} ({', '.join(judged.rules)})")
    yield f"## {title}\n"
    yield "| category | messages | to stop | caught | to deliver | stopped wrongly |\n|---|---|---|---|---|---|"
    for name in sorted(counts, key=lambda n: (n.startswith("all"), n)):
        c = counts[name]
        yield (
            f"| {name} | {c['n']} | {c['stop']} | {_share(c['caught'], c['stop'])} "
            f"| {c['deliver']} | {_share(c['false'], c['deliver'])} |"
        )
    yield f"\nWrong: {'; '.join(wrong) or 'none'}.\n"


def _numbers(engine: Engine) -> Iterator[str]:
    yield "## Numbers\n"
    yield "| texts | stopped | by |\n|---|---|---|"
    for title, texts in (
        ("10,000 business mails with a random number of 8 to 17 digits", numbers.nobodys(10_000)),
        ("1,000 mails with a full signature", numbers.signatures(1_000)),
    ):
        stopped, by = _stopped(engine, texts)
        yield f"| {title} | {stopped} | {_listed(by)} |"
    missed = [one for one in numbers.identifiers(500) if not _stopped(engine, [one.text])[0]]
    kinds = Counter(f"{one.kind}, {one.form}" for one in missed)
    yield f"\n500 true identifiers in prose, tables, forms and odd separators: {500 - len(missed)} found."
    yield f"Missed: {_listed(kinds)}.\n"


def _stopped(engine: Engine, texts: Iterable[str]) -> tuple[int, Counter[str]]:
    """Count the texts with anything beyond contact information, and what it was."""
    stopped, by = 0, Counter[str]()
    for text in texts:
        found = {
            f.detector for f in engine.scan([Text("body", text, Role.BODY)]).findings if f.tier is not Tier.CONTACT
        }
        stopped += bool(found)
        by.update(found)
    return stopped, by


def _passages(engine: Engine) -> Iterator[str]:
    """Judge the development sets of Subjects and of statements by the whole engine."""
    own = ROOT / "training" / "data"
    counts: Counter[str] = Counter()
    for line in corpus.subjects(own / "subjects" / "dev.jsonl"):
        found = engine.scan([Text("subject", line.text, Role.SUBJECT)], subject_only=True).findings
        personal = any(f.entity not in NOT_PERSONAL for f in found)
        counts.update(right=personal and bool(line.personal), found=personal, true=bool(line.personal))
    told: Counter[str] = Counter()
    for item in corpus.statements(own / "statements" / "dev.jsonl"):
        kind = "disclosures" if item.labels else "talk about a person" if item.about_person else "hard negatives"
        told[kind] += 1
        told[f"{kind}, stopped"] += _stopped(engine, [item.text])[0]
    yield "## Development sets of Subjects and statements, by the whole engine\n"
    yield f"Subjects that hold personal information: {evaluate.shown(counts)}.\n"
    yield "| passages | number | stopped |\n|---|---|---|"
    for kind in ("disclosures", "hard negatives", "talk about a person"):
        yield f"| {kind} | {told[kind]} | {_share(told[f'{kind}, stopped'], told[kind])} |"
    yield ""


def _models(data: Path | None) -> Iterator[str]:
    """Give the figures of the models alone, as ``python -m training.evaluate`` prints them."""
    own = ROOT / "training" / "data"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        encoder = Encoder.load(evaluate.MODELS)
        people = PeopleModel.load(evaluate.MODELS, encoder)
        if data:
            evaluate.people(people, corpus.names(data / "ner" / "dev.jsonl.gz"))
        evaluate.subjects(people, corpus.subjects(own / "subjects" / "dev.jsonl"))
        statements = StatementModel.load(evaluate.MODELS, encoder)
        evaluate.statements(statements, corpus.statements(own / "statements" / "dev.jsonl"))
    yield "## The models alone\n"
    yield f"```\n{printed.getvalue().rstrip()}\n```\n"


def _real_mail(engine: Engine, path: Path) -> Iterator[str]:
    """Tell what share of real business mail to outsiders would be stopped, and by what."""
    total = stopped = subjects = 0
    by: Counter[str] = Counter()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            mail = json.loads(line)
            total += 1
            found = engine.scan(
                [Text("subject", mail["subject"], Role.SUBJECT), Text("body", mail["body"], Role.BODY)]
            ).findings
            entities = {f.entity for f in found if f.role is Role.BODY and f.tier is not Tier.CONTACT}
            stopped += bool(entities)
            by.update(entities)
            subjects += any(f.role is Role.SUBJECT and f.entity not in NOT_PERSONAL for f in found)
    yield "## Real business mail (unlabelled)\n"
    yield f"{total} messages: {_share(stopped, total)} with something beyond contact information in the body, "
    yield f"{_share(subjects, total)} with a name or other detail in the Subject. By entity: {_listed(by)}.\n"


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.1f} %)" if whole else "-" if not part else str(part)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.most_common()) or "nothing"


if __name__ == "__main__":
    main()
