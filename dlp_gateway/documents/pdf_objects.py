"""Everything in a PDF that is no page text: annotations, form fields, bookmarks, attachments, properties.

One pass over all objects finds every dictionary wherever it hangs, so that
unlinked fields and annotations of earlier revisions are found as well.
"""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Iterator

import pikepdf

from dlp_gateway.documents import charset
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, under
from dlp_gateway.model import Part, Role, Text, Unscanned

# Keys whose strings are words, with what they belong to.
_WORDS: dict[str, str] = {
    "/Contents": "annotations",
    "/RC": "annotations",
    "/Subj": "annotations",
    "/T": "form fields",
    "/TU": "form fields",
    "/V": "form fields",
    "/DV": "form fields",
    "/RV": "form fields",
    "/Opt": "form fields",
    "/CA": "form fields",
    "/Title": "bookmarks",
    "/Alt": "alternative text",
    "/ActualText": "alternative text",
    "/E": "alternative text",
    "/URI": "links",
    "/JS": "scripts",
    "/Author": "properties",
    "/Subject": "properties",
    "/Keywords": "properties",
    "/Desc": "properties",
    "/UF": "file names",
    "/F": "file names",
    "/Name": "properties",
    "/Reason": "properties",
    "/Location": "properties",
    "/ContactInfo": "properties",
}
_ROLES = {"properties": Role.METADATA, "file names": Role.FILENAME, "links": Role.METADATA}
_INFO = ("/Title", "/Author", "/Subject", "/Keywords")
_OWN_WORDS = ("/Creator", "/Producer", "/CreationDate", "/ModDate", "/Trapped")
_MARKUP = re.compile(r"<[^<>]{1,400}>")
_XML_WORD = re.compile(r'>([^<>]++)<|\s(?!xmlns)[\w:]++\s*+=\s*+"([^"]*+)"')
# Versions, times and settings, but for what may be the number of a card or a person.
_NUMBERS = re.compile(r"(?!(?:[ \-]*\d){8}[\d \-]*\Z)[\d.\-:TZ+/ ]*|\d{4}-\d\d-\d\d")
_DATASETS = re.compile(r"<(?:\w{1,32}:)?datasets\b")
_LEAF = re.compile(r"<([\w.:\-]{1,200})(?:\s[^<>]*+)?>([^<>]++)</")
_STEP = 1 << 20
_MAX_OBJECTS = 400_000
_MAX_DEPTH = 40


