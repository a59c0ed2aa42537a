"""The examples of packs, run through the engine: ``dlp-gateway detectors test`` and the unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.detection.engine import Engine
from dlp_gateway.model import Role, Text, Tier


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example of a recogniser: whether it had to match, and whether it did as it had to."""

    recogniser: str
    number: int
    must_match: bool
    passed: bool
    text: str = field(repr=False)


def run_examples(engine: Engine, names: frozenset[str] | None = None) -> Iterator[ExampleResult]:
    """Run the examples of all recognisers, or of those whose name or pack is in ``names``.

    A text that must match gives a finding of the recogniser's entity; one that must not gives none of this recogniser.
    Contact information is looked for in a Subject, because elsewhere it is only counted.
    """
    for recogniser in engine.recognisers:
        if names is not None and recogniser.name not in names and recogniser.pack not in names:
            continue
        for must_match, texts in ((True, recogniser.examples.match), (False, recogniser.examples.no_match)):
            for number, text in enumerate(texts, start=1):
                role = Role.SUBJECT if recogniser.tier is Tier.CONTACT else Role.BODY
                findings = engine.scan([Text("example", text, role)]).findings
                if must_match:
                    passed = any(finding.entity == recogniser.entity for finding in findings)
                else:
                    passed = all(finding.detector != recogniser.name for finding in findings)
                yield ExampleResult(recogniser.name, number, must_match, passed, text)
