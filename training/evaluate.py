"""Figures of the shipped models on the development sets: ``python -m training.evaluate --data DIR``.

Everything goes through the runtime code and the int8 model, as the gateway does.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from dlp_gateway.detection.people import PeopleModel
from dlp_gateway.detection.statements import StatementModel
from dlp_gateway.detection.transformer import Encoder
from training import corpus

OWN = Path(__file__).parent / "data"
MODELS = Path(__file__).parents[1] / "detectors" / "models"


def f1(right: int, found: int, true: int) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean."""
    precision, recall = right / max(1, found), right / max(1, true)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def shown(counts: Counter[str]) -> str:
    """Figures of counts named right, found and true."""
    return "P {:.3f} R {:.3f} F1 {:.3f}".format(*f1(counts["right"], counts["found"], counts["true"]))


def touching(spans: Iterable[tuple[int, int]], others: Sequence[tuple[int, int]]) -> int:
    """How many of ``spans`` overlap one of ``others``."""
    return sum(any(start < e and s < end for s, e in others) for start, end in spans)


def people(model: PeopleModel, items: Sequence[corpus.Tagged]) -> None:
    """Names: exact spans, and spans that touch a true one, by source."""
    exact: dict[str, Counter[str]] = defaultdict(Counter)
    for item, spans in zip(items, model.find([item.text for item in items]), strict=True):
        gold = [(s, e) for s, e, label in item.spans if label == "PERSON"]
        found = [(span.start, span.end) for span in spans]
        for name in (item.source, "ALL"):
            exact[name].update(
                right=len(set(gold) & set(found)),
                found=len(found),
                true=len(gold),
                touched=touching(gold, found),
                sound=touching(found, gold),
            )
    print(f"{'names':24} {'true':>5} | exact P     R     F1   | touch P     R     F1")
    for name, c in sorted(exact.items()):
        a = f1(c["right"], c["found"], c["true"])
        precision, recall = c["sound"] / max(1, c["found"]), c["touched"] / max(1, c["true"])
        b = 2 * precision * recall / max(1e-9, precision + recall)
        print(f"{name:24} {c['true']:5} | {a[0]:.3f} {a[1]:.3f} {a[2]:.3f} | {precision:.3f} {recall:.3f} {b:.3f}")


def subjects(model: PeopleModel, items: Sequence[corpus.Tagged]) -> None:
    """Whether a subject line holds personal information, by the model alone; then by label."""
    spans = model.mark([item.text for item in items])
    counts = Counter[str]()
    by_label: dict[str, Counter[str]] = defaultdict(Counter)
    for item, marks in zip(items, spans, strict=True):
        found = [mark for mark in marks if mark.label in corpus.PERSONAL]
        counts.update(right=bool(found and item.personal), found=bool(found), true=bool(item.personal))
        for label in corpus.PERSONAL:
            gold = {(s, e) for s, e, n in item.spans if n == label}
            mine = {(s.start, s.end) for s in found if s.label == label}
            by_label[label].update(
                right=len(gold & mine), found=len(mine), true=len(gold), touched=touching(gold, [*mine])
            )
    print("subjects personal:", shown(counts))
    for label, c in by_label.items():
        print(f"  {label:12} exact {shown(c)} touched {c['touched']} of {c['true']}")


def statements(model: StatementModel, items: Sequence[corpus.Statement]) -> None:
    """Labels of passages: micro-F1, recall by label, hard negatives flagged."""
    total, by_label = Counter[str](), defaultdict[str, Counter[str]](Counter)
    flags: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for item, scores in zip(items, model.classify([item.text for item in items]), strict=True):
        found = {label for label in model.labels if scores.get(label, 0) >= model.thresholds[label]}
        for label in model.labels:
            c = Counter(right=label in found and label in item.labels, found=label in found, true=label in item.labels)
            by_label[label].update(c)
            total.update(c)
        kind = "disclosure" if item.labels else "about a person" if item.about_person else "hard negative"
        flags[kind][0] += bool(found)
        flags[kind][1] += 1
    print("statements micro:", shown(total))
    for kind, (flagged, of) in flags.items():
        print(f"  {kind}: flagged {flagged} of {of} = {flagged / of:.3f}")
    for label, c in by_label.items():
        print(f"  {label:18} {shown(c)} of {c['true']}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=MODELS)
    args = parser.parse_args()
    encoder = Encoder.load(args.models)
    model = PeopleModel.load(args.models, encoder)
    began = time.perf_counter()
    people(model, corpus.names(args.data / "ner/dev.jsonl.gz"))
    subjects(model, corpus.subjects(OWN / "subjects/dev.jsonl"))
    statements(StatementModel.load(args.models, encoder), corpus.statements(OWN / "statements/dev.jsonl"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{time.perf_counter() - began:.1f} s, peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
