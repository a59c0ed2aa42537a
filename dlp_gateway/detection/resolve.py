"""One stretch of text, one finding: which of overlapping candidates is reported."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from dlp_gateway.detection.scoring import Scored
from dlp_gateway.model import Tier

_BEYOND = 1 << 62


def best(candidates: Iterable[Scored]) -> list[Scored]:
    """Where candidates overlap, keep one: what is more than contact first, then the best score, then the longest."""
    ranked = sorted(
        candidates,
        key=lambda s: (s.recogniser.tier is Tier.CONTACT, -s.score, s.start - s.end, s.start, s.recogniser.name),
    )
    taken: list[tuple[int, int]] = []
    kept = []
    for scored in ranked:
        index = bisect_right(taken, (scored.start, _BEYOND))
        free_before = index == 0 or taken[index - 1][1] <= scored.start
        free_behind = index == len(taken) or taken[index][0] >= scored.end
        if free_before and free_behind:
            taken.insert(index, (scored.start, scored.end))
            kept.append(scored)
    kept.sort(key=lambda s: s.start)
    return kept
