"""How much mail there was no room for, and how long it is to stay away because of that."""

from __future__ import annotations


class Crowding:
    """Counts deliveries that were turned away untried, and tells by how much their pause is to be stretched.

    Up to ``most`` of them in ``seconds``, their first pause, come back after
    just that. More are spread out, so that so many come back in that time:
    enough to keep next hops busy that had no room for them, and no more work
    than that for the queue, however much waits.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._window = 0.0
        self._before = 0
        self._count = 0

    def stretch(self, now: float) -> float:
        """Count a delivery turned away ``now``; return the factor, at least 1, for its pause."""
        window, part = divmod(now, self._seconds)
        if window != self._window:
            self._before = self._count if window == self._window + 1 else 0
            self._window, self._count = window, 0
        self._count += 1
        lately = self._before * (1 - part / self._seconds) + self._count
        return max(1.0, lately / self._most)
