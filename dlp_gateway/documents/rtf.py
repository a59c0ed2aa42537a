"""Rich Text Format 1.9.1: all text with its destinations told apart, and objects inside."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.flowing import FlowingText
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part, Role

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_SKIPPED = frozenset(
    b"""fonttbl colortbl stylesheet listtable listoverridetable rsidtbl generator themedata colorschememapping
    latentstyles datastore xmlnstbl filetbl revtbl mmathPr wgrffmtfilter pgptbl fchars lchars blipuid objclass
    objname datafield
    sn sp_name panose falt ftnsep ftnsepc aftnsep aftnsepc pnseclvl atrfstart atrfend atnref bkmkend htmltag mhtmltag
    creatim revtim printim buptim levelnumbers leveltext""".split()
)
_PLACES: dict[bytes, str] = {
    b"header": "header", b"headerl": "header", b"headerr": "header", b"headerf": "header",
    b"footer": "footer", b"footerl": "footer", b"footerr": "footer", b"footerf": "footer",
    b"footnote": "notes", b"annotation": "comments", b"atnauthor": "comments", b"atnid": "comments", b"atndate": "skip",
    b"info": "properties", b"userprops": "properties", b"docvar": "properties", b"xmlopen": "properties",
    b"shptxt": "text boxes", b"dptxbxtext": "text boxes", b"fldinst": "fields", b"formfield": "fields",
    b"bkmkstart": "bookmarks", b"pict": "picture", b"objdata": "object", b"sv": "text boxes",
}  # fmt: skip
_BREAKS: dict[bytes, str] = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"column": "\n", b"softline": "\n", b"tab": "\t",
    b"cell": "\t", b"nestcell": "\t", b"row": "\n", b"nestrow": "\n", b"emdash": "\u2014", b"endash": "\u2013",
    b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"bullet": "\u2022",
    b"emspace": " ", b"enspace": " ", b"qmspace": " ",
}  # fmt: skip
_CHARSETS = {0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253",
             162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
             238: "cp1250", 255: "cp437"}  # fmt: skip
_TRANSPARENT = frozenset({b"shpinst", b"background", b"nesttableprops", b"shppict", b"nonshppict"})
_MAX_DEPTH = 2000


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits from the one around it."""

    place: str = "text"
    skip: bool = False
    unicode_skip: int = 1
    font: int = -1
    hidden: bool = False


