"""What can go wrong in the store, told apart by what the sender has to hear."""

from __future__ import annotations

from pathlib import PurePath


class StoreError(Exception):
    """Nothing of what was asked became true. The text names no personal data."""


class StoreInvalidError(StoreError):
    """The values handed in contradict each other or what is stored; trying again will not help."""


class StoreFullError(StoreError):
    """No room is left for another message: 452 4.3.1."""


class StoreUnavailableError(StoreError):
    """The database cannot be written now (locked, read-only, lost): 451 4.3.0."""


def describe(error: BaseException) -> str:
    """What went wrong and where in the code, without the text of the exception: that may repeat a value."""
    place = error.__traceback__
    if place is None:
        return type(error).__name__
    while place.tb_next is not None:
        place = place.tb_next
    code = place.tb_frame.f_code
    return f"{type(error).__name__} in {PurePath(code.co_filename).name}, line {place.tb_lineno}"
