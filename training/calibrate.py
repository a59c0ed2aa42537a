"""Calibration and thresholds of statement labels and names, from texts the model has not seen."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlp_gateway.detection import transformer
from dlp_gateway.detection.people import PERSONAL, WINDOW, PeopleModel, loudest
from dlp_gateway.detection.wordpiece import Pieces, WordPiece
from training import corpus
from training.corpus import Statement, Tagged
from training.examples import framed, statement_row
from training.fit import label_logits
from training.network import Encoder

log = logging.getLogger("calibrate")

# At most this share of the held-out hard negatives, and of plain business passages, may be flagged.
FALSE_FLAGS = 0.04
FALSE_FLAGS_PLAIN = 0.02
# F1 of held-out texts is flat around its best. Of the thresholds this close to it the lowest is taken: what is missed
# leaves the house, what is flagged for nothing is looked at by the DPO.
CLOSE = 0.005

# The threshold of personal details beside names: from 0.5 to 0.6 held-out Subjects lose nothing that is right.
DETAIL = 0.6

# The share of what the last answer rightly finds in held-out text that the first one must not have dismissed.
FIRST_RECALL = 0.995


def choose(
    encoder: Encoder, told: Sequence[Statement], plain: Sequence[Statement], tokenizer: WordPiece
) -> tuple[dict[str, tuple[float, float]], dict[str, float], list[Statement]]:
    """Fit score = sigmoid(scale * logit + shift), one scale for all labels; then one threshold for all scores.

    Returns:
        Scale and shift of each label; the thresholds, that of the first glance among them; the passages in which
        something is rightly found.
    """
    logits, first = label_logits(encoder, [statement_row(s, tokenizer) for s in told])
    targets = torch.tensor(
        [[float(label in s.labels) for label in corpus.LABELS] + [float(s.about_person)] for s in told]
    )
    scale, shift = _fit(logits, targets)
    scores = torch.sigmoid(logits * scale + shift)[:, :-1]
    plainly, first_plainly = label_logits(encoder, [statement_row(s, tokenizer) for s in plain])
    others = torch.sigmoid(plainly * scale + shift)[:, :-1]
    threshold = _threshold(scores, targets[:, :-1].bool(), others)
    found = ((scores >= threshold) & targets[:, :-1].bool()).any(dim=1)
    glance = float(np.quantile(first[found, :-1].max(dim=1).values.numpy(), 1 - FIRST_RECALL))
    passing = float((first_plainly[:, :-1].max(dim=1).values >= glance).float().mean())
    log.info("glance: %.3f of plain passages are read on", passing)
    calibration = {label: (round(float(scale), 4), round(float(shift[n]), 4)) for n, label in enumerate(corpus.OUTPUTS)}
    thresholds = dict.fromkeys(corpus.OUTPUTS, threshold) | {"glance:statement": round(glance, 3)}
    return calibration, thresholds, [s for s, right in zip(told, found.tolist(), strict=True) if right]


class _OpenGate:
    """Lets every text pass."""

    def details(self, subjects: Sequence[Pieces]) -> list[float]:
        """Return a logit above every threshold."""
        return [np.inf] * len(subjects)


@dataclass(slots=True)
class _Runtime:
    """The encoder as the runtime sees it; remembers what it has scored."""

    encoder: Encoder
    tokenizer: WordPiece
    manifest: transformer.Manifest
    known: dict[tuple[int, ...], tuple[transformer.Glance, NDArray[np.float32]]]
    name_gate: _OpenGate

    @torch.no_grad()
    def glance(self, pieces: Pieces, start: int, end: int) -> transformer.Glance:
        """Score the pieces ``start:end``; the states are the key of the last answer."""
        ids, shapes = framed(self.tokenizer, pieces, start, end)
        key = (*ids, *shapes)
        if key not in self.known:
            mask = torch.ones(1, len(ids), dtype=torch.bool)
            answers = self.encoder(torch.tensor([ids]), torch.tensor([shapes]), mask)
            first = transformer.Glance(
                answers.first_tags[0, 1:-1].numpy(), answers.first_labels[0].numpy(), np.array(key, dtype=np.float32)
            )
            self.known[key] = first, answers.tags[0, 1:-1].numpy()
        return self.known[key][0]

    def read(self, glance: transformer.Glance) -> tuple[NDArray[np.float32], None]:
        """Logits of the tags."""
        return self.known[tuple(map(int, glance.states))][1], None


def name_thresholds(
    encoder: Encoder, held: Sequence[Tagged], tokenizer: WordPiece
) -> tuple[dict[str, float], list[Tagged]]:
    """Set thresholds of names and details.

    Returns:
        The threshold of PERSON by F1 over exact spans, as the runtime finds them, DETAIL for other details, and the
        probability at the first glance from which on a text is read to the end; the texts in which something is
        rightly found.
    """
    runtime = _Runtime(encoder, tokenizer, _manifest(0.5), {}, _OpenGate())
    reached: dict[float, float] = {}
    for limit in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85):
        runtime.manifest = _manifest(limit)
        model = PeopleModel(cast("transformer.Encoder", runtime))
        right = found = true = 0
        for item in held:
            gold = {(start, end) for start, end, label in item.spans if label == "PERSON"}
            mine = {(mark.start, mark.end) for mark in model.mark([item.text])[0] if mark.label == "PERSON"}
            right, found, true = right + len(gold & mine), found + len(mine), true + len(gold)
        f1 = 2 * right / max(1, found + true)
        log.info("names from %.2f on: F1 %.3f, precision %.3f", limit, f1, right / max(1, found))
        reached[limit] = f1
    limit = _lowest(reached)
    runtime.manifest = _manifest(limit)
    glance, answered = _glance(runtime, held)
    return dict.fromkeys(corpus.ENTITIES, DETAIL) | {"PERSON": limit, "glance:name": glance}, answered


def _manifest(person: float) -> transformer.Manifest:
    given = dict.fromkeys(corpus.ENTITIES, DETAIL) | {"PERSON": person, "glance:name": 0.0}
    given |= {"gate:name": -np.inf, "gate:detail": -np.inf}
    return transformer.Manifest(Path(), "", tuple(corpus.TAGS), corpus.OUTPUTS, given, {}, {})


def _glance(runtime: _Runtime, held: Sequence[Tagged]) -> tuple[float, list[Tagged]]:
    """The probability at the first glance that nearly all texts have in which something is rightly found; those."""
    model = PeopleModel(cast("transformer.Encoder", runtime))
    wanted = [number for number, tag in enumerate(corpus.TAGS) if tag[2:] in PERSONAL]
    right: list[Tagged] = []
    found: list[float] = []
    others: list[float] = []
    for item in held:
        pieces = runtime.tokenizer.encode(item.text)
        if not 0 < len(pieces) <= WINDOW:
            continue
        loud = loudest(runtime.glance(pieces, 0, len(pieces)).tags, wanted)
        marked = any(mark.label in PERSONAL for mark in model.mark([item.text])[0])
        if marked and any(label in PERSONAL for _, _, label in item.spans):
            right.append(item)
            found.append(loud)
        elif item.personal is False:
            others.append(loud)
    limit = float(np.quantile(found, 1 - FIRST_RECALL))
    log.info("glance: %.3f of the Subjects without anything personal are read on", (np.array(others) >= limit).mean())
    return round(limit, 4), right


def _fit(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    scale = nn.Parameter(torch.ones(1))
    shift = nn.Parameter(torch.zeros(logits.shape[1]))
    optimizer = torch.optim.LBFGS([scale, shift], max_iter=100)

    def closure() -> Tensor:
        optimizer.zero_grad()
        entropy = nn.functional.binary_cross_entropy_with_logits(logits * scale + shift, targets, reduction="sum")
        loss = entropy + 5 * (shift**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return scale.detach(), shift.detach()


def _threshold(scores: Tensor, targets: Tensor, plain: Tensor) -> float:
    """The lowest of the thresholds that keep false flags rare and come close to the best micro-F1 of those."""
    nothing = ~targets.any(dim=1)
    reached: dict[float, float] = {}
    for step in range(20, 91):
        limit = step / 100
        found = scores >= limit
        flagged = float(found[nothing].any(dim=1).float().mean())
        ordinary = float((plain >= limit).any(dim=1).float().mean())
        f1 = float(2 * (found & targets).sum() / (found.sum() + targets.sum()))
        if step % 10 == 0:
            log.info("threshold %.2f: micro-F1 %.3f, false flags %.4f hard, %.4f plain", limit, f1, flagged, ordinary)
        if flagged <= FALSE_FLAGS and ordinary <= FALSE_FLAGS_PLAIN:
            reached[limit] = f1
    if not reached:
        raise SystemExit("no threshold keeps false flags rare: train longer, or look at what is flagged")
    chosen = _lowest(reached)
    log.info("threshold %.2f, micro-F1 %.3f", chosen, reached[chosen])
    return chosen


def _lowest(reached: dict[float, float]) -> float:
    """The lowest threshold whose F1 is close to the best."""
    return min(limit for limit, f1 in reached.items() if f1 >= max(reached.values()) - CLOSE)
