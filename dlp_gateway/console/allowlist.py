"""The allow-list of ``detection.yaml`` as pages show it: who answers for an entry and until when, never its value.

A value on the list may be somebody's number.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from dlp_gateway.detection.tuning import Allowance
from dlp_gateway.model import Zone

SOON = dt.timedelta(days=30)
_VALUE = re.compile(r"""(\bvalue["']?[ \t]*:[ \t]*)("(?:[^"\\]|\\.)*"|'[^']*'|[^,}\r\n#]+)""")
_HIDDEN = "(not shown)"


@dataclass(frozen=True, slots=True)
class Allowed:
    """An entry without its value; ``left`` are the days it still holds, negative when it has ended."""

    entity: str
    owner: str
    reason: str
    until: dt.date
    zones: tuple[str, ...]
    left: int

    @property
    def standing(self) -> str:
        """``ended``, ``soon`` or ``holds``."""
        return standing(self.left)


def standing(left: int) -> str:
    """How something stands that ends in so many days: ``ended``, ``soon`` or ``holds``."""
    return "ended" if left < 0 else "soon" if left <= SOON.days else "holds"


def allowed(entries: Iterable[Allowance], now: float) -> list[Allowed]:
    """The entries, the one that ends first in front."""
    today = dt.datetime.fromtimestamp(now, dt.UTC).date()
    everywhere = frozenset(Zone)
    return [
        Allowed(
            one.entity,
            one.owner,
            one.reason,
            one.until,
            () if one.zones == everywhere else tuple(sorted(one.zones)),
            (one.until - today).days,
        )
        for one in sorted(entries, key=lambda one: one.until)
    ]


def without_values(detection: str) -> str:
    """The text of ``detection.yaml`` with the values of its allow-list taken out, line by line."""
    return _VALUE.sub(rf"\g<1>{_HIDDEN}", detection)
