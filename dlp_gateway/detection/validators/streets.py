"""Street addresses: a house number and a street, not "3 wins in a row" or "Spring 2025"."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Names of streets that mean little else.
_STREETS = frozenset(
    "street st road rd avenue ave av lane ln crescent cres cr terrace tce ter grove gr highway hwy boulevard blvd cl"
    " cct sq esplanade esp mews gdns quay parkway pkwy turnpike cir promenade broadway".split()
)
# Everyday words that are names of streets as well: they are one where they are written as a name.
_EVERYDAY = frozenset(
    "drive dr court ct place pl parade pde close circuit square gardens rise row walk way hill view track alley loop"
    " wharf vale glen mount green park chase heights pass pike trail plaza circle crossing gate ramble strand".split()
)
# Words that no name of a street has; "The Esplanade" and "Isle of Wight Road" do have some.
_LINKS = frozenset(
    "a am an are as at be by can down for from get go has have in into is it left make more now off on or our"
    " out over per pm please than that then this to under until up via was we will with you your".split()
)
_INSIDE_A_NAME = frozenset(("the", "of", "and"))
# "5 Day Pass", "4 Wheel Drive", "2 TB Drive", "Stage 2 Car Park".
_COUNTED = frozenset(
    "day days hour hours week weeks month months year years min mins minute minutes second seconds gb tb mb kb km kms m"
    " kg x million percent people persons guests trip trips ride wheel car theme factor step steps".split()
)
_NUMBERED = re.compile(
    r"(?P<unit>[a-z]+\.? ?\d{1,4}[a-z]?,? ?/? ?(?:at )?)?(?P<number>\d{1,5})[a-z]?(?P<more>[-/]\d{1,5}[a-z]?)?"
    r" (?P<words>.+)",
    re.IGNORECASE | re.DOTALL,
)
_POSTCODE = re.compile(r"[a-z]{2,3} \d{4}", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_STREET_WORDS = 5


def street(value: str) -> bool:
    """Accept a house number and the name of a street, or a post box; not a number of things on their way."""
    found = _NUMBERED.fullmatch(value)
    if found is None:
        return True
    certain = bool(found["unit"] or found["more"] or _POSTCODE.search(value))
    year = _YEAR.fullmatch(found["number"]) is not None
    words = [word.strip(".,'-") for word in found["words"].split()[:_STREET_WORDS]]
    return any(_names_a_street(words[:last], words[last], year=year, certain=certain) for last in range(1, len(words)))


def _names_a_street(words: Sequence[str], kind: str, *, year: bool, certain: bool) -> bool:
    """Tell whether words and a kind of street are a name; ``certain`` when the number can only be a house's."""
    lower = [word.lower() for word in words]
    everyday = kind.lower() in _EVERYDAY
    if not everyday and kind.lower() not in _STREETS:
        return False
    capital = all(word[:1].isupper() for word in (*words, kind) if word.lower() not in _INSIDE_A_NAME)
    if not _LINKS.isdisjoint(lower) or (not capital and lower != ["the"] and not _INSIDE_A_NAME.isdisjoint(lower)):
        return False
    if everyday:
        return certain or (capital and not year and _COUNTED.isdisjoint(lower))
    return capital or lower[0] not in _COUNTED


_ONE_WORD = re.compile(r"(?P<name>[a-z.-]+) ?(?P<number>\d{1,4}) ?[a-z]?\s?", re.IGNORECASE)
# Words of other things, and of English, that end like the name of a street.
_NO_STREET = re.compile(
    r"(?:park|stell|sitz|steh|arbeits|spiel|lager|stand|tennis|sport|bau|rast|zelt|camping|treff|liege)platz"
    r"|(?:bahn|bus|auf)steig|(?:um|hin|rueck|ruck|aus|liefer|dienst|rechts|vertriebs|post)weg|\w*[kls]aufer"
    r"|(?:bri|rene)gade|\w*blockade|\w*barrikade|arkade"
    r"|\w*(?:e|i|o|u|ea|oa|ha|ca|pa|la|da|ta)ring|(?:off|main)?spring|(?:sub|ham|shoe|bow)?string|[bw]ring|wiring"
    r"|(?:re|trans|in|pre|of|con)ferring|(?:oc|re|in)curring|(?:st|b|j|sc)arring|stirring|deterring",
    re.IGNORECASE,
)
_FRENCH = re.compile(r"\d{1,4}(?: bis| ter)?,? (?P<kind>[a-z.]+) (?P<words>.+)", re.IGNORECASE | re.DOTALL)
_ARTICLES = frozenset("de du des d la le les l del della dei delle degli di da do dos das e y el los las".split())
_ROMANCE = re.compile(r"(?P<kind>[a-z./]+) (?P<words>.+?) ?(?:n[o.]? ?)?\d{1,4}", re.IGNORECASE | re.DOTALL)
# What means something else in English, or a thing that is counted.
_AMBIGUOUS = frozenset("avenue place route cours chemin quai via plaza largo corso".split())


def street_abroad(value: str) -> bool:
    """Accept a street and a house number as other languages write them; not "Spring 2025" or "via the portal 12"."""
    one = _ONE_WORD.fullmatch(value)
    if one is not None:
        return not (_NO_STREET.fullmatch(one["name"]) or _YEAR.fullmatch(one["number"]))
    found = _FRENCH.fullmatch(value) or _ROMANCE.fullmatch(value)
    if found is None or found["kind"].lower() not in _AMBIGUOUS:
        return True
    words = re.split(r"[\s'-]+", found["words"].strip())
    names = [word for word in words if word and word.lower() not in _ARTICLES]
    return bool(names) and names[0][:1].isupper() and (words[0] != names[0] or _LINKS.isdisjoint(map(str.lower, words)))
