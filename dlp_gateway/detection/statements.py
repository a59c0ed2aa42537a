"""Tells what a passage discloses about an identifiable person."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlp_gateway.detection.memo import Memo
from dlp_gateway.detection.transformer import MAX_PIECES, Encoder
from dlp_gateway.detection.wordpiece import Pieces

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

        The dictionary is empty when the gate already knows that there is nothing.
        A passage beyond the encoder's length is scored in pieces; the highest
        score of each label counts.
        """
        known = [self._memo.get(passage) for passage in passages]
        fresh = [number for number, scores in enumerate(known) if scores is None]
        pieces = [self._encoder.tokenizer.encode_unplaced(passages[number]) for number in fresh]
        readings = self._encoder.gate.read(pieces)
        for number, read, reading in zip(fresh, pieces, readings, strict=True):
            scores = self._scores(read) if reading.statement >= self._gate_threshold else {}
            self._memo.put(passages[number], scores)
            known[number] = scores
        return [dict(scores or {}) for scores in known]

    def _scores(self, pieces: Pieces) -> dict[str, float]:
        scores: dict[str, float] = {}
        manifest = self._encoder.manifest
        for start in range(0, len(pieces), MAX_PIECES):
            _, logits = self._encoder.run(pieces, start, min(start + MAX_PIECES, len(pieces)))
            for label, logit in zip(manifest.labels, logits.tolist(), strict=True):
                scale, shift = manifest.calibration[label]
                score = 1 / (1 + math.exp(-max(-30.0, min(30.0, scale * logit + shift))))
                scores[label] = max(round(score, 4), scores.get(label, 0.0))
        return scores
