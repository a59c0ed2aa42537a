"""Teach the gates what the encoder finds, and set their thresholds."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from dlp_gateway.detection.gates import StatementGate
from dlp_gateway.detection.passages import passages
from dlp_gateway.detection.people import PERSONAL
from dlp_gateway.detection.sentences import Sentences
from dlp_gateway.detection.statements import WINDOW
from dlp_gateway.detection.wordpiece import Codes, Pieces, WordPiece
from training import gate, short
from training.augment import vary_statement, vary_tagged
from training.corpus import Statement, Tagged
from training.examples import statement_row
from training.fit import label_logits
from training.gate import (
    GAP,
    Line,
    NameNetwork,
    Passage,
    StatementNetwork,
    fit,
    likeliest,
)
from training.network import Encoder

if TYPE_CHECKING:
    from training.train import Data

log = logging.getLogger("distil")

# The share of the passages and Subjects in which the encoder is right, and of true names, in held-out text that the
# gates must let through.
STATEMENT_RECALL = 0.998
NAME_RECALL = 0.99
DETAIL_RECALL = 0.995

# Corpora of prose that are not known to disclose nothing.
_PROSE = frozenset({"gum-news", "gum-interview", "gum-court", "btc-a", "btc-b", "btc-f"})
# Of the texts of public corpora, the share that an epoch of the gate for names has; and how many Subjects are made of
# lists for it.
_READ, _LINES, _FORMS = 0.3, 12_000, 1000
# Of single sentences: how many come from passages that disclose something, how many from others, how many of them all
# are put between others; from when on one is telling or quiet; characters of those that stand around it.
_PARTS, _OTHERS, _AMONG = 16_000, 8000, 16_000
_MIXED = 4000  # passages of sentences of business mail
_TELLING, _QUIET = 0.5, 0.2
_SHORT = 140


def statements(
    data: Data, neutral: Sequence[Statement], tokenizer: WordPiece, encoder: Encoder, *, seed: int
) -> StatementNetwork:
    """Train the gate for disclosures: on their labels, on other text by what the encoder makes of it, on names."""
    rng = random.Random(seed)
    company = [s for s in data.statements if not s.labels] + list(neutral)
    told = [vary_statement(s, company, rng) for s in data.statements] + [*data.statements, *neutral]
    told += [
        Statement(passage.text, frozenset(), about_person=False)
        for item in data.names
        if item.source in _PROSE
        for passage in passages(item.text)
    ]
    tagged = [vary_tagged(item, data.forms.names, rng) for item in data.subjects + data.names]
    tagged += [data.forms.make(rng) for _ in range(4 * _FORMS)]
    lines = [line for item in tagged if len((line := _line(item, tokenizer)).pieces)]
    brief = _brief(data, neutral, tokenizer, encoder, rng)
    examples: list[Passage | Line] = [*_taught(told, encoder, tokenizer), *brief, *brief, *lines]
    network = StatementNetwork(encoder.words.weight.detach())
    fit(network, network.loss, lambda _: examples, seed=seed, epochs=6)
    return network


def names(data: Data, tokenizer: WordPiece, encoder: Encoder, *, seed: int) -> NameNetwork:
    """Train the gate for names and personal details: on fresh variations of Subjects and prose."""

    def examples(rng: random.Random) -> list[Line]:
        items = [data.forms.swap_things(item, rng, 0.15) for item in data.subjects]
        items += [item for item in data.names if rng.random() < _READ]
        items = [vary_tagged(item, data.forms.names, rng) for item in items]
        items += [data.forms.line(rng) for _ in range(_LINES)] + [data.forms.make(rng) for _ in range(_FORMS)]
        return [line for item in items if len((line := _line(item, tokenizer)).pieces)]

    network = NameNetwork(encoder.words.weight.detach())
    fit(network, network.loss, examples, seed=seed, epochs=10)
    return network


def _taught(passages: Sequence[Statement], teacher: Encoder, tokenizer: WordPiece) -> list[Passage]:
    wanted = _judged([passage.text for passage in passages], teacher, tokenizer)
    told = ((s.text, 1.0 if s.labels else probability) for s, probability in zip(passages, wanted, strict=True))
    return _examples(told, tokenizer)


def _brief(
    data: Data, neutral: Sequence[Statement], tokenizer: WordPiece, teacher: Encoder, rng: random.Random
) -> list[Passage]:
    """Short sentences as the encoder judges them, and what it judges of each where it stands between others."""
    said = short.said(data.forms, rng)
    parts = short.sentences([s for s in data.statements if s.labels])
    others = [text for text in short.sentences([*neutral, *data.statements]) if len(text) < _SHORT]
    parts, others = (rng.sample(texts, min(most, len(texts))) for texts, most in ((parts, _PARTS), (others, _OTHERS)))
    alone = list(dict.fromkeys([*said, *parts, *others]))
    judged = dict(zip(alone, _judged(alone, teacher, tokenizer), strict=True))
    plain = short.business(data.forms, rng)
    plain += short.mixed(plain, _MIXED, rng)
    quiet = [text for text in others if judged[text] < _QUIET]
    core = [*said, *(text for text in parts if judged[text] > _TELLING)]
    picked = rng.choices(core, k=_AMONG)
    placed = zip(short.among(picked, quiet, rng), [judged[text] for text in picked], strict=True)
    told = [*judged.items(), *placed, *zip(plain, _judged(plain, teacher, tokenizer), strict=True)]
    return _examples(told, tokenizer)


def _judged(texts: Sequence[str], teacher: Encoder, tokenizer: WordPiece) -> list[float]:
    """Return how probable the encoder holds it that each text discloses anything."""
    rows = [statement_row(Statement(text, frozenset(), about_person=False), tokenizer) for text in texts]
    logits, _ = label_logits(teacher, rows)
    probabilities: list[float] = torch.sigmoid(logits[:, :-1].max(dim=1).values).tolist()
    return probabilities


def _examples(texts: Iterable[tuple[str, float]], tokenizer: WordPiece) -> list[Passage]:
    made = (Passage(parted(text, tokenizer), probability) for text, probability in texts)
    return [example for example in made if len(example.pieces)]


def parted(passage: str, tokenizer: WordPiece) -> Pieces:
    """The pieces of the sentences of a passage, as the gate gets them, with gaps between."""
    sentences = Sentences(tokenizer)
    gap = np.array([GAP], np.int32)
    parts: list[Codes] = []
    for window in sentences.windows(passage, WINDOW):
        for number in window.sentences:
            parts += [sentences.pieces[number].codes, gap]
    return Pieces(np.concatenate(parts)[:-1])


def _line(item: Tagged, tokenizer: WordPiece) -> Line:
    pieces = tokenizer.encode(item.text)
    everything_marked = item.known.issuperset(PERSONAL)
    details = _inside(item, pieces, frozenset(PERSONAL)) if everything_marked else None
    return Line(pieces, _inside(item, pieces, frozenset({"PERSON"})), details)


def _inside(item: Tagged, pieces: Pieces, labels: frozenset[str]) -> list[float]:
    """For each piece whether it is part of a span with one of the labels."""
    spans = [(start, end) for start, end, label in item.spans if label in labels]
    return [
        float(any(low < end and start < high for low, high in spans))
        for start, end in zip(pieces.starts, pieces.ends, strict=True)
    ]


def statement_threshold(
    network: StatementNetwork, held: Sequence[Statement], found: Sequence[Statement], tokenizer: WordPiece
) -> dict[str, float]:
    """Set the threshold on text the gate has not seen; ``found`` are the passages in which the encoder is right."""
    runtime = StatementGate(gate.packed(network))
    heard = _heard(runtime, [s.text for s in found], tokenizer)
    unheard = _heard(runtime, [s.text for s in held if not s.labels], tokenizer)
    threshold = float(np.quantile(heard, 1 - STATEMENT_RECALL))
    log.info("gate: %.3f of the passages that disclose nothing pass as well", (unheard >= threshold).mean())
    return {"gate:statement": round(threshold, 3)}


def _heard(runtime: StatementGate, texts: Sequence[str], tokenizer: WordPiece) -> NDArray[np.float64]:
    """What the gate as the gateway runs it makes of each text: its likeliest window, or sentence of one."""
    heard = []
    for text in texts:
        sentences = Sentences(tokenizer)
        windows = [window.sentences for window in sentences.windows(text, WINDOW)]
        heard.append(max(runtime.logits(sentences.pieces, windows)))
    return np.array(heard)


def name_thresholds(
    network: NameNetwork, held: Data, found: Sequence[Tagged], tokenizer: WordPiece
) -> dict[str, float]:
    """Set the thresholds for names, and for personal details of Subjects, on text the gate has not seen.

    ``found`` are the texts in which the encoder is right.
    """

    def highest(items: Sequence[Tagged]) -> tuple[list[float], list[float]]:
        return likeliest(network, [pieces for item in items if len(pieces := tokenizer.encode(item.text))])

    texts = held.subjects + held.names
    names, _ = highest([item for item in texts if item.named])
    others, _ = highest([item for item in texts if not item.named])
    _, details = highest([item for item in found if item.personal])
    _, harmless = highest([item for item in held.subjects if not item.personal])
    thresholds: dict[str, float] = {}
    for key, wanted, unwanted, recall in (
        ("gate:name", names, others, NAME_RECALL),
        ("gate:detail", details, harmless, DETAIL_RECALL),
    ):
        thresholds[key] = round(float(np.quantile(wanted, 1 - recall)), 3)
        log.info("%s: %.3f of the other texts pass as well", key, (np.array(unwanted) >= thresholds[key]).mean())
    return thresholds
