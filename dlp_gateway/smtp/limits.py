"""Limits of receiving, and the counters behind them.

Each field of ``ReceivingLimits`` has a reply that names it. Counters are in
memory only and belong to one server; time comes from the caller.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields

from dlp_gateway.smtp.addresses import PATH_BYTES

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

SMALL = 16
"""A message is small in memory when it is at most one part in so many of what is free."""


@dataclass(frozen=True, slots=True)
class ReceivingLimits:
    """Every limit of a session, a client and the server; all must be greater than zero.

    What each is for is said where it is set, in ``settings`` (and so in docs/settings.md).
    """

    connections: int = 500
    connections_per_client: int = 100
    messages_per_minute: int = 60_000
    messages_per_minute_per_user: int = 120
    recipients: int = 1_000
    commands: int = 200
    errors: int = 20
    command_bytes: int = 2_048
    path_bytes: int = PATH_BYTES
    authentication_line_bytes: int = 12_288
    message_bytes: int = 52_428_800
    discarded_bytes: int = 8_388_608
    header_bytes: int = 262_144
    line_bytes: int = 1_048_576
    received_fields: int = 100
    own_received_fields: int = 3
    data_in_memory_bytes: int = 201_326_592
    idle_seconds: float = 300.0
    data_seconds: float = 1_800.0
    session_seconds: float = 3_600.0
    handler_seconds: float = 300.0
    handshake_seconds: float = 30.0
    authentication_failures: int = 10
    authentication_window_seconds: float = 600.0
    authentications_waiting: int = 32

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"limit {field.name} must be greater than zero")


def client_key(address: IPAddress | None) -> str:
    """Return what a client is counted by: an IPv4 address, or the /64 of an IPv6 address.

    A host has a whole /64 to choose its addresses from (RFC 4291 section
    2.5.1).
    """
    if isinstance(address, ipaddress.IPv6Address):
        return f"{ipaddress.IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)


class RateLimit:
    """At most ``events`` for a key in each window of ``seconds``.

    Windows are fixed, so that there may be twice as many around the change
    of a window; memory is one entry for each key seen in the present window.
    """

    def __init__(self, events: int, seconds: float, clock: Callable[[], float]) -> None:
        self._events = events
        self._seconds = seconds
        self._clock = clock
        self._window = -1
        self._counts: Counter[str] = Counter()

    def count(self, key: str) -> None:
        """Count one event."""
        self._roll()
        self._counts[key] += 1

    def reached(self, key: str) -> bool:
        """Tell whether the key has had its events."""
        self._roll()
        return self._counts[key] >= self._events

    def _roll(self) -> None:
        window = int(self._clock() // self._seconds)
        if window != self._window:
            self._window = window
            self._counts.clear()


class ConnectionCount:
    """Sessions at once of each client."""

    def __init__(self, per_client: int) -> None:
        self.per_client = per_client
        self._counts: Counter[str] = Counter()

    def enter(self, key: str) -> bool:
        """Count a session in; False, and not counted, when the client has its number."""
        if self._counts[key] >= self.per_client:
            return False
        self._counts[key] += 1
        return True

    def leave(self, key: str) -> None:
        """Count a session out that ``enter`` counted in."""
        self._counts[key] -= 1
        if self._counts[key] <= 0:
            del self._counts[key]


class MemoryBudget:
    """Octets that may be held at once over all sessions.

    A client may hold at most three times what is left free then: alone it gets
    three quarters, and however many hold what they can, something is left for
    the next. Its only message may be as large as what is free all the same,
    and more of its messages are taken while they are small beside that.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._held: Counter[str] = Counter()

    def fits(self, size: int, client: str, message: int = 0) -> bool:
        """Tell whether ``client`` could hold ``size`` more octets now, for a message that holds ``message`` already."""
        free = self.limit - self.used - size
        held = self._held.get(client, 0)
        return free >= 0 and (held == message or held + size <= 3 * free or (message + size) * SMALL <= free)

    def reservation(self, client: str) -> Reservation:
        """Return a reservation of nothing yet."""
        return Reservation(self, client)

    def hold(self, more: int, client: str) -> None:
        """Note that ``client`` holds so many octets more, or less, than before."""
        self.used += more
        self._held[client] += more
        if not self._held[client]:
            del self._held[client]


class Reservation:
    """One message's share of a ``MemoryBudget``."""

    def __init__(self, budget: MemoryBudget, client: str) -> None:
        self._budget = budget
        self._client = client
        self.size = 0

    def resize(self, size: int) -> bool:
        """Hold ``size`` octets from now on; False, and nothing changed, when they do not fit."""
        more = size - self.size
        if more > 0 and not self._budget.fits(more, self._client, self.size):
            return False
        self._budget.hold(more, self._client)
        self.size = size
        return True

    def release(self) -> None:
        """Hold nothing; may be called again."""
        self.resize(0)
