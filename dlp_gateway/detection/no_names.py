"""What the model marks in Subjects and their own words show to be none of a person: firms, first words, building sites.

The model reads English best: it takes the first word of a Subject in a language that it
hardly knows, or the surname in the name of a firm, for somebody.
"""

from __future__ import annotations

import re

# Behind a name in any Subject, in the spelling of firms: "ag" and "ab" are words, "AG" and "AB" may be initials.
_FORM = re.compile(
    r",? (?:(?i:pty\.? ?ltd\.?|ltd\.?|llc|llp|plc|inc\.|gmbh|sp\. ?z ?o\. ?o\.?|s\.r\.o\.|d\.o\.o\.|kft\.?|ltda\.?|aps)"
    r"|S\.? ?[Rr]\.? ?[Ll]\.?|S\.?[Aa]\.?[Rr]\.?[Ll]\.?|S\.A\.S\.|S\.A\.|S\.L\.(?:U\.)?|S\.p\.A\."
    r"|B\.V\.|N\.V\.|Lda\.?|OHG|A/S|ApS"
    r"|(?:&|et|e|y|und|og|och|en|i) (?i:partners?|partner|sons?|söhne|fils|filhos|figli|hijos|zonen|sønner|söner)\.?"
    r"|& Co\.?)(?!\w)"
)
_INSIDE = re.compile(r"(?:S\.r\.l|S\.A\.S|S\.A|S\.L|S\.p\.A|B\.V|N\.V)\.?$|\b(?:GmbH|Ltd|Lda|SARL)\.?$")
# Where a paper of trade is named, two capitals behind a name are a form as well.
_PAPER = re.compile(
    r"\b(?:rechnung|lieferung|angebot|auftrag|bestellung|mahnung|gutschrift|vertrag|faktura|ordre|order|tilbud|offert"
    r"|fattura|ordine|offerta|factura|pedido|oferta|fatura|encomenda|proposta|facture|devis|commande|contrat"
    r"|factuur|offerte|bestelling|invoice|quote|tender|purchase order|zamówienie)\b",
    re.IGNORECASE,
)
_TWO_CAPITALS = r" (?:AG|AB|BV|NV|SL|SA|KG|UG|AS|OY|Oy)"
_CAPITALS = re.compile(_TWO_CAPITALS + r"(?!\w)")
_CAPITALS_INSIDE = re.compile(_TWO_CAPITALS + r"$")
_CALLED = r"firma|ditta|azienda|société|empresa"
_FIRM = re.compile(rf"\b(?:{_CALLED}|fa\.) $", re.IGNORECASE)
_FIRM_INSIDE = re.compile(rf"(?:{_CALLED}) ", re.IGNORECASE)

_REACH = 80
_BEGINNING = re.compile(
    r"\s*(?:(?:re|fwd?|aw|wg|sv|vs|odp|rv|tr|rif|r|i|pd|enc|antw|ynt|отв|ha)\s?: ?|\[[^\]]{0,20}\] ?)*", re.IGNORECASE
)
_FIRST_WORDS = frozenset(
    # Papers, meetings, goods and faults, as they begin Subjects, and words of English as it is spoken in New Zealand,
    # Ireland, India and Australia; none that is also somebody's name.
    (
        "potwierdzenie oferta spotkanie zamówienie faktura umowa zapytanie przypomnienie dostawa zmiana awaria"
        " raport wycena reklamacja płatność szkolenie przegląd zaproszenie aktualizacja potvrzení nabídka schůzka"
        " objednávka smlouva poptávka dodávka porucha zpráva pozvánka megrendelés ajánlat értekezlet számla"
        " szerződés szállítás meghívó emlékeztető ofertă comandă factură întâlnire ședință livrare confirmare"
        " raportul toplantı teklif sipariş fatura sözleşme teslimat hatırlatma onay arıza møte tilbud ordre referat"
        " påminnelse levering avtale bestilling innkalling möte offert beställning leverans avtal kallelse kokous"
        " tarjous tilaus lasku sopimus toimitus muistutus προσφορά παραγγελία τιμολόγιο συνάντηση σύσκεψη"
        " υπενθύμιση совещание встреча заказ счёт счет договор предложение поставка отчёт отчет напоминание"
        " подтверждение приглашение зустріч замовлення рахунок договір пропозиція нарада عرض اجتماع فاتورة طلب عقد"
        " تذكير تأكيد avería guasto panne störung reunión pedido factura presupuesto entrega recordatorio"
        " convocatoria ordine fattura riunione preventivo consegna promemoria sollecito réunion facture devis"
        " commande livraison relance reunião encomenda orçamento proposta vergadering bestelling factuur offerte"
        " storing korero kōrero matariki hangi hāngī wananga wānanga powhiri pōwhiri ceili céilí ceilidh craic"
        " garba puja smoko"
    ).split()
) | {"kris kringle"}
# What stands at such an address, or is done there, is no person's home.
_SITE = re.compile(
    r"\b(?:(?:sites?|tender|lots?|roadworks|works|construction|demolition|car park|variation|development|warehouse"
    r"|depot|office)\b[^,;|]{0,32}|inspection (?:of|at) )$",
    re.IGNORECASE,
)
_SITE_INSIDE = re.compile(r"\bcar park$", re.IGNORECASE)
_BEHIND_SITE = re.compile(
    r"\W*(?:car park|site|works|fire drill|bay \d|building|office|depot|warehouse)\b", re.IGNORECASE
)
_HOME = re.compile(
    r"\b(?:homes?|house|residence|residents?|lives?|living|tenants?|rent(?:al)?|lease|pick-?up|flat|unit|bedroom|bathroom"
    r"|family|her|his|their|my|mother|father|parents?|carer|patient|mrs?|ms)\b",
    re.IGNORECASE,
)


def is_a_firm(text: str, start: int, end: int) -> bool:
    """Tell whether the name at ``start:end`` is that of a company: "Fattura Rossi S.r.l.", "Firma Krause"."""
    before = text[max(0, start - _REACH) : start]
    if _FORM.match(text, end) or _INSIDE.search(text, start, end):
        return True
    if _FIRM.search(before) or _FIRM_INSIDE.match(text, start, end):
        return True
    capitals = _CAPITALS.match(text, end) or _CAPITALS_INSIDE.search(text, start, end)
    return capitals is not None and _PAPER.search(before) is not None


def is_a_first_word(text: str, start: int, end: int) -> bool:
    """Tell whether ``start:end`` is the everyday word with which a Subject begins."""
    first = _BEGINNING.match(text, 0, _REACH)
    if first is None or start > first.end():
        return False
    return text[start:end].casefold() in _FIRST_WORDS


def is_a_site(text: str, start: int, end: int) -> bool:
    """Tell whether the address at ``start:end`` is that of works, a tender or a lot, and nobody's home is spoken of."""
    before, behind = text[max(0, start - _REACH) : start], text[end : end + _REACH]
    if _HOME.search(before) or _HOME.search(behind):
        return False
    return bool(_SITE.search(before) or _SITE_INSIDE.search(text, start, end) or _BEHIND_SITE.match(behind))
