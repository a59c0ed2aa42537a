"""Numbers of things: orders, tickets, invoices. The word right before a number says what it is.

The model that reads Subjects takes some of them for numbers of people, however
plainly they are labelled; packs have their own context words for this.
"""

from __future__ import annotations

import re

_LABELS = (
    r"p\.?o|s\.?o|w\.?o|(?:purchase|sales|work|change|service)?\s?orders?|inv|(?:tax\s)?invoices?|credit note|receipt"
    r"|quotes?|quotation|inc|incident|req|ritm|chg|chng|prb|tkt|tickets?|job|project|tender|rf[qpi]|rma|asn|sku|parts?"
    r"|lots?|batch|serial|s/n|meter|bookings?|shipments?|consignment|con ?note|tracking|delivery|parcel|bill of lading"
    r"|awb|container|remittance(?: advice)?|cost cent(?:re|er)|version|build|revision|drawing|dwg|room|bay|flight"
    r"|(?<!tax )(?<!case )(?<!patient )(?<!client )(?<!personnel )(?<!medical )files?|folder|form"
)
_BEFORE = re.compile(rf"(?<![a-z])(?:{_LABELS})(?:\s?(?:no|nr|nos|number|num|id|ref))?[\s.:#\[(\-–]*$", re.IGNORECASE)
_INSIDE = re.compile(rf"[\[(#]*(?:{_LABELS})[\s.:#\-]*\d", re.IGNORECASE)
_REACH = 40


def is_of_a_thing(text: str, start: int, end: int) -> bool:
    """Whether ``start:end`` is labelled as the number of an order, a ticket or the like, or is no number at all."""
    if not any(character.isdigit() for character in text[start:end]):
        return True
    while start and (text[start - 1].isalnum() or text[start - 1] in "-/"):
        start -= 1  # the model may have marked the second half of a number
    if _INSIDE.match(text, start, end):
        return True
    return _BEFORE.search(text[max(0, start - _REACH) : start]) is not None
