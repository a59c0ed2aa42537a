"""Teach the gate what the encoder finds, and set the gate's thresholds."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from dlp_gateway.detection.passages import passages
from dlp_gateway.detection.sentences import Sentences
from dlp_gateway.detection.statements import WINDOW
from dlp_gateway.detection.wordpiece import Pieces, WordPiece
from training.augment import vary_statement, vary_tagged
from training.corpus import Statement, Tagged
from training.examples import statement_row
from training.fit import label_logits
from training.gate import GAP, Example, Network, fit, score
from training.network import Encoder

if TYPE_CHECKING:
    from training.train import Data

log = logging.getLogger("distil")

# The share of the passages in which the encoder is right, and of true names, in held-out text that the gate must let
# through.
STATEMENT_RECALL = 0.995
NAME_RECALL = 0.99

# Corpora of prose that are not known to disclose nothing.
_PROSE = frozenset({"gum-news", "gum-interview", "gum-court", "btc-a", "btc-b", "btc-f"})


def gate(data: Data, neutral: Sequence[Statement], tokenizer: WordPiece, encoder: Encoder, *, seed: int) -> Network:
    """Train the gate: on disclosures by their labels, on other text by what the encoder makes of it, on names."""
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
    tagged += [data.forms.make(rng) for _ in range(4000)]
    examples = _taught(told, encoder, tokenizer)
    examples += [example for item in tagged if len((example := _named(item, tokenizer)).pieces)]
    return fit(examples, encoder.words.weight.detach(), seed=seed)


def _taught(passages: Sequence[Statement], teacher: Encoder, tokenizer: WordPiece) -> list[Example]:
    logits, _ = label_logits(teacher, [statement_row(passage, tokenizer) for passage in passages])
    wanted = torch.sigmoid(logits[:, :-1].max(dim=1).values).tolist()
    made = []
    for passage, probability in zip(passages, wanted, strict=True):
        pieces = parted(passage.text, tokenizer)
        if len(pieces):
            made.append(Example(pieces, 1.0 if passage.labels else probability, None))
    return made


def parted(passage: str, tokenizer: WordPiece) -> Pieces:
    """The pieces of the sentences of a passage, as the gate gets them, with gaps between."""
    sentences = Sentences(tokenizer)
    ids: list[int] = []
    shapes: list[int] = []
    for window in sentences.windows(passage, WINDOW):
        for number in window.sentences:
            ids += [*sentences.pieces[number].ids, GAP]
            shapes += [*sentences.pieces[number].shapes, 0]
    return Pieces(ids[:-1], shapes[:-1], (), ())


def _named(item: Tagged, tokenizer: WordPiece) -> Example:
    pieces = tokenizer.encode(item.text)
    persons = [(start, end) for start, end, label in item.spans if label == "PERSON"]
    inside = [
        float(any(low < end and start < high for low, high in persons))
        for start, end in zip(pieces.starts, pieces.ends, strict=True)
    ]
    return Example(pieces, None, inside)


def thresholds(network: Network, held: Data, found: Sequence[Statement], tokenizer: WordPiece) -> dict[str, float]:
    """Set the gate's thresholds on text it has not seen; ``found`` are the passages in which the encoder is right."""
    statements, tagged = held.statements, held.subjects + held.names
    told = [Example(parted(s.text, tokenizer), None, None) for s in found]
    quiet = [Example(parted(s.text, tokenizer), None, None) for s in statements if not s.labels]
    heard, _ = score(network, told)
    unheard, _ = score(network, quiet)
    statement = float(np.quantile(heard, 1 - STATEMENT_RECALL))
    log.info("gate: %.3f of the passages that disclose nothing pass as well", (unheard >= statement).mean())
    examples = [_named(item, tokenizer) for item in tagged]
    _, logits = score(network, [e for e in examples if len(e.pieces)])
    peaks: list[float] = []
    others: list[float] = []
    for example, scores in zip((e for e in examples if len(e.pieces)), logits, strict=True):
        inside = np.array(example.names) > 0
        (peaks if inside.any() else others).append(scores[inside].max() if inside.any() else scores.max())
    name = float(np.quantile(peaks, 1 - NAME_RECALL))
    log.info("gate: %.3f of the texts without a name pass as well", (np.array(others) >= name).mean())
    return {"gate:statement": round(statement, 3), "gate:name": round(name, 3)}
