"""One mail transaction (RFC 5321, 3.3): MAIL, RCPT, DATA, and what it came to for each recipient."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace

from dlp_gateway.delivery.client import Session
from dlp_gateway.delivery.replies import Reply
from dlp_gateway.delivery.result import Result, deferred, failed, from_reply, postponed
from dlp_gateway.delivery.settings import Timeouts
from dlp_gateway.delivery.wire import HIGH_WATER, WireError
from dlp_gateway.model import Recipient
from dlp_gateway.store.values import State

# A mailbox that can stand between angle brackets and end there. The receiving side has parsed it strictly;
# this is the last fence in front of the wire (GHSA-v3q9-hj7j-63hq: CR LF in an address is a command).
_MAILBOX = re.compile(
    r'(?:"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"|[^\x00-\x20\x7f<>"\\]+)@[^\x00-\x20\x7f<>"\\@]+|postmaster',
    re.IGNORECASE,
)
_XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"
_ENVID = re.compile(rf"{_XTEXT}{{1,100}}")
_ORCPT = re.compile(rf"[A-Za-z0-9-]{{1,40}};{_XTEXT}{{1,500}}")
# What says of the host that it cannot take the message as it is, not that the message is unwanted: too large,
# 8-bit content, addresses or headers in UTF-8 (RFC 3463, 3.4 and 3.7; RFC 6531, 3.5).
_UNFIT = frozenset({"5.3.4", "5.6.3", "5.6.7", "5.6.9"})
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY)){0,2}")


@dataclass(frozen=True, slots=True)
class Mail:
    """A message on its way to some recipients; ``sender`` is "" for the null reverse-path."""

    sender: str = field(repr=False)
    recipients: tuple[Recipient, ...] = field(repr=False)
    content: bytes = field(repr=False)
    eight_bit: bool = False
    smtputf8: bool = False
    ret: str | None = None
    envid: str | None = None


class Transaction:
    """Sends ``mail`` over ``session`` once.

    ``dot`` is true from the moment the end of the content may have been
    sent: from then on an accepted recipient without a reply is uncertain.
    ``heard`` is true when the server answered anything but goodbye: a kept
    session that died while idle never does. ``results`` hold what is known
    for each recipient so far; None where nothing is.
    """

    def __init__(self, session: Session, mail: Mail, timeouts: Timeouts) -> None:
        self._session = session
        self._wire = session.wire
        self._mail = mail
        self._timeouts = timeouts
        self.dot = False
        self.heard = False
        self.results: list[Result | None] = [None] * len(mail.recipients)
        self._asked: tuple[int, ...] = ()

    async def run(self) -> None:
        """Fill ``results``; leaves the session clean, dirty or broken, and says which. Raises nothing of the wire."""
        obstacle = find_obstacle(self._mail, self._session.extensions)
        if obstacle is not None:
            self._settle(obstacle)
            return
        # What the server cannot take for one recipient is no reason not to send to the others.
        self.results = [find_recipient_obstacle(each, self._session.extensions) for each in self._mail.recipients]
        self._asked = tuple(index for index, result in enumerate(self.results) if result is None)
        if not self._asked:
            return
        self._session.transactions += 1
        try:
            if "PIPELINING" in self._session.extensions:
                go_ahead: Reply | None = await self._pipelined()
            else:
                go_ahead = await self._one_by_one()
            if go_ahead is not None:
                await self._data(go_ahead)
        except WireError as error:
            self.give_up(error.enhanced, error.text)

    def give_up(self, enhanced: str, text: str) -> None:
        """Close the line and settle the recipients that have no result yet."""
        self._session.broken = True
        self._wire.abort()
        if self.dot:
            self._settle(replace(self._deferred("4.4.2", f"{text} after the message was sent"), state=State.UNCERTAIN))
        else:
            self._settle(replace(self._deferred(enhanced, text), elsewhere=True))

    async def _data(self, go_ahead: Reply) -> None:
        """Act on the reply to DATA."""
        if go_ahead.code != 354:
            self._session.dirty = True
            self._settle(self._refusal(go_ahead))
            return
        self._session.dirty = False
        if all(result is not None for result in self.results):
            # RFC 2920, 3.1: a server that let DATA pass without any recipient is sent a single dot.
            await self._ask(b".\r\n", self._timeouts.final)
            return
        await self._content()
        # A server may refuse in the middle of the content; then the end was not sent and will not be.
        whole = self.dot
        reply = await self._reply(self._timeouts.final)
        if whole and reply.code // 100 == 2:
            self._settle(self._meaning(reply))
            return
        self._session.broken = self._session.broken or not whole
        self._settle(self._refusal(reply))

    async def _pipelined(self) -> Reply:
        """Send all commands at once (RFC 2920); return the reply to DATA."""
        commands = [self._mail_command(), *map(self._rcpt_command, self._asked), b"DATA\r\n"]
        if self._session.dirty:
            commands.insert(0, b"RSET\r\n")
        self._wire.write(b"".join(commands))
        if self._session.dirty:
            await self._reply(self._timeouts.mail)
        sender = await self._reply(self._timeouts.mail)
        for index in self._asked:
            self._accept(index, sender, await self._reply(self._timeouts.rcpt))
        return await self._reply(self._timeouts.data)

    async def _one_by_one(self) -> Reply | None:
        """Send each command after the reply to the one before; None when DATA was not worth sending."""
        if self._session.dirty:
            await self._ask(b"RSET\r\n", self._timeouts.mail)
            self._session.dirty = False
        sender = await self._ask(self._mail_command(), self._timeouts.mail)
        if sender.code // 100 != 2:
            self._session.dirty = True
            self._settle(self._sender_meaning(sender))
            return None
        for index in self._asked:
            self._accept(index, sender, await self._ask(self._rcpt_command(index), self._timeouts.rcpt))
        if all(result is not None for result in self.results):
            self._session.dirty = True
            return None
        return await self._ask(b"DATA\r\n", self._timeouts.data)

    async def _content(self) -> None:
        """Send the content and the final dot; stops early when the server speaks or hangs up."""
        if not self._wire.quiet:
            return
        stuffed = memoryview(stuff(self._mail.content))
        last = len(stuffed) - HIGH_WATER
        start = 0
        clock = asyncio.get_running_loop().time
        end = clock() + self._timeouts.content
        while start < last:
            self._wire.write(stuffed[start : start + HIGH_WATER])
            start += HIGH_WATER
            left = end - clock()
            if left > self._timeouts.block:
                more = await self._wire.flushed(self._timeouts.block)
            else:
                # A server that takes each block in time may still take all of them too slowly.
                more = await self._wire.flushed(max(left, 0.0), "the server reads too slowly")
            if not more:
                return
        self._wire.write(b"".join((stuffed[start:], b".\r\n")))
        self.dot = True

    def _accept(self, index: int, sender: Reply, reply: Reply) -> None:
        """Record the reply to one RCPT; no result yet means accepted."""
        if sender.code // 100 != 2:
            self.results[index] = self._sender_meaning(sender)
        elif reply.code // 100 != 2:
            self.results[index] = self._meaning(reply)

    async def _ask(self, command: bytes, seconds: float) -> Reply:
        self._wire.write(command)
        return await self._reply(seconds)

    async def _reply(self, seconds: float) -> Reply:
        reply = await self._wire.reply(seconds)
        self.heard = self.heard or reply.code != 421
        if reply.code == 421:
            # RFC 5321, 3.8: the server closes the channel; nothing that follows will be answered.
            self._session.broken = True
            self._settle(self._meaning(reply))
            raise WireError("4.4.2", "the server closed the session")
        return reply

    def _refusal(self, reply: Reply) -> Result:
        """Return the meaning of a reply that must be a 4xx or 5xx here; anything else is out of step."""
        if reply.code // 100 in (4, 5):
            return self._meaning(reply)
        raise WireError("4.5.0", "the server answered out of step")

    def _sender_meaning(self, reply: Reply) -> Result:
        """Return the meaning of a reply to MAIL, which 552 refuses for the size (RFC 1870, 6.1)."""
        return self._meaning(reply, unfit=reply.code == 552 and reply.enhanced == "5.0.0")

    def _meaning(self, reply: Reply, *, unfit: bool = False) -> Result:
        # Another host may take what this one only puts off, or cannot take as it is; any other refusal is final
        # (RFC 5321, 5.1). With 530 a server asks for a login or TLS first (RFC 4954, 6; RFC 3207, 4): a smart host is
        # not set up as it wants it then.
        unready = reply.code == 530 and not self._session.endpoint.foreign
        unfit = unfit or reply.enhanced in _UNFIT
        result = from_reply(
            reply,
            host=self._session.host,
            tls=self._session.tls,
            elsewhere=unfit or ((reply.code // 100 == 4 or unready) and not self.dot),
            reports="DSN" in self._session.extensions,
        )
        return postponed(result) if unready else result

    def _deferred(self, enhanced: str, text: str) -> Result:
        return deferred(enhanced, text, host=self._session.host, tls=self._session.tls)

    def _settle(self, result: Result) -> None:
        self.results = [known or result for known in self.results]

    def _mail_command(self) -> bytes:
        mail, offered = self._mail, self._session.extensions
        words = [f"MAIL FROM:<{mail.sender}>"]
        if "SIZE" in offered:
            words.append(f"SIZE={len(mail.content)}")
        if "8BITMIME" in offered and (mail.eight_bit or not mail.content.isascii()):
            words.append("BODY=8BITMIME")
        if "SMTPUTF8" in offered and self._needs_utf8():
            words.append("SMTPUTF8")
        if "DSN" in offered:
            if mail.ret in ("FULL", "HDRS"):
                words.append(f"RET={mail.ret}")
            if mail.envid and _ENVID.fullmatch(mail.envid):
                words.append(f"ENVID={mail.envid}")
        return " ".join(words).encode() + b"\r\n"

    def _needs_utf8(self) -> bool:
        recipients = (self._mail.recipients[index] for index in self._asked)
        return needs_utf8(self._mail) or not all(each.address.literal.isascii() for each in recipients)

    def _rcpt_command(self, index: int) -> bytes:
        recipient = self._mail.recipients[index]
        words = [f"RCPT TO:<{recipient.address.literal}>"]
        if "DSN" in self._session.extensions:
            notify = ",".join(recipient.notify)
            if _NOTIFY.fullmatch(notify):
                words.append(f"NOTIFY={notify}")
            if recipient.orcpt and _ORCPT.fullmatch(recipient.orcpt):
                words.append(f"ORCPT={recipient.orcpt}")
        return " ".join(words).encode() + b"\r\n"


def stuff(content: bytes) -> bytes:
    """Double the dots at the start of lines (RFC 5321, 4.5.2)."""
    if content.startswith(b"."):
        content = b"." + content
    return content.replace(b"\r\n.", b"\r\n..")


def needs_utf8(mail: Mail) -> bool:
    """Tell whether ``mail`` can only travel by SMTPUTF8, to whomever it goes (RFC 6531, 3.2)."""
    if not mail.sender.isascii():
        return True
    return mail.smtputf8 and not mail.content.partition(b"\r\n\r\n")[0].isascii()


def find_obstacle(mail: Mail, offered: dict[str, str]) -> Result | None:
    """Return why the server cannot be given ``mail`` as it is for anybody, or None.

    What only this server cannot take, another one may (``elsewhere``).

    Content is not checked for anything but what the protocol cannot carry: a
    bare CR or LF is read as a line end, or even as the end of the message,
    by some servers (SMTP smuggling), and content without a final CRLF could
    only be sent by adding one.
    """
    if mail.sender and not is_mailbox(mail.sender):
        return failed("5.1.3", "an address that cannot be sent safely", code=553)
    content = mail.content
    lines = content.count(b"\r\n")
    if content.count(b"\r") != lines or content.count(b"\n") != lines or (content and not content.endswith(b"\r\n")):
        return failed("5.6.0", "content with line ends other than CRLF")
    size = offered.get("SIZE", "")
    if size.isascii() and size.isdecimal() and 0 < int(size[:20]) < len(content):
        return failed("5.3.4", "larger than the next hop takes", code=552, elsewhere=True)
    if not content.isascii() and "8BITMIME" not in offered:
        return failed("5.6.3", "8-bit content, and the next hop takes 7-bit only", elsewhere=True)
    if "SMTPUTF8" not in offered and needs_utf8(mail):
        return _without_utf8()
    return None


def find_recipient_obstacle(recipient: Recipient, offered: dict[str, str]) -> Result | None:
    """Return why the server cannot be given a message for ``recipient``, or None."""
    address = recipient.address.literal
    if not is_mailbox(address):
        return failed("5.1.3", "an address that cannot be sent safely", code=553)
    if "SMTPUTF8" not in offered and not address.isascii():
        return _without_utf8()
    return None


def _without_utf8() -> Result:
    return failed("5.6.7", "needs SMTPUTF8, and the next hop does not offer it", code=550, elsewhere=True)


def is_mailbox(address: str) -> bool:
    """Tell whether ``address`` may be put between angle brackets; lone surrogates may not."""
    return _MAILBOX.fullmatch(address) is not None and not any("\ud800" <= char <= "\udfff" for char in address)
