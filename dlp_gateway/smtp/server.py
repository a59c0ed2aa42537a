"""The SMTP server: listeners, start, reload, drain, stop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import structlog

from dlp_gateway.smtp.authentication import Authenticator, check_organisation_senders, load_users
from dlp_gateway.smtp.configuration import Listener, ReceivingSettings
from dlp_gateway.smtp.observer import NoObserver, Observer
from dlp_gateway.smtp.protocol import Protocol
from dlp_gateway.smtp.state import MessageHandler, ServerState
from dlp_gateway.smtp.tls import Certificate, load_certificate

log = structlog.get_logger()

_BACKLOG = 512


class SmtpServer:
    """Receives mail on every listener and hands it to ``handler``.

    ``clock`` gives seconds that never go back; rates are counted by it.
    """

    def __init__(
        self,
        settings: ReceivingSettings,
        handler: MessageHandler,
        *,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = ServerState(settings, handler, observer or NoObserver(), clock)
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        """Load certificate and users, and listen.

        Raises CertificateError, UsersFileError, or OSError when an address
        cannot be listened on; then nothing listens.
        """
        # aiosmtpd logs commands, and so addresses, in code that is replaced here: this holds after an upgrade too.
        for name in ("mail.log", "mail.debug"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        settings = self._state.settings
        self._state.apply(settings, *_load(settings))
        try:
            for listener in settings.listeners:
                self._servers.append(await self._listen(listener))
        except OSError:
            await self.stop()
            raise
        log.info("smtp listening", ports=self.ports)

    @property
    def ports(self) -> tuple[int, ...]:
        """The port of each listener, in their order; empty before ``start``."""
        return tuple(server.sockets[0].getsockname()[1] for server in self._servers if server.sockets)

    @property
    def sessions(self) -> int:
        """Sessions at this moment."""
        return len(self._state.sessions)

    @property
    def certificate_expires_at(self) -> float | None:
        """When the certificate in use ends, in seconds since the epoch; None without TLS."""
        certificate = self._state.certificate
        return certificate.expires_at if certificate else None

    def reload(self, settings: ReceivingSettings) -> None:
        """Go on with new settings, certificate and users; no session is dropped.

        Sessions under way keep their limits of size and time; for each of
        their messages the new settings and users say whether they may send it.
        Raises CertificateError, UsersFileError, OSError, or ValueError when the
        listeners differ (that needs a restart); then nothing changed.
        """
        if settings.listeners != self._state.settings.listeners:
            raise ValueError("other addresses to listen on need a restart of the gateway")
        self._state.apply(settings, *_load(settings))
        log.info("smtp settings reloaded", sessions=self.sessions)

    async def drain(self, seconds: float) -> bool:
        """Stop listening, let every session finish its message, then say 421 to it.

        Returns whether everything ended within ``seconds``; what did not is
        left as it is, for ``stop``.
        """
        self._state.draining = True
        self._close_listeners()
        for session in tuple(self._state.sessions):
            session.retire()
        try:
            async with asyncio.timeout(seconds):
                await self._state.at_rest()
        except TimeoutError:
            log.warning("smtp drain incomplete", sessions=self.sessions, messages=len(self._state.handling))
            return False
        return True

    async def stop(self) -> None:
        """End at once: sessions are cut, messages not yet answered are given up and stay with their clients."""
        self._state.draining = True
        self._close_listeners()
        for session in tuple(self._state.sessions):
            session.abort()
        handling = tuple(self._state.handling)
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)
        await self._state.at_rest()
        if self._state.authenticator is not None:
            self._state.authenticator.close()
        self._servers.clear()

    async def _listen(self, listener: Listener) -> asyncio.Server:
        def connect() -> Protocol:
            return Protocol(self._state, listener)

        loop = asyncio.get_running_loop()
        return await loop.create_server(connect, listener.host, listener.port, backlog=_BACKLOG)

    def _close_listeners(self) -> None:
        for server in self._servers:
            server.close()


def _load(settings: ReceivingSettings) -> tuple[Certificate | None, Authenticator | None]:
    """Read the files the settings name."""
    certificate = load_certificate(settings.tls.certificate, settings.tls.key) if settings.tls else None
    if settings.users is None:
        return certificate, None
    users = load_users(settings.users)
    check_organisation_senders(users, settings.organisation_domains)
    return certificate, Authenticator(users, waiting=settings.limits.authentications_waiting)
