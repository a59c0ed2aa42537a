"""OpenDocument files (ODF 1.3): text, sheets, slides, and how they are encrypted."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import protection, tables, unpack, xml_events
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.flowing import FlowingText
from dlp_gateway.documents.items import Item, Locked, Outside, Unreadable, under
from dlp_gateway.documents.xml_events import Attributes
from dlp_gateway.documents.zip_structure import Entry, ZipStructure, parse
from dlp_gateway.model import Part, Protection, Role, Text, Unscanned

_MACHINERY = re.compile(r"(?:mimetype|META-INF/.*|Thumbnails/.*|Configurations2/.*|layout-cache|settings\.xml|.*\.rdf)")
_BLOCKS = frozenset(
    "p h list-item annotation title subtitle keyword description user-defined subject creator option".split()
)
_WORDS = frozenset(
    "string-value formula condition prompt-message href label current-value title help-text value".split()
)
_OWN_ROWS = 1000  # more repeated cells than that are a way to fill a sheet, not data


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield everything in an OpenDocument package, or its lock."""
    package = parse(part.content, budget)
    manifest = package.find("META-INF/manifest.xml")
    locks = _encryption(package.read(manifest, budget)) if manifest is not None else {}
    if locks:
        yield from _locked(part, package, locks, budget)
        return
    yield from _members(part, package, budget)


def _members(part: Part, package: ZipStructure, budget: DocumentBudget) -> Iterator[Item]:
    for number, entry in enumerate(package.entries, 1):
        if entry.is_folder or _MACHINERY.fullmatch(entry.name):
            continue
        place = part.where if entry.name == "content.xml" else under(part.where, _label(entry.name, number))
        try:
            content = package.read(entry, budget)
            if entry.name.endswith(".xml") or content[:5] == b"<?xml":
                role = Role.METADATA if entry.name.endswith("meta.xml") else Role.DOCUMENT
                yield from _xml(Part(place, content, part.names), budget, role)
            elif content:
                yield Part(place, content, inline=True)
        except Unreadable as error:
            yield Unscanned(place, str(error))
    for start, stop in package.gaps:
        yield Outside(Part(under(part.where, "data outside the package"), part.content[start:stop], inline=True))


def _label(name: str, number: int) -> str:
    if name == "styles.xml":
        return "headers and footers"
    if name.endswith("meta.xml"):
        return "properties"
    return f"picture {number}" if name.startswith("Pictures/") else f"embedded file {number}"


