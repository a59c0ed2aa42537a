"""Office Open XML packages: docx, xlsx, pptx, their macro and template kinds, and xlsb.

Every member of the package is read, whether a relationship leads to it or
not: XML as text, everything else as a file found inside. Names of members
tell what a text is (comments, header, slide); see ECMA-376-1 for the parts.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from functools import partial

from dlp_gateway.documents import (
    binary_workbook,
    charset,
    fonts,
    leftovers,
    office_markup,
    pictures,
    pivot_cache,
    sheets,
    sniff,
    xml_events,
)
from dlp_gateway.documents.budget import DocumentBudget, OverBudget
from dlp_gateway.documents.flowing import FlowingText
from dlp_gateway.documents.items import Item, Outside, Unreadable, under
from dlp_gateway.documents.xml_events import Attributes
from dlp_gateway.documents.zip_structure import Entry, ZipStructure, parse
from dlp_gateway.mime.html import read_html
from dlp_gateway.model import Part, Role, Text, Unscanned

# Members that hold no text of the author's, or text that stands elsewhere.
_MACHINERY = re.compile(
    r"(?i)(?:\[content_types\]\.xml|.*/theme/theme\d*\.xml|.*/fonttable\.xml|.*/stylesWithEffects\.xml|word/styles\.xml"
    r"|xl/styles\.xml|.*/calcchain\.xml|.*/presprops\.xml|.*/viewprops\.xml|.*/tablestyles\.xml|.*/websettings\.xml"
    r"|.*/printersettings\d*\.bin|.*/diagrams/(?:colors|quickstyle|layout)\d*\.xml|.*/charts/(?:colors|style)\d*\.xml"
    r"|.*/fonts/font\d*\.(?:odttf|fntdata)|_xmlsignatures/.*|.*/volatiledependencies\.xml|.*/vbaprojectsignature\w*\.bin)"
)
# What the root of such a member is called; the rest of the name is the prefix.
_MACHINERY_ROOTS = frozenset(
    b"""Types theme themeOverride fonts styles styleSheet calcChain presentationPr viewPr tblStyleLst webSettings
    colorsDef styleDef layoutDef colorStyle chartStyle Signature Relationships volTypes plist""".split()
)
# The members of a binary workbook that are records (MS-XLSB, 2.1.7).
_RECORDS = re.compile(
    r"xl/(?:(?:workbook|sharedstrings|styles|metadata|calcchain|connections|volatiledependencies|attachedtoolbars"
    r"|customproperty\d*|comments\d*)|(?:worksheets|chartsheets|dialogsheets|macrosheets|intlmacrosheets|tables|querytables|pivottables"
    r"|pivotcache|externallinks|customproperty|slicers|slicercaches|revisions|comments)/[a-z]+\d*)\.bin"
)
_XML_NAME = re.compile(r"(?i).*\.(?:xml|rels|vml)")
_XML_START = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*\x00?<")
# What a member is, for people; the first pattern that fits names it, its number is the place within.
_PLACES: tuple[tuple[str, str, Role], ...] = (
    (r"docprops/.*", "properties", Role.METADATA),
    (r"customxml/.*|.*/customxml/.*", "custom XML", Role.DOCUMENT),
    (r"word/document\d*\.xml", "text", Role.DOCUMENT),
    (r"word/header\d*\.xml", "header", Role.DOCUMENT),
    (r"word/footer\d*\.xml", "footer", Role.DOCUMENT),
    (r"word/(?:footnotes|endnotes)\d*\.xml", "notes", Role.DOCUMENT),
    (r".*/(?:threaded)?comments?(?:extended|ids|/.*)?[^/]*\.xml", "comments", Role.DOCUMENT),
    (r"word/glossary/.*", "building blocks", Role.DOCUMENT),
    (r"word/settings\.xml", "settings", Role.METADATA),
    (r"ppt/slides/slide\d*\.xml", "slides", Role.DOCUMENT),
    (r"ppt/notesslides/.*\.xml", "speaker notes", Role.DOCUMENT),
    (r"ppt/(?:slidemasters|slidelayouts|notesmasters|handoutmasters)/.*\.xml", "slide masters", Role.DOCUMENT),
    (r"ppt/.*", "presentation", Role.METADATA),
    (r".*/charts?/.*|.*/chartsheets/.*", "charts", Role.DOCUMENT),
    (r".*/diagrams/.*|.*/drawings/.*", "drawings", Role.DOCUMENT),
    (r".*/pivotcache/.*|.*/pivottables/.*", "pivot tables", Role.DOCUMENT),
    (r".*/externallinks/.*", "external links", Role.DOCUMENT),
    (r"xl/.*", "workbook", Role.METADATA),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), name, role) for pattern, name, role in _PLACES)
_BINARY = re.compile(rb"<(?:\w+:)?binaryData\b[^<>]*+>([A-Za-z0-9+/=\s]*+)<")
_NO_FILE = ("empty", "unknown")
_CONTROL = re.compile(r".*/(?:activex/activex|ctrlprops/ctrlprop)\d*\.bin")
_NUMBER = re.compile(r"(\d+)\.\w+$")


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield everything in an Office package; raises Unreadable when it is no sound ZIP file."""
    package = parse(part.content, budget)
    members: dict[str, Entry] = {}
    for entry in package.entries:
        name = entry.name.replace("\\", "/").lstrip("/").lower()
        if name in members and not entry.is_folder:
            yield Unscanned(part.where, "two members of the package have the same name")
        members.setdefault(name, entry)
    taken: set[str] = {name for name, entry in members.items() if entry.is_folder}
    if "xl/workbook.bin" in members:
        records = {m: package.read(members[m], budget) for m in sorted(members) if _RECORDS.fullmatch(m)}
        records = {m: content for m, content in records.items() if sniff.kinds(content)[0] in _NO_FILE}
        taken |= set(records)
        yield from binary_workbook.read(part, records.values(), budget)
    elif any(name.startswith("xl/") for name in members):
        taken.add("xl/sharedstrings.xml")
        for item, names in _workbook(part, package, members, budget):
            taken.update(names)
            yield item
    flows: dict[tuple[str, Role], FlowingText] = {}
    for name in sorted(members, key=_natural):
        if name in taken:
            continue
        try:
            yield from _member(part, package, members[name], name, flows, budget)
        except Unreadable as error:
            yield Unscanned(under(part.where, _label(name)[0]), str(error))
    for (label, role), flow in flows.items():
        if (text := flow.text(under(part.where, label), role, part.names)) is not None:
            yield text
    for start, stop in package.gaps:
        yield Outside(Part(under(part.where, "data outside the package"), part.content[start:stop], inline=True))


