"""Calibration and threshold of the statement labels, from passages the model has not seen."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dlp_gateway.detection.wordpiece import WordPiece
from training import corpus
from training.corpus import Statement
from training.examples import statement_row
from training.fit import label_logits
from training.network import Encoder

log = logging.getLogger("calibrate")

# At most this share of the held-out hard negatives, and of plain business passages, may be flagged.
FALSE_FLAGS = 0.025
FALSE_FLAGS_PLAIN = 0.004
NAME_THRESHOLD = 0.5


def choose(
    encoder: Encoder, told: Sequence[Statement], plain: Sequence[Statement], tokenizer: WordPiece
) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """Fit score = sigmoid(scale * logit + shift), one scale for all labels; then one threshold for all scores."""
    logits = label_logits(encoder, [statement_row(s, tokenizer) for s in told])
    targets = torch.tensor(
        [[float(label in s.labels) for label in corpus.LABELS] + [float(s.about_person)] for s in told]
    )
    scale, shift = _fit(logits, targets)
    scores = torch.sigmoid(logits * scale + shift)[:, :-1]
    others = torch.sigmoid(label_logits(encoder, [statement_row(s, tokenizer) for s in plain]) * scale + shift)[:, :-1]
    threshold = _threshold(scores, targets[:, :-1].bool(), others)
    calibration = {label: (round(float(scale), 4), round(float(shift[n]), 4)) for n, label in enumerate(corpus.OUTPUTS)}
    return calibration, dict.fromkeys(corpus.OUTPUTS, threshold) | dict.fromkeys(corpus.ENTITIES, NAME_THRESHOLD)


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
    """The threshold with the best micro-F1 among those that keep false flags rare."""
    nothing = ~targets.any(dim=1)
    best = (0.0, 0.8)
    for step in range(20, 91):
        limit = step / 100
        found = scores >= limit
        flagged = float(found[nothing].any(dim=1).float().mean())
        ordinary = float((plain >= limit).any(dim=1).float().mean())
        f1 = float(2 * (found & targets).sum() / (found.sum() + targets.sum()))
        if step % 10 == 0:
            log.info("threshold %.2f: micro-F1 %.3f, false flags %.4f hard, %.4f plain", limit, f1, flagged, ordinary)
        if flagged <= FALSE_FLAGS and ordinary <= FALSE_FLAGS_PLAIN and f1 > best[0]:
            best = (f1, limit)
    log.info("threshold %.2f, micro-F1 %.3f", best[1], best[0])
    return best[1]
