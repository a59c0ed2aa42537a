"""One mail transaction while it is being built, from MAIL to the end of data."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlp_gateway.model import Address, Client, Envelope, Recipient
from dlp_gateway.smtp.parameters import NO_MAIL_PARAMETERS, MailParameters


@dataclass(slots=True)
class Transaction:
    """``begun`` from the acceptance of MAIL; ``recipients`` by mailbox, each once."""

    begun: bool = False
    sender: Address | None = None
    parameters: MailParameters = NO_MAIL_PARAMETERS
    recipients: dict[tuple[str, str], Recipient] = field(default_factory=dict)

    def begin(self, sender: Address | None, parameters: MailParameters) -> None:
        """Take the reverse-path of MAIL."""
        self.begun = True
        self.sender = sender
        self.parameters = parameters

    def add(self, recipient: Recipient) -> None:
        """Take a forward-path of RCPT; a mailbox named twice keeps the first one's parameters."""
        self.recipients.setdefault((recipient.address.local, recipient.address.domain), recipient)

    def envelope(self, client: Client, content: bytes) -> Envelope:
        """Return the envelope of a complete message.

        ``eight_bit`` and ``smtputf8`` say what the message needs of a next
        hop, not what its client declared: content that is all ASCII needs
        neither, unless an address does.
        """
        ascii_content = content.isascii()
        addresses = [recipient.address for recipient in self.recipients.values()]
        if self.sender is not None:
            addresses.append(self.sender)
        ascii_addresses = all(address.literal.isascii() for address in addresses)
        return Envelope(
            sender=self.sender,
            recipients=tuple(self.recipients.values()),
            client=client,
            eight_bit=not ascii_content,
            smtputf8=self.parameters.smtputf8 and not (ascii_content and ascii_addresses),
            ret=self.parameters.ret,
            envid=self.parameters.envid,
        )
