"""The life of one SMTP session: admission, one command after another, time, the end.

aiosmtpd's ``_handle_client`` and its timer are replaced: they tell a client
the text of any exception, have no limits that add up over a session, let the
timer run on through DATA, and close without a word.
"""

from __future__ import annotations

import asyncio
import secrets
from enum import Enum

import structlog

from dlp_gateway.smtp.configuration import Listener, Network, is_in, parse_peer
from dlp_gateway.smtp.limits import IPAddress, client_key
from dlp_gateway.smtp.proxy import ProxyHeader, ProxyHeaderError, parse_proxy_header
from dlp_gateway.smtp.replies import RefusedError, Reply
from dlp_gateway.smtp.state import ServerState
from dlp_gateway.smtp.stream import HungUpError, Stream
from dlp_gateway.smtp.transaction import Transaction

log = structlog.get_logger()

_BEFORE_TLS = frozenset({"NOOP", "EHLO", "STARTTLS", "QUIT"})  # RFC 3207 section 4
# Browsers and misdirected proxies: what follows would be taken for commands (as Postfix's smtpd_forbidden_commands).
_OTHER_PROTOCOLS = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "PROXY"})
_PROXY_READ_BYTES = 16_384


class Phase(Enum):
    """What the session is waiting for."""

    COMMAND = "command"
    DATA = "data"
    HANDLER = "handler"


