"""The SMTP commands (RFC 5321), with who may relay, AUTH (RFC 4954) and the hand-over of messages.

Each command returns its reply or raises ``RefusedError``. What aiosmtpd 1.4.6
does itself in these places is replaced: it decodes encoded words in addresses,
refuses DSN parameters, upper-cases parameters, reads DATA without bound,
verifies passwords on the event loop, and cancels the handler on a hang-up.
"""

from __future__ import annotations

import structlog

from dlp_gateway.model import Address, Client, Recipient
from dlp_gateway.policy.zones import carries_route, within
from dlp_gateway.smtp import intake
from dlp_gateway.smtp.addresses import (
    AddressError,
    PathRole,
    parse_path,
    require_ascii,
)
from dlp_gateway.smtp.authentication import User
from dlp_gateway.smtp.connection import Connection, Phase
from dlp_gateway.smtp.parameters import parse_mail_parameters, parse_recipient_parameters
from dlp_gateway.smtp.replies import RefusedError, Reply
from dlp_gateway.smtp.sasl import MECHANISMS, exchange

log = structlog.get_logger()

_OK = Reply(250, "2.0.0", "OK")
_SENDER_OK = Reply(250, "2.1.0", "Sender OK")
_RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
_GO_AHEAD = Reply(354, "", "End data with <CR><LF>.<CR><LF>")


