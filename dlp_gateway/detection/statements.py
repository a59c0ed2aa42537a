"""Tells what a passage discloses about an identifiable person."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlp_gateway.detection.memo import Memo
from dlp_gateway.detection.sentences import Sentences
from dlp_gateway.detection.transformer import Encoder
from dlp_gateway.detection.wordpiece import Pieces

WINDOW = 160
"""Pieces that are read as one; the model was trained on passages of up to so many."""

MEMO = 20_000  # passages; about 4 MB, as nearly all of them say nothing


class StatementModel:
    """Scores passages for the special categories and ordinary attributes of people.

    ``labels`` are the categories, ``thresholds`` the score from which on each
    counts as found. Besides them a passage has the score ``about_person``:
    that an identifiable person is its subject.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._memo: Memo[dict[str, float]] = Memo(MEMO)
        manifest = encoder.manifest
        self._gate_threshold = manifest.thresholds["gate:statement"]
        self._glance_threshold = manifest.thresholds["glance:statement"]
        self._disclosing = [n for n, label in enumerate(manifest.labels) if label != "about_person"]
        self.labels = tuple(label for label in manifest.labels if label != "about_person")
        self.thresholds: Mapping[str, float] = {label: manifest.thresholds[label] for label in self.labels}

    @classmethod
    def load(cls, directory: Path, encoder: Encoder | None = None) -> StatementModel:
        """Load the model of a directory; ``encoder`` shares one that is loaded already.

        Raises:
            ModelError: something is missing, damaged or of another version.
        """
        return cls(encoder or Encoder.load(directory))

    def classify(self, passages: Sequence[str]) -> list[dict[str, float]]:
        """Return for each passage the calibrated score (0..1) of every label and of ``about_person``.

        The dictionary is empty when the gate, or a first glance, already knows that there is nothing.
        A passage of more than WINDOW pieces is scored in parts; the highest score of each label counts.
        """
        known = [self._memo.get(passage) for passage in passages]
        fresh = [number for number, scores in enumerate(known) if scores is None]
        sentences = Sentences(self._encoder.tokenizer)
        windows = [(number, window) for number in fresh for window in sentences.windows(passages[number], WINDOW)]
        logits = self._encoder.statement_gate.logits(sentences.pieces, [window.sentences for _, window in windows])
        told: dict[int, dict[str, float]] = {number: {} for number in fresh}
        for (number, window), logit in zip(windows, logits, strict=True):
            if logit >= self._gate_threshold:
                self._score(sentences.join(window), told[number])
        for number, scores in told.items():
            self._memo.put(passages[number], scores)
            known[number] = scores
        return [dict(scores or {}) for scores in known]

    def _score(self, window: Pieces, scores: dict[str, float]) -> None:
        """Raise ``scores`` to what the window says."""
        glance = self._encoder.glance(window, 0, len(window))
        if glance.labels[self._disclosing].max() < self._glance_threshold:
            return
        manifest = self._encoder.manifest
        _, logits = self._encoder.read(glance)
        for label, logit in zip(manifest.labels, logits.tolist(), strict=True):
            scale, shift = manifest.calibration[label]
            score = 1 / (1 + math.exp(-max(-30.0, min(30.0, scale * logit + shift))))
            scores[label] = max(round(score, 4), scores.get(label, 0.0))
