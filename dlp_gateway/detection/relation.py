"""Who a candidate is about: recognisers may ask for a person near by, or for a person as the owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dlp_gateway.detection import ownership
from dlp_gateway.detection.normalise import Normalised
from dlp_gateway.detection.scoring import Scored
from dlp_gateway.detection.values import People, PersonSpan

# Characters of text before and behind a candidate that are searched for a name.
BEFORE, BEHIND = 240, 120
# Bytes between a name and what stands beside it: "Marcus Bell (46)".
BESIDE = 4


def check(text: str, normalised: Normalised, scored: Sequence[Scored], people: People) -> list[Scored]:
    """Return the candidates; those that lack the person they ask for, or belong to a company, no longer stand."""
    asking = [i for i, s in enumerate(scored) if s.stands and _asks(s, normalised.data)]
    if not asking:
        return list(scored)
    names = _names(text, normalised, [scored[i] for i in asking], people)
    checked = list(scored)
    for index in asking:
        checked[index] = _judge(scored[index], normalised.data, names)
    return checked


def _asks(scored: Scored, data: bytes) -> bool:
    recogniser = scored.recogniser
    return recogniser.person != "unneeded" or (
        recogniser.owner == "person" and ownership.of_a_company(data, scored.start, scored.end)
    )


def _names(text: str, normalised: Normalised, asking: Sequence[Scored], people: People) -> list[PersonSpan]:
    """Find names around the candidates; return their byte spans."""
    windows: list[tuple[int, int]] = []
    for scored in asking:
        start, end = normalised.span(scored.start, scored.end)
        low, high = max(0, start - BEFORE), min(len(text), end + BEHIND)
        if windows and low <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(high, windows[-1][1]))
        else:
            windows.append((low, high))
    found = people.find([text[low:high] for low, high in windows])
    names = []
    for (low, _), spans in zip(windows, found, strict=True):
        for span in spans:
            start, end = normalised.bytes_of(low + span.start, low + span.end)
            names.append(PersonSpan(start, end, span.score))
    return names


def _judge(scored: Scored, data: bytes, names: Sequence[PersonSpan]) -> Scored:
    recogniser = scored.recogniser
    if recogniser.person == "beside":
        close = any(0 <= scored.start - name.end <= BESIDE for name in names)
    elif recogniser.person == "row":
        low = data.rfind(b"\n", max(0, scored.start - BEFORE), scored.start)
        high = data.find(b"\n", scored.end, scored.end + BEFORE)
        close = any(name.start > low and (high < 0 or name.end <= high) for name in names)
    else:
        close = any(name.start < scored.end + BEHIND and name.end > scored.start - BEFORE for name in names)
    if recogniser.person != "unneeded" and not close:
        return replace(scored, stands=False, sank=(*scored.sank, "no person near by"))
    if recogniser.owner == "person" and ownership.of_a_company(data, scored.start, scored.end, names):
        return replace(scored, stands=False, sank=(*scored.sank, "belongs to a company"))
    return scored