def read_flat(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield everything in a flat OpenDocument file (fodt, fods, fodp)."""
    yield from _xml(part, budget, Role.DOCUMENT)


def _xml(part: Part, budget: DocumentBudget, role: Role) -> Iterator[Item]:
    walker = _Walker(budget)
    xml_events.parse(part.content, budget, start=walker.start, end=walker.end, text=walker.text, doctype=True)
    for sheet in walker.sheets:
        where = under(part.where, sheet.label)
        rows = [row for row in sheet.rows if row.cells]
        table = tables.render(rows, cell_places=sum(len(row.cells) for row in rows) < 50_000)
        if table.length:
            budget.charge("characters", table.length)
            yield Text(where, table.text(), role, part.names, tuple(table.places))
    walker.flow.line()
    for extra in dict.fromkeys(walker.extras):
        walker.flow.add(extra)
        walker.flow.line()
    if (text := walker.flow.text(part.where, role, part.names)) is not None:
        yield text
    for number, picture in enumerate(walker.binaries, 1):
        yield Part(under(part.where, f"embedded file {number}"), picture, inline=True)


@dataclass(slots=True)
class _Sheet:
    label: str
    rows: list[tables.Row] = field(default_factory=list)


class _Walker:
    """Text as it flows; tables of spreadsheets as sheets with cell places, other tables in the flow."""

    def __init__(self, budget: DocumentBudget) -> None:
        self.flow = FlowingText(budget)
        self.sheets: list[_Sheet] = []
        self.extras: list[str] = []
        self.binaries: list[bytes] = []
        self._budget = budget
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._open: list[str] = []
        self._spreadsheet = False
        self._depth = 0
        self._cell: list[str] | None = None
        self._value = ""
        self._row_repeat = self._cell_repeat = self._column = self._row = 0
        self._slide = 0

    def start(self, name: str, attributes: Attributes) -> None:
        self._open.append(name)
        for key, value in attributes.items():
            if key in _WORDS and value.strip() and name not in ("table-cell", "covered-table-cell", "binary-data"):
                self.extras.append(value)
        match name:
            case "spreadsheet":
                self._spreadsheet = True
            case "style":
                self._style = attributes.get("name", "")
            case "table-properties" if attributes.get("display") == "false":
                self._hidden_styles.add(self._style)
            case "table":
                self._start_table(attributes)
            case "table-row":
                self._start_row(attributes)
            case "table-cell" | "covered-table-cell":
                self._start_cell(attributes)
            case "page" if self._open[-2:-1] == ["presentation"]:
                self._slide += 1
                self.flow.place(f"slide {self._slide}")
            case "tab" | "s":
                self._add("\t" if name == "tab" else " " * min(_number(attributes.get("c"), 1), 200))
            case "line-break":
                self._add("\n")

    def _start_table(self, attributes: Attributes) -> None:
        self._depth += 1
        if self._spreadsheet and self._depth == 1:
            hidden = " (hidden)" if attributes.get("style-name", "") in self._hidden_styles else ""
            self.sheets.append(_Sheet(f"sheet {len(self.sheets) + 1}{hidden}"))
            self.extras.append(attributes.get("name", ""))
            self._row = 0
        else:
            self.flow.start_table()

    def _start_row(self, attributes: Attributes) -> None:
        if self._in_sheet():
            self._row_repeat = _number(attributes.get("number-rows-repeated"), 1)
            self._row += 1
            self._column = 0
            self.sheets[-1].rows.append(tables.Row(self._row))
        else:
            self.flow.start_row()

    def _start_cell(self, attributes: Attributes) -> None:
        self._cell_repeat = _number(attributes.get("number-columns-repeated"), 1)
        value = next(
            (attributes[k] for k in ("date-value", "time-value", "string-value", "value") if k in attributes), ""
        )
        if self._in_sheet():
            self._cell, self._value = [], value
            if '"' in attributes.get("formula", ""):
                self.extras.append(attributes["formula"])
        else:
            self.flow.start_cell()

    def end(self, name: str) -> None:
        self._open.pop()
        match name:
            case "table":
                self._depth -= 1
                if not self._spreadsheet or self._depth:
                    self.flow.end_table()
            case "table-row" if self._in_sheet():
                self._row += min(self._row_repeat, 1 << 20) - 1
            case "table-cell" | "covered-table-cell":
                self._end_cell()
            case "annotation" | "p" | "h" if self._cell is not None:
                self._cell.append("\n")
            case _ if name in _BLOCKS:
                self.flow.line()

    def _end_cell(self) -> None:
        if self._cell is None:
            self.flow.end_cell(min(self._cell_repeat, _OWN_ROWS))
            return
        self._budget.charge("cells", 1)
        shown = " ".join("".join(self._cell).split())
        text = (
            shown if not self._value or self._value in shown else f"{shown} ({self._value})" if shown else self._value
        )
        if text:
            self.sheets[-1].rows[-1].cells.append((tables.column_name(self._column), text, tables.is_numeric(text)))
        self._column += min(self._cell_repeat, 1 << 14)
        self._cell = None

    def _in_sheet(self) -> bool:
        return self._spreadsheet and self._depth == 1

    def text(self, data: str) -> None:
        if self._open and self._open[-1] == "binary-data":
            try:
                self.binaries.append(base64.b64decode(data))
            except (binascii.Error, ValueError):
                self.extras.append(data)
            return
        if self._open and (self._open[-1] in ("script", "config-item", "edit-duration", "generator") or data.isspace()):
            data = " " if data.isspace() and self._open[-1] in ("p", "h", "span", "a") else ""
        self._add(data)

    def _add(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
        else:
            self.flow.add(data)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() and len(text) < 10 else default


@dataclass(frozen=True, slots=True)
class _Lock:
    """One encrypted member as the manifest describes it."""

    cipher: str
    derivation: str
    iterations: int
    key_size: int
    start_key: str
    salt: bytes = field(repr=False)
    vector: bytes = field(repr=False)
    checksum: bytes = field(repr=False)
    checksum_type: str = ""
    argon: tuple[int, int, int] | None = None


def _encryption(manifest: bytes) -> dict[str, _Lock]:
    """Return the encrypted members of a package by their paths."""
    found: dict[str, _Lock] = {}
    for match in re.finditer(rb"<(?:\w+:)?file-entry\b([^>]*)>(.*?)</(?:\w+:)?file-entry>", manifest, re.DOTALL):
        body = match[2]
        if b"encryption-data" not in body:
            continue

        def value(name: bytes, body: bytes = body) -> str:
            hit = re.search(rb'[:\s]%s="([^"]*)"' % name, body)
            return hit[1].decode("utf-8", "replace") if hit else ""

        path = re.search(rb'full-path="([^"]*)"', match[1])
        derivation = value(b"key-derivation-name").rpartition("#")[2].lower()
        argon = tuple(_number(value(n), 0) for n in (b"argon2-iterations", b"argon2-memory", b"argon2-lanes"))
        lock = _Lock(
            value(b"algorithm-name").rpartition("#")[2].lower(),
            derivation,
            _number(value(b"iteration-count"), 1024),
            _number(_in(body, b"key-derivation", b"key-size"), 16),
            value(b"start-key-generation-name").rpartition("#")[2].lower(),
            _b64(value(b"salt")),
            _b64(value(b"initialisation-vector")),
            _b64(value(b"checksum")),
            value(b"checksum-type").rpartition("#")[2].lower(),
            (argon[0], argon[1], argon[2]) if "argon" in derivation else None,
        )
        found[path[1].decode("utf-8", "replace") if path else ""] = lock
    return found


def _in(body: bytes, element: bytes, name: bytes) -> str:
    hit = re.search(rb"<(?:\w+:)?%s\b[^>]*?[:\s]%s=\"([^\"]*)\"" % (element, name), body)
    return hit[1].decode("ascii", "replace") if hit else ""


def _b64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _locked(part: Part, package: ZipStructure, locks: dict[str, _Lock], budget: DocumentBudget) -> Iterator[Item]:
    entries = {e.name: e for e in package.entries}
    locked = {name: lock for name, lock in locks.items() if name in entries}
    if not locked:
        raise Unreadable("manifest names encrypted members that are not there")
    clear = [
        e for e in package.entries if e.name not in locked and not e.is_folder and not _MACHINERY.fullmatch(e.name)
    ]
    grade = protection.weakest(tuple(_grade(lock) for lock in locked.values()))
    rounds = max(lock.iterations for lock in locked.values())

    def attempt(password: str) -> tuple[Part, ...] | None:
        return _unlock(part, package, entries, locked, password, budget)

    yield Locked(part.where, grade, attempt, rounds=rounds, size=len(part.content))
    for number, entry in enumerate(clear, 1):
        if not package.read(entry, budget).startswith(b"<?xml") or entry.name in (
            "content.xml",
            "styles.xml",
            "meta.xml",
        ):
            content = package.read(entry, budget)
            yield Part(under(part.where, f"clear member {number}"), content, (entry.name,), inline=True)


def _grade(lock: _Lock) -> Protection:
    match lock.cipher:
        case "aes256-cbc" | "aes192-cbc" | "aes128-cbc":
            return protection.graded(f"odf-{lock.cipher[:6]}", cipher="AES-CBC", key_bits=int(lock.cipher[3:6]))
        case "aes256-gcm":
            return protection.graded("odf-aes256-gcm", cipher="AES-GCM", key_bits=256)
        case "blowfish" | "blowfish cfb" | "":
            return protection.graded("odf-blowfish", cipher="Blowfish", key_bits=128)
    return protection.graded("odf-unknown", cipher=lock.cipher)


def _unlock(
    part: Part,
    package: ZipStructure,
    entries: dict[str, Entry],
    locked: dict[str, _Lock],
    password: str,
    budget: DocumentBudget,
) -> tuple[Part, ...] | None:
    opened: list[Part] = []
    order = sorted(locked, key=lambda name: (name != "content.xml", entries[name].packed))
    for number, name in enumerate(order, 1):
        entry = entries[name]
        sealed = package.content[entry.start : entry.start + entry.packed]
        content = _decrypt(locked[name], sealed, password, budget)
        if content is None:
            return None if number == 1 else tuple(opened)
        if content:
            opened.append(Part(under(part.where, f"member {number}"), content, (name,), inline=True))
    return tuple(opened)


def _decrypt(lock: _Lock, sealed: bytes, password: str, budget: DocumentBudget) -> bytes | None:
    """Decrypt a member (ODF 1.3 part 2, 3.4): hash, derive, decrypt, check, inflate; None for a wrong password."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    start = hashlib.sha256 if "sha256" in lock.start_key else hashlib.sha1
    key = _derived(lock, start(password.encode("utf-8")).digest())
    if key is None:
        return None
    try:
        if lock.cipher.endswith("gcm"):
            packed = AESGCM(key).decrypt(sealed[:12], sealed[12:], None)
        elif lock.cipher.startswith("aes"):
            machine = Cipher(algorithms.AES(key), modes.CBC(lock.vector)).decryptor()
            packed = machine.update(sealed) + machine.finalize()
            check = hashlib.sha256 if "sha256" in lock.checksum_type else hashlib.sha1
            if lock.checksum and check(packed[:1024]).digest() != lock.checksum:
                return None
        else:
            return None
        return unpack.inflate(packed, budget)[0]
    except (ValueError, InvalidTag, Unreadable):
        return None


def _derived(lock: _Lock, start: bytes) -> bytes | None:
    if lock.argon is not None:
        from argon2.low_level import Type, hash_secret_raw

        rounds, memory, lanes = lock.argon
        if memory > 1 << 17 or rounds > 16 or not memory:
            return None
        return hash_secret_raw(start, lock.salt, rounds, memory, lanes, lock.key_size or 32, Type.ID)
    return hashlib.pbkdf2_hmac("sha1", start, lock.salt, lock.iterations, lock.key_size or 16)