class Protocol(Connection):
    """A connection that speaks SMTP."""

    user: User | None = None

    # --- greeting and small commands --------------------------------------

    async def smtp_HELO(self, argument: str) -> Reply | None:  # noqa: N802 aiosmtpd finds commands by name
        """RFC 5321 section 4.1.1.1."""
        self._greeted(argument, extended=False)
        return Reply(250, "", self.state.settings.hostname)

    async def smtp_EHLO(self, argument: str) -> Reply | None:  # noqa: N802
        """RFC 5321 section 4.1.1.1; announces only what is honoured."""
        self._greeted(argument, extended=True)
        lines = [
            self.state.settings.hostname,
            f"SIZE {self.limits.message_bytes}",
            "PIPELINING",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "DSN",
        ]
        if self.state.certificate is not None and self.tls is None:
            lines.append("STARTTLS")
        if self.state.authenticator is not None and self.tls is not None:
            lines.append(f"AUTH {' '.join(MECHANISMS)}")
        self.send_lines([*lines, "HELP"])
        return None

    def _greeted(self, argument: str, *, extended: bool) -> None:
        if not argument or not argument.isascii() or not argument.isprintable() or len(argument) > 255:
            raise RefusedError(Reply(501, "5.5.4", "Say HELO or EHLO with the name of your host"))
        self.reset()
        self.helo = argument
        self.esmtp = extended

    async def smtp_STARTTLS(self, argument: str) -> Reply | None:  # noqa: N802
        """RFC 3207."""
        if argument:
            return Reply(501, "5.5.4", "STARTTLS takes no argument")
        if self.tls is not None:
            return Reply(503, "5.5.1", "TLS is already on")
        if self.state.certificate is None:
            return Reply(502, "5.5.1", "TLS is not available here")
        self.send(Reply(220, "2.0.0", "Ready to start TLS"))
        await self.handshake()
        # RFC 3207 section 4.2: nothing that was said in the clear counts any more.
        self.reset()
        self.helo, self.esmtp = "", False
        return None

    async def smtp_RSET(self, argument: str) -> Reply | None:  # noqa: N802
        """RFC 5321 section 4.1.1.5."""
        if argument:
            return Reply(501, "5.5.4", "RSET takes no argument")
        self.reset()
        return _OK

    async def smtp_NOOP(self, argument: str) -> Reply | None:  # noqa: ARG002, N802
        """RFC 5321 section 4.1.1.9."""
        return _OK

    async def smtp_QUIT(self, argument: str) -> Reply | None:  # noqa: N802
        """RFC 5321 section 4.1.1.10."""
        if argument:
            return Reply(501, "5.5.4", "QUIT takes no argument")
        self.leaving = True
        return Reply(221, "2.0.0", "Bye")

    async def smtp_VRFY(self, argument: str) -> Reply | None:  # noqa: ARG002, N802
        """RFC 5321 section 7.3: says nothing about who exists."""
        return Reply(252, "2.0.0", "Not verified here; send the message")

    async def smtp_EXPN(self, argument: str) -> Reply | None:  # noqa: ARG002, N802
        """RFC 5321 section 7.3."""
        return Reply(502, "5.5.1", "Lists are not expanded here")

    async def smtp_HELP(self, argument: str) -> Reply | None:  # noqa: ARG002, N802
        """RFC 5321 section 4.1.1.8."""
        return Reply(214, "2.0.0", "HELO EHLO STARTTLS AUTH MAIL RCPT DATA RSET NOOP QUIT VRFY HELP (RFC 5321)")

    # --- MAIL and RCPT ----------------------------------------------------

    async def smtp_MAIL(self, argument: str) -> Reply | None:  # noqa: N802
        """RFC 5321 section 4.1.1.2."""
        if not self.helo:
            return Reply(503, "5.5.1", "Say HELO or EHLO first")
        if self.transaction.begun:
            return Reply(503, "5.5.1", "A message is under way already; RSET gives it up")
        sender, text = parse_path(_after("FROM:", argument), PathRole.SENDER, self.limits.path_bytes)
        self._needs_ehlo(text)
        parameters = parse_mail_parameters(text)
        if not parameters.smtputf8:
            require_ascii(sender)
        if parameters.size > self.limits.message_bytes:
            raise intake.too_big(self.limits)
        self._may_send(sender)
        if not self.state.memory.fits(parameters.size, self.client_key):
            raise intake.no_memory(self.state.memory.limit)
        self._count_message()
        self.transaction.begin(sender, parameters)
        return _SENDER_OK

    async def smtp_RCPT(self, argument: str) -> Reply | None:  # noqa: N802
        """RFC 5321 section 4.1.1.3."""
        transaction = self.transaction
        if not transaction.begun:
            return Reply(503, "5.5.1", "Say MAIL first")
        if len(transaction.recipients) >= self.limits.recipients:
            number = self.limits.recipients
            reply = Reply(452, "4.5.3", f"Too many recipients (limit recipients: {number}); send to the others again")
            raise RefusedError(reply, limit="recipients")
        path = _after("TO:", argument).lstrip(" ")
        if path[:12].lower() == "<postmaster>":  # RFC 5321 section 4.5.1: the one mailbox without a domain
            path = f"<postmaster@{self.state.settings.organisation_domains[0]}>{path[12:]}"
        address, text = parse_path(path, PathRole.RECIPIENT, self.limits.path_bytes)
        self._needs_ehlo(text)
        smtputf8 = transaction.parameters.smtputf8
        parameters = parse_recipient_parameters(text, smtputf8=smtputf8)
        if not smtputf8:
            require_ascii(address)
        if address is None:
            return Reply(501, "5.1.3", "A recipient cannot be the null path")
        if carries_route(address.local) and within(address.domain, self.state.settings.organisation_domains):
            raise AddressError(Reply(553, "5.1.3", "Address refused: % or ! in it could route the message elsewhere"))
        transaction.add(Recipient(address=address, notify=parameters.notify, orcpt=parameters.orcpt))
        return _RECIPIENT_OK

    def _needs_ehlo(self, parameters: str) -> None:
        if parameters and not self.esmtp:
            raise RefusedError(Reply(555, "5.5.4", "Parameters need EHLO rather than HELO"))

    def _may_send(self, sender: Address | None) -> None:
        """Refuse senders and clients that are not of the organisation: this is no open relay.

        By the settings and users of now: a login that was removed and a network that was taken out of the settings
        end what their sessions may do.
        """
        authenticator = self.state.authenticator
        if self.user is not None and (authenticator is None or not authenticator.still(self.user)):
            # RFC 4954 section 4 lets a session log in once: the login of now needs another session.
            raise RefusedError(Reply(421, "4.7.0", "Your login has changed; connect again"), hang_up=True)
        if self.user is None and not self.in_relay_network:
            if authenticator is not None:
                raise RefusedError(Reply(530, "5.7.0", "Authentication is required from your address"))
            raise RefusedError(Reply(550, "5.7.1", "Relaying is not allowed from your address"))
        if sender is None:
            if self.user is not None:
                raise RefusedError(Reply(550, "5.7.1", "The null sender is for mail servers, not for users"))
            return
        if not within(sender.domain, self.state.settings.organisation_domains):
            raise RefusedError(Reply(550, "5.7.1", "Sender refused: it is not of a domain of this organisation"))
        if self.user is not None and not self.user.may_send_as(sender):
            raise RefusedError(Reply(550, "5.7.1", "Sender refused: your login may not use this address"))

    def _count_message(self) -> None:
        state = self.state
        checks = [("messages_per_minute", state.client_messages, self.client_key)]
        if self.user is not None:
            checks.append(("messages_per_minute_per_user", state.user_messages, self.user.name))
        for limit, rate, key in checks:
            if rate.reached(key):
                text = f"Too many messages (limit {limit}: {getattr(self.limits, limit)}); try again in a minute"
                raise RefusedError(Reply(450, "4.7.1", text), limit=limit)
        for _, rate, key in checks:
            rate.count(key)

    # --- DATA and AUTH ----------------------------------------------------

    async def smtp_DATA(self, argument: str) -> Reply | None:  # noqa: N802
        """RFC 5321 section 4.1.1.4."""
        refusal = self._data_refusal(argument)
        if refusal is not None:
            if self.take_input():
                # What came behind DATA without waiting for 354 is message text: it must not be read as commands.
                raise RefusedError(Reply(421, "4.5.0", f"{refusal.text}; out of step"), hang_up=True)
            return refusal
        await self.prompt(_GO_AHEAD)
        reservation = self.state.memory.reservation(self.client_key)
        try:
            content = await intake.read_message(self, reservation)
            envelope = self.transaction.envelope(self._client(), content)
            return await intake.hand_over(self, envelope, content, reservation)
        finally:
            self.reset()
            self.begin_anew()
            self.enter_phase(Phase.COMMAND)

    def _data_refusal(self, argument: str) -> Reply | None:
        if argument:
            return Reply(501, "5.5.4", "DATA takes no argument")
        if not self.transaction.begun:
            return Reply(503, "5.5.1", "Say MAIL and RCPT first")
        if not self.transaction.recipients:
            return Reply(554, "5.5.1", "No valid recipients")
        try:
            self._may_send(self.transaction.sender)  # once more: the settings may be others than at MAIL
        except RefusedError as refused:
            return refused.reply
        return None

    def _client(self) -> Client:
        return Client(
            host=self.host,
            helo=self.helo,
            user=self.user.name if self.user else None,
            tls=self.tls,
            esmtp=self.esmtp,
        )

    async def smtp_AUTH(self, argument: str) -> Reply | None:  # noqa: N802
        """RFC 4954 section 4; over TLS only."""
        state = self.state
        if state.authenticator is None:
            return Reply(502, "5.5.1", "Authentication is not available here")
        if self.tls is None:
            return Reply(538, "5.7.11", "Authentication needs TLS: use STARTTLS first")
        if not self.esmtp or self.user is not None or self.transaction.begun:
            return Reply(503, "5.5.1", "AUTH comes after EHLO, before MAIL, and succeeds once")
        self._may_guess()
        credentials = await exchange(self, argument)
        # Other sessions of the client may have used up its wrong passwords in the meantime. Then not even a right
        # one is told to be so: otherwise many sessions at once would have many tries.
        self._may_guess()
        user = await state.authenticator.verify(credentials.name, credentials.password)
        self._may_guess()
        # The name that was tried may be a password typed into the wrong field: only an account's is told.
        known = state.authenticator.known(credentials.name)
        state.observer.authenticated(success=user is not None, user=known, client=self.host)
        if user is None:
            state.login_failures.count(self.client_key)
            log.warning("smtp login failed", session=self.id, client=self.host)
            return Reply(535, "5.7.8", "Name or password is wrong")
        self.user = user
        return Reply(235, "2.7.0", "Welcome")

    def _may_guess(self) -> None:
        """Refuse a client that had its wrong passwords."""
        if self.state.login_failures.reached(self.client_key):
            text = "Too many wrong passwords (limit authentication_failures); try again later"
            raise RefusedError(Reply(421, "4.7.0", text), hang_up=True, limit="authentication_failures")


def _after(keyword: str, argument: str) -> str:
    """Return what follows FROM: or TO:. Raises RefusedError."""
    if argument[: len(keyword)].upper() != keyword:
        raise RefusedError(Reply(501, "5.5.4", f"The command goes on with {keyword}<address>"))
    return argument[len(keyword) :]
