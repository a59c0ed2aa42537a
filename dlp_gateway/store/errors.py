"""What can go wrong in the store, told apart by what the sender has to hear."""

from __future__ import annotations


class StoreError(Exception):
    """Nothing of what was asked became true. The text names no personal data."""


class StoreInvalidError(StoreError):
    """The values handed in contradict each other or what is stored; trying again will not help."""


class StoreFullError(StoreError):
    """No room is left for another message: 452 4.3.1."""


class StoreUnavailableError(StoreError):
    """The database cannot be written now (locked, read-only, lost): 451 4.3.0."""