def read(part: Part, document: pikepdf.Pdf, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the words, attached files, XMP and forms (XFA) of an open document."""
    words: dict[str, dict[str, None]] = {}
    files: list[pikepdf.Object] = []
    metadata: list[pikepdf.Object] = []
    count = 0
    try:
        for thing in document.objects:
            count += 1
            if count > _MAX_OBJECTS:
                yield Unscanned(part.where, "too many objects")
                break
            if count % 256 == 0:
                budget.check_time()
            if isinstance(thing, pikepdf.Object):
                if thing._type_code == pikepdf.ObjectType.stream:
                    check_stream(thing, budget)
                _collect(thing, words, files, metadata, 0)
        _info(document, words)
    except pikepdf.PdfError:
        yield Unscanned(part.where, "PDF objects are damaged")
    for label, found in words.items():
        text = "\n".join(found)
        budget.charge("characters", len(text))
        yield Text(under(part.where, label), text, _ROLES.get(label, Role.DOCUMENT), part.names)
    yield from _streams(part, files, metadata, budget)


def check_stream(stream: pikepdf.Object, budget: DocumentBudget) -> None:
    """Charge what a stream inflates to, so that no bomb reaches a library; raises OverBudget.

    Pictures are not counted (nothing here decodes them), unless filters are stacked.
    """
    filters = stream.get("/Filter")
    names = [str(f) for f in filters.as_list()] if isinstance(filters, pikepdf.Array) else [str(filters)]
    flates = sum(name in ("/FlateDecode", "/Fl") for name in names)
    if not flates or (flates == 1 and str(stream.get("/Subtype", "")) == "/Image"):
        return
    try:
        data = stream.read_raw_bytes()
    except pikepdf.PdfError:
        return
    packed = len(data)
    for level in range(flates):
        produced, kept = 0, list[bytes]()
        machine = zlib.decompressobj()
        rest = data
        try:
            while rest and not machine.eof:
                piece = machine.decompress(rest, _STEP)
                rest = machine.unconsumed_tail
                produced += len(piece)
                budget.charge("bytes", len(piece))
                budget.check_ratio(produced, packed)
                if level + 1 < flates:
                    kept.append(piece)
        except zlib.error:
            return
        data = b"".join(kept)


def _collect(
    thing: pikepdf.Object,
    words: dict[str, dict[str, None]],
    files: list[pikepdf.Object],
    metadata: list[pikepdf.Object],
    depth: int,
) -> None:
    """Look at one object and at what is direct in it; references are objects of their own."""
    kind = thing._type_code
    if kind == pikepdf.ObjectType.array:
        if depth < _MAX_DEPTH and len(thing) < 20_000:
            for item in thing.as_list():
                if isinstance(item, pikepdf.Object) and not item.is_indirect:
                    _collect(item, words, files, metadata, depth + 1)
        return
    if kind not in (pikepdf.ObjectType.dictionary, pikepdf.ObjectType.stream):
        return
    if kind == pikepdf.ObjectType.stream:
        _stream(thing, files, metadata)
    for key, value in thing.items():
        if isinstance(value, pikepdf.String):
            if key in _WORDS:
                _say(words, _WORDS[key], str(value))
        elif isinstance(value, pikepdf.Object):
            _value(key, value, words, files, metadata, depth)


def _stream(thing: pikepdf.Object, files: list[pikepdf.Object], metadata: list[pikepdf.Object]) -> None:
    role = str(thing.get("/Type", ""))
    if role == "/EmbeddedFile" or "/Params" in thing:
        files.append(thing)
    elif role == "/Metadata":
        metadata.append(thing)


def _value(
    key: str,
    value: pikepdf.Object,
    words: dict[str, dict[str, None]],
    files: list[pikepdf.Object],
    metadata: list[pikepdf.Object],
    depth: int,
) -> None:
    if key == "/XFA":
        metadata.extend(
            item
            for item in (value if isinstance(value, pikepdf.Array) else [value])
            if isinstance(item, pikepdf.Stream)
        )
    elif key in ("/RichContent", "/RV", "/RC", "/V", "/JS", "/Contents") and isinstance(value, pikepdf.Stream):
        if key != "/Contents":
            _say(words, _WORDS.get(key, "annotations"), charset.decode(value.read_bytes()))
    elif key in ("/EF", "/RF") and isinstance(value, pikepdf.Dictionary):
        files.extend(_specified(value))
    elif key in ("/V", "/DV", "/Opt", "/I") and isinstance(value, pikepdf.Array):
        for item in value.as_list():
            for leaf in item.as_list() if isinstance(item, pikepdf.Array) else [item]:
                if isinstance(leaf, pikepdf.String):
                    _say(words, "form fields", str(leaf))
    elif not value.is_indirect and depth < _MAX_DEPTH:
        _collect(value, words, files, metadata, depth + 1)


def _specified(value: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """The files of a file specification: keys of their own are optional (ISO 32000-2, 7.11.3 and 7.11.4)."""
    for found in value.values():
        for stream in found.as_list() if isinstance(found, pikepdf.Array) else (found,):
            if isinstance(stream, pikepdf.Stream):
                yield stream


def _say(words: dict[str, dict[str, None]], label: str, said: str) -> None:
    said = _MARKUP.sub(" ", said).strip() if said.lstrip().startswith("<") else said.strip("\0 ")
    if said:
        words.setdefault(label, {})[said] = None


def _info(document: pikepdf.Pdf, words: dict[str, dict[str, None]]) -> None:
    """The document information dictionary, own keys too."""
    if "/Info" not in document.trailer:
        return
    info = document.trailer["/Info"]
    for key, value in info.items() if isinstance(info, pikepdf.Dictionary) else ():
        if key not in _OWN_WORDS and isinstance(value, pikepdf.String):
            _say(words, "properties", str(value) if key in _INFO else f"{key[1:]}: {value}")


def _streams(
    part: Part, files: list[pikepdf.Object], metadata: list[pikepdf.Object], budget: DocumentBudget
) -> Iterator[Item]:
    for number, stream in enumerate({stream.objgen: stream for stream in files}.values(), 1):
        place = under(part.where, f"attached file {number}")
        content = _bytes(stream, budget)
        yield Unscanned(place, "attached file is damaged") if content is None else Part(place, content)
    said: dict[str, None] = {}
    for stream in metadata:
        if (content := _bytes(stream, budget)) is not None:
            text = charset.decode(content)
            values = dict(_form_values(text))
            said.update(dict.fromkeys(word for word in _xml_words(text) if word not in values))
            said.update(dict.fromkeys(values.values()))
    if said:
        yield Text(under(part.where, "metadata"), "\n".join(said), Role.METADATA, part.names)


def _bytes(stream: pikepdf.Object, budget: DocumentBudget) -> bytes | None:
    try:
        raw = len(stream.read_raw_bytes())
        content = bytes(stream.read_bytes())
    except pikepdf.PdfError:
        return None
    budget.charge("bytes", len(content))
    budget.check_ratio(len(content), raw)
    return content


def _form_values(text: str) -> Iterator[tuple[str, str]]:
    """The values of an XFA form (XFA 3.3, ``datasets``), and each with the name of its field: numbers alone as well."""
    if (datasets := _DATASETS.search(text)) is not None:
        for match in _LEAF.finditer(text, datasets.end()):
            if value := match[2].strip():
                yield value, f"{match[1].rpartition(':')[2]}: {html.unescape(value)}"


def _xml_words(text: str) -> Iterator[str]:
    """Text and attribute values of XMP packets and XFA forms, without their names and namespaces."""
    for match in _XML_WORD.finditer(text):
        value = (match[1] or match[2] or "").strip()
        if (
            value
            and not re.fullmatch(r"https?://\S+|uuid:\S+|xmp\S*|application/pdf", value)
            and not _NUMBERS.fullmatch(value)
        ):
            yield value
