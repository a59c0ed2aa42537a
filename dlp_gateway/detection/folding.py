"""How one character looks once its disguise is taken off.

The rules are those of a reader's eye, not of a language: an accent falls, a
compatibility form becomes the plain form (Unicode Annex 15, NFKD), a letter of
another script that looks like a Latin one becomes that one (Unicode Technical
Standard 39, confusables), anything that draws no ink disappears. Letters that
look like no Latin letter are transliterated, so that words of packs and words
of messages meet in one alphabet; scripts without such a transliteration stay.
"""

from __future__ import annotations

import unicodedata

# Characters that draw nothing (or a blank nobody types) although their category says letter, mark or symbol:
# combining grapheme joiner, Hangul and halfwidth fillers, Khmer inherent vowels, Mongolian separators, Braille blank.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2800\u3164\uffa0\U0001d159")

_DASHES = frozenset("\u02d7\u2043\u2212\u2796\u2e3a\u2e3b\ufe58\uff70\u2500\u2501\u2574\u2576")
_QUOTES = dict.fromkeys(
    "\u2018\u2019\u201a\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u02c8\u00b4\uff07\u275b\u275c", "'"
) | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02\u275d\u275e", '"')
_PUNCTUATION = {
    **_QUOTES,
    **dict.fromkeys("\u00b7\u2022\u2024\u2027\u2219\u22c5\u30fb\uff65\u3002\uff61\u06d4\u0701\u2023\u25cf\u2027", "."),
    **dict.fromkeys("\u060c\u3001\uff64\u201a\ua4f9", ","),
    **dict.fromkeys("\u2044\u2215\u29f8\u2571\u27cb", "/"),
    **dict.fromkeys("\u2236\u02d0\ua789\u05c3\u0589\u0703\ufe13", ":"),
    **dict.fromkeys("\u2223\u23d0\u01c0\u05c0\u2758\u2759\u275a\u2502\u2503\u00a6", "|"),
    **dict.fromkeys("\u2017\u203f\ufe4d\ufe4e\ufe4f", "_"),
    "\u0085": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
    "\x0b": "\n",
    "\x0c": "\n",
}


def _pairs(text: str) -> dict[str, str]:
    """Read "letter form letter form ..."; the form "0" stands for nothing at all."""
    words = text.split()
    return {letter: "" if form == "0" else form for letter, form in zip(words[::2], words[1::2], strict=True)}


# Latin letters without a decomposition, and the small capitals of the phonetic extensions.
_LATIN = _pairs("""
    ß ss ẞ SS æ ae Æ AE œ oe Œ OE ø o Ø O đ d Đ D ł l Ł L ı i þ th Þ Th ð d Ð D ħ h Ħ H ŧ t Ŧ T ŋ n Ŋ N ĸ k ə e Ə E
    ɑ a ɡ g ɩ i ɪ i ʏ y ɴ n ʀ r ʙ b ɢ g ʜ h ʟ l ꜱ s ꜰ f ƀ b ɓ b ƒ f ƙ k ƚ l ɛ e ʋ u ɯ w
    Ʒ Z ʒ z ᴀ a ᴄ c ᴅ d ᴇ e ᴊ j ᴋ k ᴍ m ᴏ o ᴘ p ᴛ t ᴜ u ᴠ v ᴡ w ᴢ z
""")

# What looks alike goes to the look-alike ("Р" to P), the rest to the usual transliteration ("ф" to f).
_CYRILLIC = _pairs("""
    А A В B Е E Ѕ S І I Ј J К K М M Н H О O Р P С C Т T У Y Ү Y Х X Һ H Ӏ I Ԁ D Ԛ Q Ԝ W
    а a в b е e ѕ s і i ј j к k м m н h о o р p с c т t у y ү y х x һ h ӏ l ԁ d ԛ q ԝ w
    Б B Г G Д D Ж Zh З Z И I Л L П P Ф F Ц C Ч Ch Ш Sh Щ Sch Ъ 0 Ы Y Ь 0 Э E Ю Yu Я Ya Є E Ґ G Ђ D Ћ C Љ Lj Њ Nj Џ Dz
    б b г g д d ж zh з z и i л l п p ф f ц c ч ch ш sh щ sch ъ 0 ы y ь 0 э e ю yu я ya є e ґ g ђ d ћ c љ lj њ nj џ dz
""")
_GREEK = _pairs("""
    Α A Β B Ε E Ζ Z Η H Ι I Κ K Μ M Ν N Ο O Ρ P Τ T Υ Y Χ X Ϲ C Γ G Δ D Θ Th Λ L Ξ X Π P Σ S Φ F Ψ Ps Ω W
    α a β b ε e ζ z η h ι i κ k μ m ν n ο o ρ p τ t υ y χ x ϲ c γ g δ d θ th λ l ξ x π p σ s ς s φ f ψ ps ω w ϳ j
""")
# Armenian, Cherokee and Lisu letters drawn like Latin ones.
_DRAWN_ALIKE = _pairs("""
    օ o ս u ո n ց g հ h Օ O Ս U Լ L Ꭺ A Ᏼ B Ꮯ C Ꭰ D Ꭼ E Ꮋ H Ꭻ J Ꮶ K Ꮮ L Ꮇ M Ꮲ P Ꮪ S Ꭲ T Ꮩ V Ꮃ W Ꮓ Z
    ꓐ B ꓑ P ꓓ D ꓔ T ꓖ G ꓗ K ꓙ J ꓚ C ꓜ Z ꓝ F ꓟ M ꓠ N ꓡ L ꓢ S ꓣ R ꓦ V ꓧ H ꓪ W ꓫ X ꓬ Y ꓮ A ꓰ E ꓲ I ꓳ O ꓴ U
""")
_LETTERS = _LATIN | _CYRILLIC | _GREEK | _DRAWN_ALIKE


def fold(character: str) -> str:
    """Return what one character (not ASCII) reads as; empty when it draws nothing.

    Lone surrogates become U+FFFD, so that the result can always be encoded.
    """
    simple = _simple(character)
    if simple is not None:
        return simple
    pieces = unicodedata.normalize("NFKD", character)
    if pieces == character:
        return _squared(ord(character))
    return unicodedata.normalize("NFC", "".join(piece if piece.isascii() else _known(piece) for piece in pieces))


def _known(piece: str) -> str:
    simple = _simple(piece)
    return piece if simple is None else simple


def _simple(character: str) -> str | None:
    """Fold without decomposition; None when no rule speaks of the character."""
    category = unicodedata.category(character)
    if character in _BLANK or category in {"Mn", "Me", "Cf", "Cc"}:
        return _PUNCTUATION.get(character, "")
    mapped = _PUNCTUATION.get(character) or _LETTERS.get(character)
    if mapped is not None:
        return mapped
    if category == "Cs":
        return "\ufffd"
    if category == "Zs":
        return " "
    if category == "Pd" or character in _DASHES:
        return "-"
    digit = unicodedata.digit(character, None)
    return None if digit is None else str(digit)


def _squared(code: int) -> str:
    """Letters in filled circles and squares, and flags, carry no decomposition."""
    for first in (0x1F150, 0x1F170, 0x1F1E6):
        if first <= code < first + 26:
            return chr(ord("A") + code - first)
    return chr(code)
