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
    r"|[mh]?awb|b\.?o\.?l|b/l|manifest|pro (?=no|number)|seal|heat (?=no|number)|container|remittance(?: advice)?"
    r"|cost cent(?:re|er)|version|build|revision|drawing|dwg|room|bay|flight"
    r"|(?<!tax )(?<!case )(?<!patient )(?<!client )(?<!personnel )(?<!medical )files?|folder|form|model|asset(?: tag)?"
    r"|contract|agreement|vendor|supplier|docket|waybill"
    # Companies in their registers, and what they have registered.
    r"|a\.?b\.?n|a\.?c\.?n|arbn|nzbn|vat|company|hr[ab]|siret|siren|kvk|uen|duns|lei|cvr|patent|trade ?mark"
    r"|planning(?: app(?:lication)?)?|development application|grant|isbn|issn|ean|gtin|upc"
    r"|ein|fein"
    # Changes and faults of products (engineering change notice, non-conformance report, corrective action).
    r"|ecn|ncr|capa"
    # Meetings and machines.
    r"|vin|chassis|zoom|teams|webex|meeting|webinar|conference|dial-in|ip(?: address)?|port|vlan|host|server"
    # The same in other languages.
    r"|auftrag|auftragsnummer|bestellung|bestellnummer|rechnung|rechnungsnummer|lieferschein|angebot|vertrag"
    r"|commande|facture|devis|pedido|factura|ordine|fattura|bestelling|factuur"
)
# People have these, too: they are labels of things where neither the word before nor a check digit speaks of a person.
_SHARED = r"accounts?|applications?|case|claims?|customer|licen[cs]e|permit|ref(?:erence)?|rego?|registration|statement"
_PERSONAL = (
    r"(?:bank|salary|savings|pension|super|superannuation|tax|medicare|medical|centrelink|client|patient|member"
    r"|employee|staff|student|driver|drivers|driver's|driving|nsw|vic|qld|wa|sa|tas|act|nt|visa|passport|citizenship|asylum"
    r"|work|residence|injury|compensation|comp|court|custody|family|welfare|insurance|firearms?|gun|shooters?|his|her|my"
    r"|work ?cover|disability|resident|veteran|veterans|dva|trade-in|mule"
    # Who drives, flies, guards or heals has a licence or a registration as a person; a builder's is on the firm's sign.
    r"|boat|motorbike|motorcycle|truck|forklift|taxi|pilot|learner|provisional|probationary|suspended"
    r"|bouncer|guard|shotfirer|midwife|midwifery|nurse|nursing|doctor|teacher|ahpra)"
)
_KIND = r"(?:\s?(?:no|nr|nos|number|num|id|ref))?"
_GAP = r"[\s.:#\[(\-–]*"
# Labels of things, but for the word before.
_BEFORE_PERSONAL = re.compile(
    rf"(?<![a-z])(?:visa grant|(?:dva|veterans?'?) files?"
    rf"|(?:fitter|welder|rigger|dogman|scaffolder|shotfirer) tickets?)"
    rf"{_KIND}{_GAP}$",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"(?<![a-z])(?:{_LABELS}){_KIND}{_GAP}$", re.IGNORECASE)
_BEFORE_SHARED = re.compile(rf"(?<![a-z'])(?:(?P<whose>{_PERSONAL})\s+)?(?:{_SHARED}){_KIND}{_GAP}$", re.IGNORECASE)
# A licence of which nobody says what for is one to drive.
_BARE_LICENCE = re.compile(rf"(?:^|[:;,(|\-–]\s*)licen[cs]e{_KIND}{_GAP}$", re.IGNORECASE)
_WHAT_FOR = re.compile(
    r"\s*for\b|.*\b(?:software|server|seats?|users?|keys?|product|subscription|version|vendor|renewal|invoice)\b",
    re.IGNORECASE,
)
# What befalls people and neither cases nor deliveries.
_BEFALLEN = re.compile(
    r"\W*(?:has |is |was )?(?:died|dead|deceased|injured|sick|ill)\b"
    r"|.*\b(?:in arrears|in hospital|hospitali[sz]ed|passed away|criminal (?:record|history|conviction)|convicted"
    r"|struck off|(?:can ?not|can't|unable to|not allowed to|disqualified from) driv(?:e|ing)|child(?:ren)? removed"
    r"|midwife|nurse)\b",
    re.IGNORECASE,
)
# An Australian account behind its bank, a Korean resident registration: no check digit, yet a form of their own.
_FORMS = re.compile(r"\d{3}-\d{3}[ ,/]+\d[\d ]{4,10}\d|\d\d[01]\d[0-3]\d-[1-8]\d{6}")
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
    if _BEFORE_PERSONAL.search(before) is not None:
        return False
    if _BEFORE.search(before) is not None:
        return True
    shared = _BEFORE_SHARED.search(before)
    if shared is None or shared["whose"] is not None or _BEFALLEN.match(text, end):
        return False
    if _BARE_LICENCE.search(before) is not None and not _WHAT_FOR.match(text, end):
        return False
    return not _may_be_of_a_person(text[start:end])


def _may_be_of_a_person(number: str) -> bool:
    if _FORMS.fullmatch(number) is not None:
        return True
    figures = digits(number)
    return any(find_validator(name)(figures) for name in _CHECKS.get(len(figures), ()))