class Connection(Stream):
    """One client's session; the commands are in the subclass."""

    def __init__(self, state: ServerState, listener: Listener) -> None:
        self.state = state
        self.limits = state.settings.limits
        self.id = secrets.token_hex(4)
        self.host = ""
        self.helo = ""
        self.esmtp = False
        self.client_key = ""
        self.leaving = False
        self.transaction = Transaction()
        self._listener = listener
        self._source: IPAddress | None = None
        self._proxy: IPAddress | None = None
        self._admitted = False
        self._phase = Phase.COMMAND
        self._commands = 0
        self._errors = 0
        self._ended = False
        self._began_at = self._active_at = self._data_began_at = asyncio.get_running_loop().time()
        super().__init__(state.settings.hostname)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a session."""
        self.state.began(self)
        self.state.observer.connected()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End the session; a message being handled goes on."""
        if self._ended:
            return
        self._ended = True
        self.state.ended(self)
        self.state.observer.disconnected()
        if self._admitted:
            self.state.connections.leave(self.client_key)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        try:
            await self._admit()
            self.send(Reply(220, "", f"{self.state.settings.hostname} ESMTP dlp-gateway"))
            while not self.leaving:
                self._check_draining()
                await self._one_command()
            await self.flush()
        except HungUpError:
            pass
        except RefusedError as refused:
            self.hang_up(refused.reply, refused.limit)
        finally:
            self.close()

    # --- admission --------------------------------------------------------

    async def _admit(self) -> None:
        """Find out who the client is and whether there is room for it; begin implicit TLS."""
        self._check_draining()
        settings = self.state.settings
        if len(self.state.sessions) > self.limits.connections:
            reply = Reply(421, "4.3.2", f"Too many connections (limit connections: {self.limits.connections})")
            raise RefusedError(reply, hang_up=True, limit="connections")
        peer = parse_peer(str((self._writer.get_extra_info("peername") or ("",))[0]))
        self._source = peer
        if is_in(peer, settings.proxy_networks):
            # A proxy's own health check must not inherit the proxy's right to relay.
            self._proxy, self._source = peer, (await self._proxy_header()).source
            peer = self._source or peer
        self.host = str(peer) if peer is not None else ""
        self.client_key = client_key(peer)
        if not self.state.connections.enter(self.client_key):
            number = self.limits.connections_per_client
            text = f"Too many connections from your address (limit connections_per_client: {number})"
            raise RefusedError(Reply(421, "4.7.0", text), hang_up=True, limit="connections_per_client")
        self._admitted = True
        if self._listener.implicit_tls:
            await self.handshake()

    @property
    def in_relay_network(self) -> bool:
        """Whether the client may hand in mail without logging in, by the settings of now."""
        return self._belongs_to(self.state.settings.relay_networks)

    @property
    def may_normalise(self) -> bool:
        """Whether bare CR and LF of this client become CRLF, by the settings of now."""
        return self._belongs_to(self.state.settings.normalise_networks)

    def _belongs_to(self, networks: tuple[Network, ...]) -> bool:
        if self._proxy is not None and not is_in(self._proxy, self.state.settings.proxy_networks):
            return False  # who said where the client is, is not believed any more
        return is_in(self._source, networks)

    async def _proxy_header(self) -> ProxyHeader:
        data = b""
        try:
            async with asyncio.timeout(self.limits.handshake_seconds):
                while (header := parse_proxy_header(data)) is None:
                    data += await self.receive(_PROXY_READ_BYTES)
        except (ProxyHeaderError, TimeoutError) as error:
            log.warning("smtp proxy header missing or wrong", session=self.id, why=type(error).__name__)
            raise HungUpError from None
        self.return_input(data[header.size :])
        return header

    async def handshake(self) -> None:
        """Begin TLS with the certificate of now. Raises HungUpError."""
        certificate = self.state.certificate
        if certificate is None:
            raise HungUpError
        try:
            await self.start_tls(certificate.context, self.limits.handshake_seconds)
        except HungUpError:
            log.info("smtp handshake failed", session=self.id)
            raise
        self.sign_of_life()

    # --- commands ---------------------------------------------------------

    async def _one_command(self) -> None:
        try:
            line = await self.next_line(self.limits.command_bytes)
            self.sign_of_life()
            reply = await self._perform(line)
        except RefusedError as refused:
            if refused.hang_up:
                raise
            self._note_limit(refused.limit)
            reply = refused.reply
        except HungUpError:
            raise
        except Exception as error:  # noqa: BLE001 the one place where a fault of ours becomes a reply
            reply = self.fault(error)
            self.reset()
        if reply is None:
            return
        self.send(reply)
        if reply.code == 421:
            self.leaving = True
        elif reply.code >= 500:
            self._errors += 1
            if self._errors > self.limits.errors:
                raise self._over_limit("errors", f"Too many refused commands (limit errors: {self.limits.errors})")

    async def _perform(self, line: str) -> Reply | None:
        word, _, argument = line.partition(" ")
        command = word.upper() if word.isascii() else ""
        if self.loop.time() - self._began_at > self.limits.session_seconds:
            raise self._over_limit("session_seconds", "Session is too long (limit session_seconds); connect again")
        self._commands += 1
        if self._commands > self.limits.commands + self.limits.recipients:
            raise self._over_limit("commands", f"Too many commands (limit commands: {self.limits.commands})")
        if command in _OTHER_PROTOCOLS:
            raise RefusedError(Reply(421, "4.7.0", "This is SMTP; goodbye"), hang_up=True)
        method = self._smtp_methods.get(command)
        if method is None:
            return Reply(500, "5.5.1", "Command is not known here")
        tls = self.state.settings.tls
        if tls is not None and tls.required and self.tls is None and command not in _BEFORE_TLS:
            return Reply(530, "5.7.0", "TLS is required here: use STARTTLS first")
        reply: Reply | None = await method(argument.strip(" "))
        return reply

    def in_transaction(self) -> bool:
        """Tell whether a message is under way that a drain should let finish."""
        return self.transaction.begun

    def reset(self) -> None:
        """Give up the message under way."""
        self.transaction = Transaction()

    def _set_rset_state(self) -> None:
        self.reset()

    def begin_anew(self) -> None:
        """Forget commands and errors: a message was handed over, this client does its work."""
        self._commands = 0
        self._errors = 0

    def fault(self, error: Exception) -> Reply:
        """Log a fault of ours by its type and place; return the reply, which says nothing of it but the id."""
        incident = secrets.token_hex(6)
        log.error("smtp fault", session=self.id, incident=incident, exc_info=error)
        return Reply(451, "4.3.0", f"Internal error, please try again later [{incident}]")

    def _over_limit(self, limit: str, text: str) -> RefusedError:
        return RefusedError(Reply(421, "4.7.0", text), hang_up=True, limit=limit)

    def _note_limit(self, limit: str) -> None:
        if limit:
            self.state.observer.rejected(limit)
            log.warning("smtp limit", session=self.id, limit=limit)

    # --- time -------------------------------------------------------------

    def enter_phase(self, phase: Phase) -> None:
        """Say what is waited for now; the time limits depend on it."""
        self._phase = phase
        if phase is Phase.DATA:
            self._data_began_at = self.loop.time()
        self.sign_of_life()

    def sign_of_life(self) -> None:
        """Note that the client does something: the idle time begins anew."""
        self._reset_timeout()

    def _reset_timeout(self, duration: float | None = None) -> None:  # noqa: ARG002 aiosmtpd's signature
        self._active_at = self.loop.time()
        due = self._due()[0]
        handle = self._timeout_handle
        if handle is not None:
            if handle.when() <= due:  # rings early enough, and then looks again
                return
            handle.cancel()
        self._timeout_handle = self.loop.call_at(due, self._timeout_cb)

    def _due(self) -> tuple[float, str]:
        """Return when the session must end unless something happens, and the limit that ends it."""
        limits = self.limits
        if self._phase is Phase.HANDLER:  # handler_seconds is watched where the handler is called
            return self.loop.time() + limits.idle_seconds, ""
        idle = self._active_at + limits.idle_seconds
        if self._phase is Phase.DATA:
            return min((idle, "idle_seconds"), (self._data_began_at + limits.data_seconds, "data_seconds"))
        return min((idle, "idle_seconds"), (self._began_at + limits.session_seconds, "session_seconds"))

    def _timeout_cb(self) -> None:
        due, limit = self._due()
        if limit and due <= self.loop.time():
            self.hang_up(Reply(421, "4.4.2", f"Time is up (limit {limit}: {getattr(self.limits, limit):g})"), limit)
        else:
            self._timeout_handle = self.loop.call_at(due, self._timeout_cb)

    # --- the end ----------------------------------------------------------

    def _check_draining(self) -> None:
        if self.state.draining and not self.in_transaction():
            raise RefusedError(self._going_down(), hang_up=True)

    def _going_down(self) -> Reply:
        return Reply(421, "4.3.2", "Service is stopping, please connect again later")

    def retire(self) -> None:
        """End the session if nothing is at stake; else it ends by itself when its message is answered."""
        if self.handshaking or not self._admitted:
            self.abort()
        elif self.waiting and not self.in_transaction():
            self.hang_up(self._going_down())

    def hang_up(self, reply: Reply, limit: str = "") -> None:
        """Write a last reply and close."""
        self._note_limit(limit)
        if self.tls is not None or not self._listener.implicit_tls:  # nobody reads a reply in the middle of a handshake
            self.send(reply)
        self.close()
