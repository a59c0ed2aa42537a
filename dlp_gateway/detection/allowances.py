"""Values that somebody answers for: allowed for an entity, towards some zones, until a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import re2

from dlp_gateway.detection.scoring import Scored
from dlp_gateway.detection.tuning import Allowance
from dlp_gateway.model import Zone


class Allowances:
    """The allow-list of detection.yaml."""

    def __init__(self, allowances: Sequence[Allowance]) -> None:
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        self._rules = [(a, re2.compile(a.value, options)) for a in allowances]

    def judge(self, scored: Scored, data: bytes, today: dt.date) -> Scored:
        """Return the candidate, no longer standing where an allowance for every zone covers its value."""
        if not self._rules or not scored.stands:
            return scored
        value = data[scored.start : scored.end]
        zones = {
            zone
            for allowance, regex in self._rules
            if today <= allowance.until
            and allowance.entity in (scored.recogniser.entity, scored.recogniser.name)
            and regex.fullmatch(value)
            for zone in allowance.zones
        }
        if not zones:
            return scored
        if zones == set(Zone):
            return replace(scored, stands=False, sank=(*scored.sank, "allow-list"))
        return replace(scored, allowed=tuple(sorted(zones)), sank=(*scored.sank, "allow-list for some zones"))
