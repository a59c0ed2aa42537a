"""Status codes in plain words, for the person whose message it was."""

from __future__ import annotations

from dlp_gateway.delivery.result import Result

# Keys are subject and detail of RFC 3463 codes; the first that fits the start of the code is used.
_REASONS: tuple[tuple[str, str], ...] = (
    ("1.10", "The domain of this address takes no mail at all. Check the part after the @."),
    ("1.1", "There is no such address there. Check the spelling of the part before the @."),
    ("1.2", "The domain of this address does not exist or takes no mail. Check the part after the @."),
    ("1.3", "This address cannot be used for mail. Check its spelling."),
    ("1.6", "The recipient has moved and left no new address."),
    ("1", "The recipient's mail system does not accept the address. Check its spelling."),
    ("2.1", "The mailbox does not take messages."),
    ("2.2", "The mailbox is full. Ask the recipient by another way to make room."),
    ("2.3", "The message is too large for this mailbox. Send less, or use a transfer service."),
    ("2", "The mailbox could not take the message."),
    ("3.4", "The message is too large for the recipient's mail system. Send less, or use a transfer service."),
    ("3", "The recipient's mail system had a problem of its own."),
    ("4.4", "No mail system of the recipient's domain can be found."),
    ("4.6", "The message would have come back to this gateway in a loop. Tell your administrator."),
    ("4.7", "The recipient's mail system could not take the message for too long."),
    ("4", "The recipient's mail system could not be reached."),
    ("5.3", "The message has more recipients than the mail system takes. Send it to fewer at a time."),
    ("5", "The mail systems did not understand each other. Tell your administrator."),
    ("6.3", "The recipient's mail system cannot take the message in the form it was written in."),
    ("6.7", "The recipient's mail system cannot take addresses or headers outside plain English letters."),
    ("6", "The recipient's mail system cannot take the content in this form."),
    ("7.4", "The recipient's mail system offers no encryption, and this mail may not travel without."),
    ("7.5", "An encrypted line to the recipient's mail system could not be had, and this mail may not travel without."),
    ("7", "The recipient's mail system refused the message for reasons of security or policy."),
)

_FATES = {
    "failed": "It has been given up for this recipient.",
    "delayed": "It could not be delivered so far. The gateway goes on trying; you need not do anything.",
    "relayed": "It was passed on to a mail system that sends no further reports.",
    "delivered": "It was delivered.",
}


def reason(enhanced: str) -> str:
    """Return a sentence or two for an enhanced status code, "" where there is nothing to say."""
    detail = enhanced.partition(".")[2]
    return next((text for key, text in _REASONS if detail == key or detail.startswith(key + ".")), "")


def explain(action: str, result: Result) -> str:
    """Return why and what now for one recipient; ``action`` is one of RFC 3464's.

    Quotes the other server's reply as far as it is free of foreign text.
    """
    why = "" if enhanced_is_success(result.enhanced) else reason(result.enhanced)
    said = f"Reply of {result.host}:" if result.remote else "Reason:"
    quoted = f"{said} {result.code} {result.enhanced} {result.text}".rstrip()
    return " ".join(part for part in (why, _FATES[action], quoted) if part)


def enhanced_is_success(enhanced: str) -> bool:
    """Tell whether a code is of the class 2 (success)."""
    return enhanced.startswith("2.")
