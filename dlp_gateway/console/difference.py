"""Two texts, line by line: what was taken out, what was added, and a little of what stayed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

_AROUND = 3  # unchanged lines shown about a change


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison; ``how`` is ``same``, ``removed``, ``added`` or ``left-out``.

    ``old`` and ``new`` are its numbers in the two texts, None where it is not.
    Of ``left-out`` lines there are ``count``, in both texts the same.
    """

    how: str
    text: str = ""
    old: int | None = None
    new: int | None = None
    count: int = 0


def difference(old: str, new: str) -> list[Line]:
    """The lines that differ with those about them; empty when the texts are the same."""
    before, after = old.splitlines(), new.splitlines()
    return list(_lines(before, after))


def _lines(before: list[str], after: list[str]) -> Iterator[Line]:
    shown = 0  # lines of the old text that were dealt with
    groups = list(difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_AROUND))
    for group in groups:
        if group[0][1] > shown:
            yield Line("left-out", count=group[0][1] - shown)
        for tag, old, old_end, new, new_end in group:
            if tag == "equal":
                yield from (Line("same", before[old + n], old + n + 1, new + n + 1) for n in range(old_end - old))
            else:
                yield from (Line("removed", before[n], old=n + 1) for n in range(old, old_end))
                yield from (Line("added", after[n], new=n + 1) for n in range(new, new_end))
        shown = group[-1][2]
    if groups and shown < len(before):
        yield Line("left-out", count=len(before) - shown)