@dataclass(slots=True)
class _Reading:
    budget: DocumentBudget
    codepage: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    flows: dict[str, FlowingText] = field(default_factory=dict)
    pending: bytearray = field(default_factory=bytearray)
    hex: bytearray = field(default_factory=bytearray)
    children: list[tuple[str, bytes]] = field(default_factory=list)
    to_skip: int = 0
    high: int = 0


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the text of an RTF file by place (text, header, comments ...), pictures and objects in it."""
    reading = _Reading(budget)
    _walk(part.content, reading)
    for label, flow in reading.flows.items():
        role = Role.METADATA if label == "properties" else Role.DOCUMENT
        where = part.where if label == "text" else under(part.where, label)
        flow.tabulate()
        if (text := flow.text(where, role, part.names)) is not None:
            yield text
    for number, (label, content) in enumerate(reading.children, 1):
        yield Part(under(part.where, f"{label} {number}"), content, inline=True)


def _walk(content: bytes, reading: _Reading) -> None:
    state, stack = _State(), list[_State]()
    position, starred, count = 0, False, 0
    while match := _TOKEN.match(content, position):
        position = match.end()
        count += 1
        if count % 4096 == 0:
            reading.budget.check_time()
        word, number, hexed, symbol, brace, text = match.groups()
        if word is not None:
            if word == b"bin":
                size = max(int(number or 0), 0)
                reading.hex += binascii.hexlify(content[position : position + size])
                position += size
                continue
            state = _word(word, int(number) if number else None, state, reading, starred=starred)
            starred = False
        elif brace == b"{":
            _flush(reading, state)
            stack.append(state)
            if len(stack) > _MAX_DEPTH:
                raise Unreadable("RTF is nested too deeply")
        elif brace == b"}":
            _flush(reading, state)
            _close(reading, state, stack[-1] if stack else _State())
            state = stack.pop() if stack else _State()
        elif symbol is not None:
            starred = symbol == b"*"
            _symbol(symbol, state, reading)
        else:
            _bytes(hexed, text, state, reading)
    _flush(reading, state)
    if position < len(content.rstrip(b"\0\r\n \\")):
        raise Unreadable("RTF is damaged")


def _word(word: bytes, number: int | None, state: _State, reading: _Reading, *, starred: bool) -> _State:
    _flush(reading, state)
    if word == b"u" and number is not None:
        unit = number & 0xFFFF
        _say(_surrogate(unit, reading) if 0xD800 <= unit < 0xE000 else chr(unit), state, reading)
        reading.to_skip = state.unicode_skip
        return state
    reading.to_skip = 0
    if mark := _BREAKS.get(word):
        _say(mark, state, reading)
        return state
    match word:
        case b"uc":
            return replace(state, unicode_skip=number if number is not None else 1)
        case b"ansicpg":
            reading.codepage = f"cp{number}" if number else "cp1252"
        case b"mac":
            reading.codepage = "mac_roman"
        case b"pc":
            reading.codepage = "cp437"
        case b"f" | b"deff":
            return replace(state, font=number or 0)
        case b"fcharset":
            if number in _CHARSETS:
                reading.fonts[state.font] = _CHARSETS[number]
        case b"plain":
            return replace(state, font=-1)
        case _:
            return _destination(word, state, starred=starred)
    return state


def _destination(word: bytes, state: _State, *, starred: bool) -> _State:
    """The state in the group that ``word`` opens, when it is a destination."""
    if word in _SKIPPED:
        return replace(state, skip=True)
    if (place := _PLACES.get(word)) is not None:
        return replace(state, place=place, skip=place == "skip")
    if starred and word not in _TRANSPARENT and state.place == "text":
        return replace(state, place="other")
    return state


def _surrogate(unit: int, reading: _Reading) -> str:
    """Join the two halves of a character beyond the basic plane."""
    if unit < 0xDC00:
        reading.high = unit
        return ""
    high, reading.high = reading.high or 0xD83D, 0
    return chr(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00))


def _symbol(symbol: bytes, state: _State, reading: _Reading) -> None:
    said = {b"~": " ", b"_": "-", b"-": "", b"\n": "\n", b"\r": "\n", b"\\": "\\", b"{": "{", b"}": "}"}.get(symbol)
    if said is None:
        return
    if reading.to_skip and symbol in b"\\{}":
        reading.to_skip -= 1
        return
    _flush(reading, state)
    _say(said, state, reading)


def _bytes(hexed: bytes | None, text: bytes | None, state: _State, reading: _Reading) -> None:
    data = bytes.fromhex(hexed.decode()) if hexed is not None else text or b""
    if reading.to_skip:
        skipped = min(reading.to_skip, len(data))
        reading.to_skip -= skipped
        data = data[skipped:]
    if state.place in ("picture", "object") and not state.skip:
        reading.hex += data
    else:
        reading.pending += data


def _flush(reading: _Reading, state: _State) -> None:
    if reading.pending:
        charset = reading.fonts.get(state.font, reading.codepage)
        try:
            said = reading.pending.decode(charset, "replace")
        except LookupError:
            said = reading.pending.decode("cp1252", "replace")
        reading.pending.clear()
        _say(said, state, reading)


def _say(text: str, state: _State, reading: _Reading) -> None:
    if not state.skip and state.place not in ("picture", "object") and text:
        reading.flows.setdefault(state.place, FlowingText(reading.budget)).add(text)


def _close(reading: _Reading, state: _State, outer: _State) -> None:
    """At the end of a destination: end its line, or decode its hexadecimal digits."""
    if state.place == outer.place:
        return
    if state.place in ("picture", "object") and reading.hex:
        digits = re.sub(rb"[^0-9a-fA-F]", b"", bytes(reading.hex))
        reading.hex.clear()
        data = binascii.unhexlify(digits[: len(digits) & ~1])
        reading.budget.charge("bytes", len(data))
        reading.children.append((state.place, _object(data) if state.place == "object" else data))
    elif state.place in reading.flows:
        reading.flows[state.place].line()


def _object(data: bytes) -> bytes:
    """The native data of an OLE 1.0 object (MS-OLEDS 2.2.5): version, format, three strings, size, data."""
    position = 8
    for _ in range(3):
        if position + 4 > len(data):
            return data
        position += 4 + int.from_bytes(data[position : position + 4], "little")
    return data[position + 4 :] if position + 4 < len(data) else data
