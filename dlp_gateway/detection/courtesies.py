"""Courtesies of business mail that sound like personal data and are none.

A writer gives the pronouns to be used below the name, as "(she/her)", and many
Australian and New Zealand firms acknowledge the people on whose land they work
(Reconciliation Australia, "Acknowledgement of Country"). Neither says
anything of anybody's sex life or ethnicity; what a sentence says of somebody
("Sam is non-binary", "Sam identifies as Aboriginal") does.
"""

from __future__ import annotations

import re

_PRONOUN = (
    "(?:she|her|hers|he|him|his|they|them|theirs|ze|zie|zir|hir|xe|xem|ey|em|it|its|any|all|ia"
    "|sie|ihr|er|ihm|elle|il|lui|ella|él|lei|zij|haar|hij|hem)"
)
_SET = rf"{_PRONOUN}(?:[ ]?/[ ]?{_PRONOUN}){{1,4}}"
_PRONOUNS = re.compile(
    rf"[(\[][ ]?(?:(?:my )?pronouns?:? )?{_SET}[ ]?[)\]]|\b(?:my )?pronouns?(?::| are)? {_SET}(?![\w/])"
    rf"|(?<![\w/]){_SET}(?![\w/])",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"[^\W\d_]+\W{0,3}$")
_FIRST_WORD = re.compile(r"\W{0,3}[^\W\d_]+")
# The longest line that is looked at for pronouns; those of a signature are short.
_SHORT = 200
# A writer or a firm acknowledges peoples, Elders or custodians; a sentence that speaks of one person is none of these.
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
_ACKNOWLEDGES = re.compile(
    r"\backnowledg(?:e|es|ing)\b(?! that\b)|\bpay(?:s|ing)? (?:my|our|its|their) (?:deep(?:est)? )?respects?\b",
    re.IGNORECASE,
)
_PEOPLES = re.compile(
    r"\b(?:custodians?|traditional owners?|elders|first nations|peoples?|whose (?:land|country)s?)\b", re.IGNORECASE
)
_SOMEBODY = re.compile(
    r"\b(?:he|she|him|her|his|hers|is|was|am|has|had|being|mr|mrs|ms|including|such as|identif\w{1,5})\b", re.IGNORECASE
)


def without_pronouns(line: str) -> str:
    """Return a line with the pronouns beside a name blanked out, as long as before.

    Those inside a sentence ("he/she must sign", "Sam uses they/them") stay.
    """
    return _PRONOUNS.sub(_blank, line) if "/" in line and len(line) <= _SHORT else line


def _blank(match: re.Match[str]) -> str:
    if match[0][0] not in "([" and "pronoun" not in match[0].lower() and _goes_on(match):
        return match[0]
    return " " * len(match[0])


def _goes_on(match: re.Match[str]) -> bool:
    """Tell whether a word in lower case stands beside the pronouns: they are part of a sentence."""
    before = _LAST_WORD.search(match.string, max(0, match.start() - 40), match.start())
    behind = _FIRST_WORD.match(match.string, match.end(), match.end() + 40)
    return any(word is not None and word[0].strip()[:1].islower() for word in (before, behind))


def without_acknowledgement(passage: str) -> str | None:
    """Return a passage without its acknowledgement of a country's first peoples; None where it has none."""
    said = _SENTENCE.split(passage)
    rest = [sentence for sentence in said if not _acknowledges_peoples(sentence)]
    return None if len(rest) == len(said) else " ".join(rest).strip()


def _acknowledges_peoples(sentence: str) -> bool:
    return (
        _ACKNOWLEDGES.search(sentence) is not None
        and _PEOPLES.search(sentence) is not None
        and _SOMEBODY.search(sentence) is None
    )
