"""In which country a recipient is, and whether personal data is safe there.

A country is known from the partner's entry or from a country-code top-level
domain; a generic domain (``.com``) says nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict
from pydantic.dataclasses import dataclass

from dlp_gateway.policy.suffixes import registry_suffix

# ISO 3166-1 alpha-2, and EU for the Union's own top-level domain.
_ISO_3166 = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
    CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET EU FI FJ FK FM FO FR GA GB
    GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG
    KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB
    SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US
    UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
CODES = frozenset(_ISO_3166.split())

# Country-code top-level domains that are not the ISO code in lower case (IANA root zone database).
_OTHER_CODES = {"uk": "GB", "su": "RU", "ac": "SH"}

# Internationalised country-code top-level domains by country (IANA root zone database).
_INTERNATIONALISED = {
    "AE": "امارات",
    "AM": "հայ",
    "BD": "বাংলা",
    "BG": "бг",
    "BH": "البحرين",
    "BY": "бел",
    "CN": "中国 中國",
    "DZ": "الجزائر",
    "EG": "مصر",
    "EU": "ею ευ",
    "GE": "გე",
    "GR": "ελ",
    "HK": "香港",
    "IL": "ישראל",
    "IN": "ಭಾರತ ଭାରତ ভাৰত ভারত భారత్ ભારત भारतम् भारत भारोत بارت بھارت ڀارت ഭാരതം ਭਾਰਤ இந்தியா",
    "IQ": "عراق",
    "IR": "ایران ايران",
    "JO": "الاردن",
    "KR": "한국",
    "KZ": "қаз",
    "LA": "ລາວ",
    "LK": "ලංකා இலங்கை",
    "MA": "المغرب",
    "MK": "мкд",
    "MN": "мон",
    "MO": "澳门 澳門",
    "MR": "موريتانيا",
    "MY": "مليسيا",
    "OM": "عمان",
    "PK": "پاكستان پاکستان",
    "PS": "فلسطين",
    "QA": "قطر",
    "RS": "срб",
    "RU": "рф",
    "SA": "السعودیة السعودية السعودیۃ السعوديه",
    "SD": "سودان",
    "SG": "新加坡 சிங்கப்பூர்",
    "SY": "سوريا سورية",
    "TH": "ไทย",
    "TN": "تونس",
    "TW": "台湾 台灣 臺灣",
    "UA": "укр",
    "YE": "اليمن",
}
_BY_LABEL = {label: code for code, labels in _INTERNATIONALISED.items() for label in labels.split()}


def _code(text: str) -> str:
    if text.upper() == "UK":
        raise ValueError("the code of the United Kingdom is GB (ISO 3166-1)")
    if text not in CODES:
        raise ValueError("is not a country code (two capital letters, ISO 3166-1, or EU)")
    return text


def _top_level(text: str) -> str:
    label = text.removeprefix(".").lower()
    if country_of_domain(label) is None:
        raise ValueError("is not a country-code top-level domain")
    return label


def country_of_domain(domain: str) -> str | None:
    """The country whose top-level domain the canonical ``domain`` ends in; None for generic ones and literals."""
    label = domain.rpartition(".")[2]
    if label.startswith("xn--"):
        try:
            label = label[4:].encode("ascii").decode("punycode")
        except UnicodeError:
            return None
        return _BY_LABEL.get(label)
    code = _OTHER_CODES.get(label, label.upper())
    return code if code in CODES else None


Country = Annotated[str, AfterValidator(_code)]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Countries:
    """Where personal data may go: the home country and those with safeguards.

    ``generic_domains`` are country-code domains that people all over the world
    use (``io``, ``co``): for names directly under them the country is unknown
    (those under ``com.co`` are still Colombian). ``unknown`` says what an
    unknown country counts as.
    """

    safeguards: tuple[Country, ...] = ()
    generic_domains: tuple[Annotated[str, AfterValidator(_top_level)], ...] = ()
    unknown: Literal["safe", "unsafe"] = "safe"

    def of_domain(self, domain: str) -> str | None:
        """The country of the canonical ``domain``, None when unknown."""
        if registry_suffix(domain) in self.generic_domains:
            return None
        return country_of_domain(domain)

    def safe(self, country: str | None, home: str) -> bool:
        """Whether personal data may go to ``country`` from ``home``."""
        if country is None:
            return self.unknown == "safe"
        return country == home or country in self.safeguards
