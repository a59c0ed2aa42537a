"""Numbers of things: orders, tickets, companies, meetings. The word right before a number says what it is.

The model that reads Subjects takes some of them for numbers of people, however
plainly they are labelled; packs have their own context words for this.
"""

from __future__ import annotations

import re

from dlp_gateway.detection.validators import find_validator
from dlp_gateway.detection.validators.cards import digits

_LABELS = (
    r"p\.?o|s\.?o|w\.?o|(?:purchase|sales|work|change|service)?\s?orders?|inv|(?:tax\s)?invoices?|credit note|receipt"
    r"|quotes?|quotation|inc|incident|req|ritm|chg|chng|prb|tkt|tickets?|job|project|tender|rf[qpi]|rma|asn|sku|parts?"
    r"|lots?|batch|serial|s/n|meter|bookings?|shipments?|consignment|con ?note|tracking|delivery|parcel|bill of lading"
    r"|awb|container|remittance(?: advice)?|cost cent(?:re|er)|version|build|revision|drawing|dwg|room|bay|flight"
    r"|(?<!tax )(?<!case )(?<!patient )(?<!client )(?<!personnel )(?<!medical )files?|folder|form|model|asset(?: tag)?"
    r"|contract|agreement|vendor|supplier|docket|waybill"
    # Companies in their registers, and what they have registered.
    r"|a\.?b\.?n|a\.?c\.?n|arbn|nzbn|vat|company|hr[ab]|siret|siren|kvk|uen|duns|lei|cvr|patent|trade ?mark"
    r"|planning(?: app(?:lication)?)?|development application|grant|isbn|issn|ean|gtin|upc"
    # Meetings and machines.
    r"|zoom|teams|webex|meeting|webinar|conference|dial-in|ip(?: address)?|port|vlan|host|server"
    # The same in other languages.
    r"|auftrag|auftragsnummer|bestellung|bestellnummer|rechnung|rechnungsnummer|lieferschein|angebot|vertrag"
    r"|commande|facture|devis|pedido|factura|ordine|fattura|bestelling|factuur"
)
# People have these, too: they are labels of things where neither the word before nor a check digit speaks of a person.
_SHARED = r"accounts?|applications?|case|claims?|customer|licen[cs]e|permit|ref(?:erence)?|registration|statement"
_PERSONAL = (
    r"(?:bank|salary|savings|pension|super|superannuation|tax|medicare|medical|centrelink|client|patient|member"
    r"|employee|staff|student|driver|drivers|driver's|driving|nsw|vic|qld|wa|sa|tas|act|nt|visa|passport|citizenship|asylum"
    r"|work|residence|injury|compensation|comp|court|custody|family|welfare|insurance|firearms?|gun|shooters?|his|her|my)"
)
_KIND = r"(?:\s?(?:no|nr|nos|number|num|id|ref))?"
_GAP = r"[\s.:#\[(\-–]*"
_BEFORE = re.compile(rf"(?<![a-z])(?:{_LABELS}){_KIND}{_GAP}$", re.IGNORECASE)
_BEFORE_SHARED = re.compile(rf"(?<![a-z'])(?:(?P<whose>{_PERSONAL})\s+)?(?:{_SHARED}){_KIND}{_GAP}$", re.IGNORECASE)
_INSIDE = re.compile(rf"[\[(#]*(?:{_LABELS})[\s.:#\-]*\d", re.IGNORECASE)
# The model may have marked the second half of a number.
_FIRST_HALF = re.compile(r"(?:[^\W_]|[-/]|(?<=\d) (?=\d|$))*$")
_REACH = 40
# Identifiers of people, by the number of their digits.
_CHECKS = {
    9: ("stdnum.au.tfn", "stdnum.us.itin"),
    10: ("au.medicare", "stdnum.gb.nhs"),
    11: ("au.medicare",),
    15: ("any.card",),
    16: ("any.card", "au.ihi"),
}


def is_of_a_thing(text: str, start: int, end: int) -> bool:
    """Whether ``start:end`` is labelled as the number of an order, a ticket or the like, or is no number at all."""
    if not any(character.isdigit() for character in text[start:end]):
        return True
    first = _FIRST_HALF.search(text, max(0, start - _REACH), start)
    start = start if first is None else first.start()
    if _INSIDE.match(text, start, end):
        return True
    before = text[max(0, start - _REACH) : start]
    if _BEFORE.search(before) is not None:
        return True
    shared = _BEFORE_SHARED.search(before)
    return shared is not None and shared["whose"] is None and not _may_be_of_a_person(text[start:end])


def _may_be_of_a_person(number: str) -> bool:
    figures = digits(number)
    return any(find_validator(name)(figures) for name in _CHECKS.get(len(figures), ()))
