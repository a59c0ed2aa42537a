"""What can be counted about receiving; the application attaches its metrics here."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Told of events as they happen, on the event loop: methods must return at once."""

    def connected(self) -> None:
        """A session began."""

    def disconnected(self) -> None:
        """A session ended."""

    def rejected(self, limit: str) -> None:
        """A client reached a limit; ``limit`` is a field of ``ReceivingLimits``."""

    def authenticated(self, *, success: bool, user: str, client: str) -> None:
        """A password was verified; ``user`` is the account's name, "" when there is none of the name that was given.

        ``client`` is the IP address.
        """

    def answered(self, code: int, size: int, seconds: float) -> None:
        """A message of ``size`` octets got its reply ``seconds`` after its end."""


class NoObserver:
    """Counts nothing."""

    def connected(self) -> None:
        """Do nothing."""

    def disconnected(self) -> None:
        """Do nothing."""

    def rejected(self, limit: str) -> None:
        """Do nothing."""

    def authenticated(self, *, success: bool, user: str, client: str) -> None:
        """Do nothing."""

    def answered(self, code: int, size: int, seconds: float) -> None:
        """Do nothing."""
