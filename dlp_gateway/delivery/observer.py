"""What delivery tells those who count: implemented by the metrics, wired by the application."""

from __future__ import annotations

from typing import Protocol

from dlp_gateway.model import Zone
from dlp_gateway.store.values import State


class Observer(Protocol):
    """Is called for every attempt; must be quick and must not raise."""

    def settled(self, zone: Zone, state: State) -> None:
        """One recipient's attempt ended in ``state``; failed and delivered are final."""
        ...

    def attempted(self, zone: Zone, seconds: float) -> None:
        """One message was tried at one destination, which took ``seconds``, waiting for a line included."""
        ...


class Unobserved:
    """Counts nothing."""

    def settled(self, zone: Zone, state: State) -> None:
        """Do nothing."""

    def attempted(self, zone: Zone, seconds: float) -> None:
        """Do nothing."""
