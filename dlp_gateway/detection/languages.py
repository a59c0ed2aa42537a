"""Which languages a passage may be in, by its commonest words.

Names, numbers and single words tell nothing: a passage without any function
word may be in any language, and one with as many of two may be in either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

ENGLISH = "en"
_WORD = re.compile(r"[^\W\d_]+")
# Function words, each under every language that has it. Words of other languages that English text holds all the
# time ("van", "met", "per", "do", "via") are left out of theirs.
_FUNCTION_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        ENGLISH: frozenset(
            "the and of is was are has have had with for from that this she he his her him they them you your we us our"
            " will would can could not been who what when which how at by as it its be my me a an to on in into or"
            " but so i please if were no all any about after before because there their then than too does did gets"
            " got".split()
        ),
        "de": frozenset(
            "der die das und ist nicht mit von für wird hat haben wurde sich dem den des ein eine einen einem einer bei"
            " nach seit wegen unser unsere unserem frau herr herrn ihre ihr ihrem seine sein seiner er sie wir ich zu"
            " zum zur im am an auf aus bis noch auch kann bitte sind hatte war in".split()
        ),
        "fr": frozenset(
            "le la les des une un est pas pour dans avec sur nous vous qui que ses son sa elle il mme madame monsieur"
            " du au aux et de à a été en par ne ce cette leur notre votre depuis après merci".split()
        ),
        "es": frozenset(
            "el la los las una un para con por que del su sus está nuestro nuestra y de en al se es lo le ha han fue"
            " tiene desde hemos no señor señora don doña como más a entre".split()
        ),
        "it": frozenset(
            "il lo la gli le della delle dello dei del degli di non è nostra nostro sono una un che con in da dal dalla"
            " ha ho ed al alla nel nella si suo sua signor signora stato stata abbiamo vi dopo ci era a".split()
        ),
        "nl": frozenset(
            "het een niet voor zijn haar onze wij werd wordt op aan de en van is was had heeft hebben dat die we ons of"
            " in met na bij naar nog ook om te door mevrouw meneer wegens ik hij u maar".split()
        )
        - {"van", "met"},
        "pl": frozenset(
            "nie jest się z w od pan pana pani dla przez na został została za po ma i że oraz o jako jego jej są był"
            " była państwa to ze przy proszę".split()
        ),
        "pt": frozenset(
            "os um uma não com da das dos sua seu o e de que em no na ao foi tem por para está se é à pelo pela são"
            " mais senhor senhora desde a entre".split()
        ),
        "sv": frozenset("och att det som för inte är han hon har ett på av till vi jag från efter hans hennes".split()),
        "da": frozenset("og at det som for ikke er han hun har et på af til vi jeg fra efter hans hendes ei".split()),
        "af": frozenset("nie het en die is vir van met sy haar ons ek hy aan".split()) - {"van", "met"},
    }
)
LANGUAGES = frozenset(_FUNCTION_WORDS)


def languages(passage: str) -> frozenset[str]:
    """Return the languages whose function words are the most of the passage; all of them where it has none."""
    words = _WORD.findall(passage.lower())
    counts = {language: sum(map(own.__contains__, words)) for language, own in _FUNCTION_WORDS.items()}
    most = max(counts.values())
    return frozenset(language for language, count in counts.items() if count == most)
