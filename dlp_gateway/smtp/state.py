"""What the sessions of one server share, and the interface to whoever takes the messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from dlp_gateway.model import Envelope
from dlp_gateway.smtp.authentication import Authenticator
from dlp_gateway.smtp.configuration import ReceivingSettings
from dlp_gateway.smtp.limits import ConnectionCount, MemoryBudget, RateLimit
from dlp_gateway.smtp.observer import Observer
from dlp_gateway.smtp.replies import Reply
from dlp_gateway.smtp.tls import Certificate

if TYPE_CHECKING:
    from dlp_gateway.smtp.connection import Connection


class MessageHandler(Protocol):
    """Takes complete messages."""

    async def accept(self, envelope: Envelope, content: bytes) -> Reply:
        """Decide on a message, make it durable, and return the reply to its client.

        Runs in a task of its own: it is not cancelled when the client hangs
        up. An exception becomes 451 and nothing of it reaches the client.
        """
        ...


class ServerState:
    """Settings, counters and running work of one server; ``apply`` replaces the settings' part."""

    def __init__(
        self,
        settings: ReceivingSettings,
        handler: MessageHandler,
        observer: Observer,
        clock: Callable[[], float],
    ) -> None:
        self.handler = handler
        self.observer = observer
        self.clock = clock
        self.sessions: set[Connection] = set()
        self.handling: set[asyncio.Task[Reply]] = set()
        self.draining = False
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self.certificate: Certificate | None = None
        self.authenticator: Authenticator | None = None
        limits = settings.limits
        self.connections = ConnectionCount(limits.connections_per_client)
        self.memory = MemoryBudget(limits.data_in_memory_bytes)
        self.apply(settings, certificate=None, authenticator=None)

    def began(self, session: Connection) -> None:
        """Note a session."""
        self.sessions.add(session)
        self._changed()

    def ended(self, session: Connection) -> None:
        """Forget a session."""
        self.sessions.discard(session)
        self._changed()

    def handle(self, task: asyncio.Task[Reply]) -> None:
        """Note a message that is being handled, until it is."""
        self.handling.add(task)
        self._changed()
        task.add_done_callback(self._handled)

    def _handled(self, task: asyncio.Task[Reply]) -> None:
        self.handling.discard(task)
        self._changed()

    def _changed(self) -> None:
        if self.sessions or self.handling:
            self._at_rest.clear()
        else:
            self._at_rest.set()

    async def at_rest(self) -> None:
        """Return when there is no session and no message being handled."""
        await self._at_rest.wait()

    def apply(
        self, settings: ReceivingSettings, certificate: Certificate | None, authenticator: Authenticator | None
    ) -> None:
        """Take new settings with what was loaded for them.

        Sessions under way keep their limits of size and time; who may send is asked anew for each message.
        """
        if self.authenticator is not None:
            self.authenticator.close()
        self.settings = settings
        self.certificate = certificate
        self.authenticator = authenticator
        limits = settings.limits
        self.connections.per_client = limits.connections_per_client
        self.memory.limit = limits.data_in_memory_bytes
        self.client_messages = RateLimit(limits.messages_per_minute, 60, self.clock)
        self.user_messages = RateLimit(limits.messages_per_minute_per_user, 60, self.clock)
        window = limits.authentication_window_seconds
        self.login_failures = RateLimit(limits.authentication_failures, window, self.clock)
