"""Signs in clear text that an encrypted attachment is high-risk.

The content cannot be read, so its covering text is taken at its word: a
psychiatric report, a criminal record check, card details, a marking that says
"high risk" or names a special category. Two things must meet, a subject matter
and a document or data that is about somebody: health alone is a topic, a
health record is not. A low or general marking (OFFICIAL: Sensitive,
Personal-Privacy) is no sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dlp_gateway.detection.normalise import Normaliser
from dlp_gateway.model import Role, Text, Unscanned

# Covering text is short; what stands further down is quoted history or a newsletter.
_REACH = 64 * 1024

# Subject matters: special categories, offences, cards, credentials; in the large languages of western Europe.
_MATTERS = {
    "health": r"medical|clinical|psychiatric|psychological|psychologist|psychiatrist|patholog\w+"
    r"|radiolog\w+|oncolog\w+|diagnos\w+|doctor'?s|gp|hospital"
    r"|patients?|surgical|surgeon'?s|therap(?:y|ist)|counselling|mental health|drug test|alcohol test"
    r"|blood tests?|hiv|pregnancy|disability|impairment"
    r"|health|sickness|sick|injury|rehab\w*|vaccination|immunisation|allerg(?:y|ies)|x-?rays?|mri"
    r"|autopsy|arztliche?\w*|arzt|krank\w*|gesundheits\w*|befund"
    r"|medizinische?\w*|medical?e?s?|medico|medica|sante|salud|salute|clinico|medische?|ziekte\w*|hospitalisation",
    "offence": r"criminal|conviction\w*|police|offence|offender|offences|probation|custody|arrest"
    r"|prison|court|sentenc\w+|prosecution|dbs|disclosure and barring"
    r"|working with children|fraud|fuhrungszeugnis|straf\w+|casier|judiciaire|penal\w*|penale"
    r"|antecedentes|strafblad|fedina",
    "ethnic origin": r"ethnic\w*|racial|race|indigenous|aboriginality|tribal|ethnie|herkunft",
    "religion": r"religio\w+|faith|church membership|konfession",
    "union membership": r"(?:trade )?union|gewerkschaft\w*|syndica\w*|sindical\w*|vakbond\w*",
    "political opinion": r"political|party membership",
    "sexual life": r"sexual\w*|sexuality|gender identity|transgender",
    "biometrics": r"biometric\w*|fingerprints?|face templates?|voice ?prints?|iris|retina",
    "genetic data": r"genetic\w*|genome|dna",
    "card": r"(?:credit |debit |payment )?cards?|kreditkarten?\w*|carte bancaire|tarjetas?",
    "credential": r"passwords?|credentials?|private keys?|api keys?|logins?|passworter|zugangsdaten|mots de passe",
}
_DOCUMENTS = (
    r"reports?|records?|certificates?|certs?|notes?|results?|files?|lists?|register|forms?|letters?"
    r"|assessments?|histor(?:y|ies)|summar(?:y|ies)|claims?|checks?"
    r"|data|details|numbers?|scans?|images?|export|dump|statements?|evidence|referrals?|reviews?"
    r"|questionnaires?|declarations?|papers?|documents?|dossiers?"
    r"|members?|membership|opinions?|evaluation|proceedings|hearing|charges?|warrants?|history"
    r"|templates?|samples?|plan|bericht\w*|gutachten|attest|bescheinigung"
    r"|liste?n?|akten?|befund\w*|zeugnis|daten|rapports?|certificats?|dossiers?|donnees|informes?"
    r"|certificados?|datos|historia|referto|certificato|cartella"
    r"|dati|rapport|verklaring|gegevens|casier|extrait|fuhrungszeugnis|strafblad|fedina"
)
# Topics in these phrases are about nobody.
_GENERAL = re.compile(
    r"health (?:and|&) safety|occupational health polic\w+|mental health (?:awareness|week|day|first aid)"
    r"|health ?check (?:of|for) the|health of the|public health"
    r"|data protection|privacy polic\w+|union square|european union|union street|credit union"
    r"|business cards?|gift cards?|postcards?|rate cards?|score ?cards?"
    r"|graphics? cards?|sd cards?|network cards?|reading (?:list|notes)|race (?:results?|day|course)"
    r"|court (?:bookings?|hire)|tennis|squash|open sources?"
    r"|password (?:polic\w+|rules?|by|is|will|follows?|as|separately|sent|per|over|via|protected)"
    r"|(?:the|usual|agreed|same|word|office|with|our) passwords?"
    r"|health insurance (?:tender|scheme|offer)|login page|party list|christmas party"
)

_MARKING = re.compile(
    r"\bhigh[ -]risk\b|\bspecial[ -]categor(?:y|ies)\b|\bbesondere kategorien\b"
    r"|\bcategories particulieres\b|\bsensitive personal (?:data|information)\b"
    r"|\b(?:restricted|confidential|secret|protected|strictly confidential|vertraulich|confidentiel)\b"
    r"[ :/(\[-]{1,4}(?:[a-z]+ ){0,3}?(?:" + "|".join(_MATTERS.values()) + r")\b"
)
_LOW = re.compile(r"\b(?:not|no|non|nicht|low|kein|keine) (?:a )?(?:high[ -]risk|special[ -]categor)")
_PAIRS = tuple(
    (
        name,
        re.compile(
            rf"\b(?:{matter})\b(?:[ '-]\w+){{0,2}}?[ '-](?:{_DOCUMENTS})\b"
            rf"|\b(?:{_DOCUMENTS})\b(?: \w+){{0,3}}? (?:{matter})\b"
        ),
    )
    for name, matter in _MATTERS.items()
)
# One word that names the document and the matter at once.
_SINGLE = re.compile(
    r"\b(?:krankschreibung|arbeitsunfahigkeitsbescheinigung|krankenakte|fuhrungszeugnis|arztbrief|strafregisterauszug"
    r"|casier judiciaire|sick ?notes?"
    r"|fit ?notes?|medicals|rap sheet|strafblad|antecedentes penales|chemotherapy|psychiatric|oncology|cardholders?)\b"
)
_SEPARATORS = re.compile(r"[_\-.\s/\\+]+")


def risk_signs(texts: Sequence[Text]) -> tuple[Unscanned, ...]:
    """Return where the clear texts say that encrypted content is high-risk, and of which kind.

    ``texts`` are those that everybody on the way can read: Subject, body,
    headers, file names. At most one sign a text and kind; no value is repeated.
    """
    normaliser = Normaliser()
    signs = dict.fromkeys(sign for text in texts for sign in _signs(text, normaliser))
    return tuple(signs)


def _signs(text: Text, normaliser: Normaliser) -> Iterator[Unscanned]:
    words = _SEPARATORS.sub(" ", normaliser(text.text[:_REACH]).data.decode("utf-8", "replace").lower())
    cleaned = _LOW.sub(" ", words)
    if _MARKING.search(cleaned):
        yield Unscanned(text.where, "marked as high-risk")
    if text.role is Role.HEADER:
        return
    cleaned = _GENERAL.sub(" # ", cleaned)
    if _SINGLE.search(cleaned):
        yield Unscanned(text.where, "names a high-risk document")
    for name, pattern in _PAIRS:
        if pattern.search(cleaned):
            yield Unscanned(text.where, f"names a document about {name}")
