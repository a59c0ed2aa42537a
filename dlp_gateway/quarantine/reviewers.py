"""Who a reviewer is: people are told apart by their mailboxes, not by the names they give."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import idna

from dlp_gateway.store.approvals import Account


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who acts: the name under which it is recorded, and their mail address ("" without one)."""

    name: str
    address: str = ""

    def __str__(self) -> str:
        return self.name

    @property
    def mailbox(self) -> str:
        """The mailbox behind the address; "" without one."""
        return mailbox(self.address)

    def is_same(self, other: Reviewer) -> bool:
        """Whether both are one person: the same mailbox, or the same name (whose address may have changed)."""
        if self.mailbox and self.mailbox == other.mailbox:
            return True
        return self.name.lower() == other.name.lower()


def mailbox(address: str) -> str:
    """The one form of an address by which people are compared.

    Without a sub-address, as ``jo+x@a.example`` is Jo's too (RFC 5233), and
    without quotes that nothing asks for (RFC 5321 section 4.1.2); the domain
    with A-labels and without a dot at its end.
    """
    local, at, domain = unicodedata.normalize("NFC", address.strip()).lower().rpartition("@")
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = local[1:-1].replace("\\", "")
    return f"{local.partition('+')[0]}{at}{_ascii(domain.removesuffix('.'))}"


def noted(reviewer: Reviewer) -> str:
    """How an approval says whose it is: ``name <mailbox>``."""
    return f"{reviewer.name.lower()} <{reviewer.mailbox}>"


def read(text: str) -> Reviewer:
    """The reviewer of an approval; one of an older release has a name alone, which may be an address."""
    name, bracket, address = text.rpartition(" <")
    if bracket and text.endswith(">"):
        return Reviewer(name, address.removesuffix(">"))
    return Reviewer(text, text if "@" in text else "")


def may_decide(reviewer: Reviewer, accounts: Iterable[Account]) -> bool:
    """Whether somebody may give one of several approvals.

    Who has an account of the console may as long as it is an active
    reviewer's. Others work on the command line, and are known by their mailbox.
    """
    mine = [
        one
        for one in accounts
        if one.name.lower() == reviewer.name.lower() or (one.address and mailbox(one.address) == reviewer.mailbox)
    ]
    return any(one.decides for one in mine) if mine else bool(reviewer.mailbox)


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    # Mapped as browsers do (UTS 46), unlike where a domain decides on a zone: spellings that look alike are one person.
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain
