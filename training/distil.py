"""Teach the gate what the encoder finds, and set the gate's thresholds."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from dlp_gateway.detection.wordpiece import WordPiece
from training import corpus
from training.augment import vary_statement, vary_tagged
from training.corpus import Statement, Tagged
from training.examples import statement_row
from training.fit import label_logits
from training.gate import Example, Network, fit, score
from training.network import Encoder

if TYPE_CHECKING:
    from training.train import Data

log = logging.getLogger("distil")

# The share of true disclosures, and of true names, in held-out text that the gate must let through.
STATEMENT_RECALL = 0.99
NAME_RECALL = 0.99

# The encoder reads the shared corpora best; there it teaches, elsewhere the labels do.
_LENGTH = 400


def gate(
    data: Data, neutral: Sequence[Statement], tokenizer: WordPiece, state: dict[str, Tensor], *, seed: int
) -> tuple[Network, dict[str, float]]:
    """Train on four fifths to set the thresholds on the rest, then train on everything."""
    teacher = Encoder(len(corpus.TAGS), len(corpus.OUTPUTS))
    teacher.load_state_dict(state)
    teacher.eval()
    tagged = [*data.subjects, *data.names]

    def examples(statements: Sequence[Statement], texts: Sequence[Tagged]) -> list[Example]:
        rng = random.Random(seed)
        company = [s for s in statements if not s.labels]
        passages = [vary_statement(s, company, rng) for s in statements for _ in range(2)] + [*statements, *neutral]
        passages += [
            Statement(t.text[:_LENGTH], frozenset(), about_person=False) for t in texts if t.source != "subjects"
        ]
        made = _taught(passages, teacher, tokenizer)
        named = [vary_tagged(t, data.forms.names, rng) for t in texts] + [data.forms.make(rng) for _ in range(4000)]
        return made + [example for t in named if len((example := _named(t, tokenizer)).pieces)]

    part = fit(
        examples([s for n, s in enumerate(data.statements) if n % 5], [t for n, t in enumerate(tagged) if n % 5]),
        state["words.weight"],
        seed=seed,
    )
    thresholds = _thresholds(part, data.statements[::5], tagged[::5], tokenizer)
    return fit(examples(data.statements, tagged), state["words.weight"], seed=seed), thresholds


def _taught(passages: Sequence[Statement], teacher: Encoder, tokenizer: WordPiece) -> list[Example]:
    logits = label_logits(teacher, [statement_row(passage, tokenizer) for passage in passages])
    wanted = torch.sigmoid(logits[:, :-1].max(dim=1).values).tolist()
    made = []
    for passage, probability in zip(passages, wanted, strict=True):
        pieces = tokenizer.encode(passage.text)
        if len(pieces):
            made.append(Example(pieces, 1.0 if passage.labels else probability, None))
    return made


def _named(item: Tagged, tokenizer: WordPiece) -> Example:
    pieces = tokenizer.encode(item.text)
    persons = [(start, end) for start, end, label in item.spans if label == "PERSON"]
    inside = [
        float(any(low < end and start < high for low, high in persons))
        for start, end in zip(pieces.starts, pieces.ends, strict=True)
    ]
    return Example(pieces, None, inside)


def _thresholds(
    network: Network, statements: Sequence[Statement], tagged: Sequence[Tagged], tokenizer: WordPiece
) -> dict[str, float]:
    told = [Example(tokenizer.encode(s.text), None, None) for s in statements if s.labels]
    quiet = [Example(tokenizer.encode(s.text), None, None) for s in statements if not s.labels]
    heard, _ = score(network, told)
    unheard, _ = score(network, quiet)
    statement = float(np.quantile(heard, 1 - STATEMENT_RECALL))
    log.info("gate: %.3f of the passages that disclose nothing pass as well", (unheard >= statement).mean())
    examples = [_named(item, tokenizer) for item in tagged]
    _, logits = score(network, [e for e in examples if len(e.pieces)])
    peaks, others = [], []
    for example, scores in zip((e for e in examples if len(e.pieces)), logits, strict=True):
        inside = np.array(example.names) > 0
        (peaks if inside.any() else others).append(scores[inside].max() if inside.any() else scores.max())
    name = float(np.quantile(peaks, 1 - NAME_RECALL))
    log.info("gate: %.3f of the texts without a name pass as well", (np.array(others) >= name).mean())
    return {"gate:statement": round(statement, 3), "gate:name": round(name, 3)}
