"""Passwords that travel with what they lock.

``candidates`` lists what in a message may be the password of an attachment,
likeliest first: what follows a phrase ("the password is"), then tokens that
look like one, then other words. ``announces_password`` tells whether a phrase
says that the password is here, even if nothing could be opened with it.
Neither result may be shown or logged: a password is personal data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dlp_gateway.model import Role, Text

_SCANNED = 40_000  # characters at the start and at the end of one text
_LONG_TEXT = 20_000  # documents longer than this give no bare words: the words of a book are no passwords
_NEAR_AFTER, _NEAR_BEFORE = 120, 60

_WORDS = (
    r"pass[\s\-]?(?:word|phrase|code|key|wd)s?|pwd?|pass|pin|kenn?wort|pass?wort|zugangscode|mots? de passe|mdp|"
    r"contrase(?:ñ|n)a|clave|senha|wachtwoord|parola(?: d.ordine)?|l(?:ö|o)senord|adgangskode|passord|salasana|"
    r"has(?:ł|l)o|heslo|jelsz(?:ó|o)|parol(?:ă|a|e)?|geslo|lozinka|slapta(?:ž|z)odis|κωδικ(?:ό|ο)ς|парол[ья]|密码|密碼|パスワード|암호|비밀번호"
)
# The word that announces a password, or what one does with it.
_KEYWORD = re.compile(rf"(?i)(?<![^\W_])(?:{_WORDS}|(?:un)?lock(?:s|ed)?|opens?|decrypts?|key|code)(?![^\W_])")
# Such a word, up to seven words of whose or what password it is, a verb or sign, then the value. Bounds, and blanks
# that are not given back (*+), keep it linear: a long run of them could otherwise be shared out in very many ways.
_SAYS = re.compile(
    rf"(?i)(?<![^\W_])(?:{_WORDS})(?![^\W_])"
    r"(?P<of>(?:[ \t]+(?!is\b|are\b|lautet\b|ist\b|est\b|es\b)[^\W\d_][\w.'’\-]{0,20}){0,7}?)"
    r"[ \t]*(?:is|was|will be|lautet|ist|est|es|è|é|är|er|on|to|jest|=+>?|[:：]|->|→|–|-(?=\s))[ \t]*+\n?+[ \t>*]*+"
    r"(?P<value>[\"'“”„‘’«»`]?[^\s\"“”„«»`]{3,64})(?P<rest>[^\n]{0,40})"
)
# What stands in quotes on one line, not the apostrophe of a word; no longer than a password that is tried.
_QUOTED = re.compile(r"[\"“„«‘`']([^\s\"“”„«»‘’`'][^\"“”„«»`\n]{1,62}?)[\"”“»’`'](?!\w)")
_TOKEN = re.compile(r"\S{3,64}")
_EDGES = "\"'“”„‘’«»`()[]{}<>*_~|,;:…"
_ENDS = ".!?" + _EDGES
# An address or a link, up to the next blank. An address is looked for where a word begins, at its first @ and the first
# dot behind that: with "anything" on each side the pattern would be cubic in "@@@".
_MAIL_OR_LINK = re.compile(
    r"(?i)(?<!\S)\S[^\s@]*+@\S[^\s.]*+\.\S+|(?:https?|ftp|file)://\S+|www\.\S+|cid:\S+|mailto:\S+"
)
# Dates, times, amounts, telephone numbers: digits and what stands between them.
_NUMBERS = re.compile(r"[\d.,:/+\-()%$€£\s]+")
# Looks like a file or ticket number (AB-1234), 12th, 300px, a1, 4b: no password.
_REFERENCE = re.compile(
    r"(?i)(?:[a-z]{1,4}[\-/ ]?\d{2,}[\d\-/.]*|\d+(?:st|nd|rd|th|am|pm|px|pt|kb|mb|gb|h|x)\b|[a-z]\d|\d{1,2}[a-z])"
)
# One word of letters, with an apostrophe in it at most.
_PLAIN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# Day, month and year in figures, year first or last: a date of birth is often the password, in any of several forms.
_DATE = re.compile(
    r"(?<!\d)(\d{1,2})[./\- ](\d{1,2})[./\- ]((?:19|20)\d\d)(?!\d)|(?<!\d)((?:19|20)\d\d)-(\d\d)-(\d\d)(?!\d)"
)
# Where the message speaks of a date of birth, dates are likelier.
_BIRTH = re.compile(r"(?i)date of birth|birth ?da(?:te|y)|\bd\.?o\.?b\b|geburtsdatum|date de naissance")
# After "the password is": words of a sentence about it, not the password.
_NO_PASSWORD = frozenset(
    """a an and as at be been being below above by changed changing coming communicated confidential correct
    different enclosed expired expiring for forgotten from given going hidden i identical in incorrect invalid
    it its known left made mandatory missing my necessary needed never no not now of off on only our out over
    private protected provided ready required reset same secret secure sent separate separately set shared
    shorter stored strong supplied text that the their there they this to too unchanged under unknown until up
    upon usual valid via was weak what when where which who will with within without wrong you your yours
    available already always also agreed on-file unique case-sensitive bekannt separat getrennt telefonisch per
    nicht wie der die das ein eine folgt gesondert même séparément envoyé par le la un une igual mismo por
    separado enviada mañana later soon today tomorrow yesterday monday tuesday wednesday thursday friday
    saturday sunday protected. optional incorrect. phone telephone sms signal whatsapp call courier post letter
    fax person portal pending tba tbc tbd none n/a ask see contact request follow follows following""".split()
)


@dataclass(slots=True)
class _Found:
    """Candidates with their best score so far, in order of appearance."""

    scores: dict[str, float]

    def add(self, word: str, score: float) -> None:
        if 3 <= len(word) <= 64 and score > self.scores.get(word, 0):
            self.scores[word] = score

    def add_variants(self, raw: str, score: float) -> None:
        """Add a token without the punctuation around it, and with the end that may belong to it."""
        bare = raw.strip(_EDGES)
        stripped = bare.rstrip(_ENDS).lstrip("\"'")
        self.add(stripped, score)
        if bare != stripped:
            self.add(bare, score - (0.5 if bare[-1:] in "!?" else 2))


def candidates(texts: Sequence[Text], most: int) -> tuple[str, ...]:
    """Return what may be a password in ``texts``, likeliest first, ``most`` at most."""
    found = _Found({})
    for text in texts:
        for piece in _pieces(text.text):
            _near_keywords(piece, found)
            if text.role is Role.FILENAME:
                _file_name(piece, found)
            if len(text.text) <= _LONG_TEXT:
                _bare(piece, found, _base(text.role))
    ranked = sorted(found.scores.items(), key=lambda item: -item[1])
    return tuple(word for word, _ in ranked[:most])


def announces_password(texts: Sequence[Text]) -> bool:
    """Whether a phrase gives a password ("pw: h0ney"), not where it comes from ("password by phone")."""
    for text in texts:
        for piece in _pieces(text.text):
            if any(_is_given(match) for match in _SAYS.finditer(piece)):
                return True
    return False


def _pieces(text: str) -> Iterator[str]:
    text = text.replace("\u00a0", " ").replace("\u200b", "").replace("\u00ad", "")
    if len(text) <= 2 * _SCANNED:
        yield text
    else:
        yield text[:_SCANNED]
        yield text[-_SCANNED:]


def _is_given(match: re.Match[str]) -> bool:
    raw, rest = match["value"], match["rest"].strip()
    value = raw.strip(_ENDS)
    if len(value) < 3 or value.lower() in _NO_PASSWORD or _MAIL_OR_LINK.fullmatch(value):
        return False
    if raw[0] in "\"'“„‘«`":
        return True
    shape = _shape(value)
    if shape >= 3 or (value.isdigit() and len(value) >= 4 and not rest[:1].isalpha()):
        return True
    if not re.search(r"[:：=]\s*\n?[\s>*]*$", match[0][: match.start("value") - match.start()]):
        return False
    words = [value, *rest.split()]
    return len(words) <= 3 and not any(w.strip(_ENDS).lower() in _NO_PASSWORD for w in words)


def _base(role: Role) -> float:
    return {Role.SUBJECT: 1.5, Role.FILENAME: 1.5, Role.BODY: 1.0}.get(role, 0.5)


def _near_keywords(text: str, found: _Found) -> None:
    for match in _KEYWORD.finditer(text):
        strong = re.fullmatch(rf"(?i)(?:{_WORDS})", match[0]) is not None
        bonus = 20.0 if strong else 8.0
        after = text[match.end() : match.end() + _NEAR_AFTER]
        for quoted in _QUOTED.finditer(after):
            found.add(quoted[1].strip(), bonus + 12)
        for line in _said_lines(after):
            found.add(line, bonus + 2 if " " in line else bonus + 6)
        for rank, token in enumerate(_TOKEN.findall(after)[:14]):
            _near(token, bonus - rank * 0.6, found)
        before = _TOKEN.findall(text[max(0, match.start() - _NEAR_BEFORE) : match.start()])
        for rank, token in enumerate(reversed(before[-8:])):
            _near(token, bonus - 6 - rank, found)


def _near(token: str, bonus: float, found: _Found) -> None:
    shape = _shape(token.strip(_ENDS))
    if shape or token.strip(_ENDS).isdigit():
        found.add_variants(token, bonus + 3 * shape)
    elif token.strip(_ENDS).lower() not in _NO_PASSWORD:
        found.add_variants(token, bonus / 2)


def _said_lines(after: str) -> Iterator[str]:
    """The rest of the line behind ``:`` or ``is``, and the next line: passwords of several words."""
    match = re.match(r"[^\n:=]{0,60}?(?::|=|->|→|\bis\b|\blautet\b|\best\b)[ \t]*([^\n]{3,64})(?:\n|$)", after)
    if match:
        line = match[1].strip()
        yield line
        yield line.rstrip(_ENDS)
    following = after.partition("\n")[2].strip().partition("\n")[0].strip()
    if following and len(following) <= 40 and len(following.split()) <= 4:
        yield following


def _file_name(name: str, found: _Found) -> None:
    for line in name.splitlines():
        stem = line.rpartition(".")[0] or line
        found.add(stem.strip(), 2.5)
        for separator in ("_", " ", "--", "+", ","):
            for token in stem.split(separator):
                _scored(token, found, 2.0)
        for quoted in re.findall(r"[(\[{]([^)\]}]{3,40})[)\]}]", stem):
            found.add(quoted, 6.0)


def _bare(text: str, found: _Found, base: float) -> None:
    spans = [m.span() for m in _MAIL_OR_LINK.finditer(text)]
    clean = text
    for start, stop in reversed(spans):
        clean = clean[:start] + " " + clean[stop:]
    for quoted in _QUOTED.finditer(clean):
        found.add(quoted[1].strip(), base + 3 + 2 * _shape(quoted[1]))
    for line in clean.splitlines():
        alone = line.strip()
        if 3 <= len(alone) <= 40 and len(alone.split()) <= 3 and not _NUMBERS.fullmatch(alone):
            found.add(alone, base + 1 + 2 * _shape(alone) + (2 if " " not in alone else 0))
    for token in _TOKEN.findall(clean):
        _scored(token, found, base)
    asked = 12.0 if _BIRTH.search(clean) else 0.0
    for date in _DATE.finditer(clean):
        day, month, year = (date[1], date[2], date[3]) if date[3] else (date[6], date[5], date[4])
        day, month = day.zfill(2), month.zfill(2)
        for written in (
            date[0],
            day + month + year,
            day + month + year[2:],
            year + month + day,
            f"{day}/{month}/{year}",
        ):
            found.add(written, base + 0.8 + asked)


def _scored(token: str, found: _Found, base: float) -> None:
    bare = token.strip(_ENDS)
    shape = _shape(bare)
    if shape:
        found.add_variants(token, base + 2 * shape)
    elif bare.lower() not in _NO_PASSWORD:
        found.add_variants(token, base * 0.4)


def _shape(word: str) -> int:
    """How much a word looks like a password, 0 to 5: kinds of characters mixed inside it."""
    if len(word) < 4 or _NUMBERS.fullmatch(word) or _REFERENCE.fullmatch(word) or _MAIL_OR_LINK.fullmatch(word):
        return 0
    if _PLAIN.fullmatch(word):
        inner = word[1:]
        return 1 if any(c.isupper() for c in inner) and any(c.islower() for c in word) else 0
    letters, digits = any(c.isalpha() for c in word), any(c.isdigit() for c in word)
    symbols = sum(not c.isalnum() for c in word)
    mixed = any(c.isupper() for c in word) and any(c.islower() for c in word)
    score = 1 + (letters and digits) + mixed + (symbols > 0 and digits) + (len(word) >= 8)
    hyphenated = not digits and word.replace("-", "").replace("/", "").isalpha()
    return max(1, score - 2) if hyphenated and symbols < 2 else score