def _workbook(
    part: Part, package: ZipStructure, members: dict[str, Entry], budget: DocumentBudget
) -> Iterator[tuple[Item, tuple[str, ...]]]:
    """Sheets and pivot caches, each with the members that it stands in."""
    for item, name in _Workbook(part, package, members, budget).read():
        yield item, (name,)
    contents = {name: partial(package.read, entry, budget) for name, entry in members.items()}
    yield from pivot_cache.read(part, contents, budget)


def read_flat(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the text of a flat document (``pkg:package`` of Office 2007, Word 2003 XML) and files inside it."""
    flow = office_markup.with_extras(office_markup.read(_BINARY.sub(b"", part.content), budget))
    if (text := flow.text(part.where, hints=part.names)) is not None:
        yield text
    for number, match in enumerate(_BINARY.finditer(part.content), 1):
        content = binascii.a2b_base64(match[1])
        budget.charge("bytes", len(content))
        yield Part(under(part.where, f"embedded file {number}"), content, inline=True)


def _member(
    part: Part,
    package: ZipStructure,
    entry: Entry,
    name: str,
    flows: dict[tuple[str, Role], FlowingText],
    budget: DocumentBudget,
) -> Iterator[Item]:
    content = package.read(entry, budget)
    label, role = _label(name)
    if not content or (
        name.startswith("docprops/thumbnail") and pictures.is_preview(content, sniff.kinds(content)[0], budget)
    ):
        return
    if _CONTROL.fullmatch(name):
        flows.setdefault((label, role), FlowingText(budget)).add(leftovers.words(content) + "\n")
        return
    if _MACHINERY.fullmatch(name) and _is_machinery(name, content):
        if name.endswith(".bin") and (said := leftovers.sentences(content)):
            flows.setdefault(("settings", Role.METADATA), FlowingText(budget)).add("\n".join([*said, ""]))
        return
    if not (_XML_NAME.fullmatch(name) and _XML_START.match(content)):
        yield Part(under(part.where, _inside(name)), content, (entry.name.rpartition("/")[2],), inline=True)
        return
    flow = flows.setdefault((label, role), FlowingText(budget))
    if name.endswith(".rels"):
        for target in _external_targets(content, budget):
            flow.add(target + "\n")
        return
    if label in ("slides", "speaker notes") and (number := _NUMBER.search(name)):
        hidden = label == "slides" and _hidden_slide(content)
        flow.place(f"slide {number[1]} (hidden)" if hidden else f"slide {number[1]}")
    elif label == "custom XML":
        flow.add(_all_values(content, budget))
        return
    if (text := _markup(name, content, budget).text(label)) is not None:
        flow.add(text.text)
        flow.line()


def _markup(name: str, content: bytes, budget: DocumentBudget) -> FlowingText:
    try:
        return office_markup.with_extras(office_markup.read(content, budget))
    except Unreadable as error:
        # Excel itself writes unclosed <br> into the labels of controls.
        if name.endswith(".vml") and str(error) == xml_events.NOT_WELL_FORMED:
            return _as_page(content, budget)
        raise


def _as_page(content: bytes, budget: DocumentBudget) -> FlowingText:
    """The text of a drawing that is no XML, read as leniently as HTML."""
    flow = FlowingText(budget)
    for source in charset.readings(content):
        page = read_html(source, budget.left("characters"))
        if page.truncated:
            raise OverBudget("too much text")
        for said in dict.fromkeys((page.visible, page.hidden, page.attributes, page.everything)):
            flow.add(said)
            flow.line()
    return flow


def _is_machinery(name: str, content: bytes) -> bool:
    """Whether a member is what its name says, so that there is nothing of the author's to read in it."""
    if "/fonts/" in name:
        return fonts.is_embedded_font(content)
    if name.endswith(".bin"):
        return sniff.kinds(content)[0] in (*_NO_FILE, "der", "cms")
    root = xml_events.root(content)
    return root in _MACHINERY_ROOTS and (root in (b"Signature", b"plist") or not xml_events.has_text(content))


def _label(name: str) -> tuple[str, Role]:
    if name.endswith(".rels"):
        return "links", Role.METADATA
    return next(
        ((label, role) for pattern, label, role in _COMPILED if pattern.fullmatch(name)), ("text", Role.DOCUMENT)
    )


def _inside(name: str) -> str:
    number = _NUMBER.search(name)
    kind = "picture" if "/media/" in name else "macros" if "vbaproject" in name else "embedded file"
    return f"{kind} {number[1]}" if number else kind


def _natural(name: str) -> tuple[str, int, str]:
    number = _NUMBER.search(name)
    return name[: number.start()] if number else name, int(number[1][:9]) if number else 0, name


def _hidden_slide(content: bytes) -> bool:
    head = content[:4000]
    start = head.find(b"sld ")
    return start >= 0 and re.search(rb'\sshow\s*=\s*["\'](?:0|false)', head[start : head.find(b">", start)]) is not None


def _external_targets(content: bytes, budget: DocumentBudget) -> list[str]:
    targets: list[str] = []

    def start(_: str, attributes: Attributes) -> None:
        if attributes.get("TargetMode") == "External" and (target := attributes.get("Target")):
            targets.append(target)

    xml_events.parse(content, budget, start=start, end=lambda _: None, text=lambda _: None)
    return list(dict.fromkeys(targets))


def _all_values(content: bytes, budget: DocumentBudget) -> str:
    """Custom XML: every attribute and text with the name of its element, as ``name: value`` lines."""
    lines: list[str] = []
    path: list[str] = []

    def start(name: str, attributes: Attributes) -> None:
        path.append(name)
        lines.extend(f"{key}: {value}\n" for key, value in attributes.items() if value and "://" not in value)

    def text(data: str) -> None:
        if data.strip():
            lines.append(f"{path[-1]}: {data.strip()}\n")

    def end(_: str) -> None:
        path.pop()

    xml_events.parse(content, budget, start=start, end=end, text=text)
    return "".join(lines)


class _Workbook:
    """The parts of a workbook that belong together: sheets, their order and state, strings and styles."""

    def __init__(self, part: Part, package: ZipStructure, members: dict[str, Entry], budget: DocumentBudget) -> None:
        self._part = part
        self._package = package
        self._members = members
        self._budget = budget
        self._states: dict[str, str] = {}
        self._epoch_1904 = False

    def read(self) -> Iterator[tuple[Item, str]]:
        """Yield items together with the member that they came from."""
        where = self._part.where
        book = sheets.Workbook()
        try:
            self._order()
            if (styles := self._content("xl/styles.xml")) is not None:
                book.formats = sheets.read_formats(styles, self._budget, epoch_1904=self._epoch_1904)
            if (strings := self._content("xl/sharedstrings.xml")) is not None:
                book.strings = sheets.read_strings(strings, self._budget)
        except Unreadable as error:
            yield Unscanned(under(where, "workbook"), str(error)), ""
        for position, name in enumerate(self._sheet_names(), 1):
            state = self._states.get(name, "")
            place = under(where, f"sheet {position} ({state})" if state else f"sheet {position}")
            try:
                content = self._package.read(self._members[name], self._budget)
                for text in sheets.read_sheet(content, place, book, self._budget, self._part.names):
                    yield text, name
            except Unreadable as error:
                yield Unscanned(place, str(error)), name
        if book.strings and (unused := book.unused()):
            text = Text(under(where, "deleted cells"), "\n".join(unused), Role.DOCUMENT, self._part.names)
            yield text, "xl/sharedstrings.xml"

    def _content(self, name: str) -> bytes | None:
        return self._package.read(self._members[name], self._budget) if name in self._members else None

    def _sheet_names(self) -> list[str]:
        """Members that are worksheets: in the order of the workbook, then those that it does not mention."""
        found = [m for m in sorted(self._members, key=_natural) if re.fullmatch(r"xl/worksheets/[^/]+\.xml", m)]
        return [*(m for m in self._states if m in self._members), *(m for m in found if m not in self._states)]

    def _order(self) -> None:
        if (workbook := self._content("xl/workbook.xml")) is None:
            return
        targets: dict[str, str] = {}
        if (relations := self._content("xl/_rels/workbook.xml.rels")) is not None:
            xml_events.parse(
                relations,
                self._budget,
                start=lambda _, a: targets.update({a.get("Id", ""): a.get("Target", "")}),
                end=lambda _: None,
                text=lambda _: None,
            )

        def start(name: str, attributes: Attributes) -> None:
            if name == "workbookPr":
                self._epoch_1904 = attributes.get("date1904", "") in ("1", "true")
            elif name == "sheet":
                target = targets.get(attributes.get("id", ""), "").lower()
                member = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                state = attributes.get("state", "")
                self._states[member] = {"hidden": "hidden", "veryHidden": "very hidden"}.get(state, "")

        xml_events.parse(workbook, self._budget, start=start, end=lambda _: None, text=lambda _: None)
        self._states = {m: s for m, s in self._states.items() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", m)}
