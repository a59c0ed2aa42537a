"""Pivot caches of Office Open XML (ECMA-376-1, 18.10): the rows of the source as they were when it was last read.

A definition lists the fields and the different values of each; the records
refer to these by their numbers. Whoever gets the file has all rows back with
two clicks, whether the sheet that they came from is still there or not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from dlp_gateway.documents import tables, xml_events
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.documents.xml_events import Attributes
from dlp_gateway.model import Part, Role, Text, Unscanned

_DEFINITION = re.compile(r"xl/pivotcache/[^/]*definition(\d*)\.xml")
_RECORDS = re.compile(r"xl/pivotcache/[^/]*records\d*\.xml")
_VALUES = frozenset("sndbem")  # string, number, date, truth, error, missing
_MIDNIGHT = "T00:00:00"


@dataclass(slots=True)
class _Field:
    name: str
    inline: bool  # whether records have the field; one that is calculated they do not
    items: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Definition:
    fields: list[_Field] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def read(
    part: Part, members: Mapping[str, Callable[[], bytes]], budget: DocumentBudget
) -> Iterator[tuple[Item, tuple[str, ...]]]:
    """Yield every cache as a table, with the members of the package that it stands in.

    Values that no row refers to, and all of a cache without rows, follow with the names of their fields.
    """
    where = under(part.where, "pivot tables")
    left = [name for name in sorted(members) if _RECORDS.fullmatch(name)]
    for name in [*(name for name in sorted(members) if _DEFINITION.fullmatch(name)), ""]:
        wanted = _records_of(name, members, budget) if name and left else ""
        mine = [r for r in left if r == wanted] if name else left
        left = [r for r in left if r not in mine]
        try:
            definition = _definition(members[name](), budget) if name else _Definition()
            rows = [row for records in mine for row in _rows(members[records](), definition, budget)]
        except Unreadable as error:
            yield Unscanned(where, str(error)), (name, *mine)
            continue
        columns = [f.name for f in definition.fields if f.inline]
        table = tables.render(tables.plain_rows([columns, *rows])) if rows else None
        rest = [f"{f.name}: {v}" for f in definition.fields for at, v in enumerate(f.items) if at not in f.used and v]
        said = "\n".join([*((table.text(),) if table else ()), *dict.fromkeys(rest), *dict.fromkeys(definition.words)])
        budget.charge("characters", len(said))
        if said.strip():
            places = tuple(table.places) if table else ()
            yield Text(where, said, Role.DOCUMENT, part.names, places), (name, *mine)


def _records_of(name: str, members: Mapping[str, Callable[[], bytes]], budget: DocumentBudget) -> str:
    """The member with the records of a definition: by its relationship, else by its number."""
    folder, _, file = name.rpartition("/")
    targets: list[str] = []

    def start(_: str, attributes: Attributes) -> None:
        if attributes.get("Type", "").endswith("/pivotCacheRecords"):
            targets.append(attributes.get("Target", "").lower())

    if (relations := members.get(f"{folder}/_rels/{file}.rels")) is not None:
        try:
            xml_events.parse(relations(), budget, start=start, end=lambda _: None, text=lambda _: None)
        except Unreadable:
            targets.clear()
    found = [f"{folder}/{target}" if "/" not in target else target.lstrip("/") for target in targets]
    return next((target for target in found if target in members), name.replace("definition", "records"))


def _definition(content: bytes, budget: DocumentBudget) -> _Definition:
    definition = _Definition()
    fields, path = definition.fields, list[str]()

    def start(name: str, attributes: Attributes) -> None:
        path.append(name)
        if name == "cacheField":
            fields.append(_Field(attributes.get("name", ""), attributes.get("databaseField") not in ("0", "false")))
        elif name in _VALUES and fields and "sharedItems" in path:
            budget.charge("cells", 1)
            fields[-1].items.append(_value(name, attributes))
        elif name in _VALUES:
            definition.words.append(_value(name, attributes))
            return
        definition.words += [v for k, v in attributes.items() if k != "v" and len(v) > 2 and _is_said(k, v)]

    def end(_: str) -> None:
        path.pop()

    xml_events.parse(content, budget, start=start, end=end, text=_none)
    return definition


def _is_said(key: str, value: str) -> bool:
    """Whether an attribute says something: no number, no switch, no reference to another member."""
    return key not in ("id", "uid", "name", "Ignorable") and "://" not in value and any(map(str.isalpha, value))


def _rows(content: bytes, definition: _Definition, budget: DocumentBudget) -> Iterator[list[str]]:
    """The records with the values that they refer to."""
    rows, columns = list[list[str]](), [f for f in definition.fields if f.inline]

    def start(name: str, attributes: Attributes) -> None:
        if name == "r":
            rows.append([])
        elif rows and (name == "x" or name in _VALUES):
            budget.charge("cells", 1)
            at = len(rows[-1])
            shared = columns[at] if name == "x" and at < len(columns) else None
            rows[-1].append(_shared(shared, attributes.get("v", "")) if shared else _value(name, attributes))

    xml_events.parse(content, budget, start=start, end=_none, text=_none)
    yield from rows


def _shared(known: _Field, number: str) -> str:
    index = int(number) if number.isdigit() and len(number) < 10 else -1
    known.used.add(index)
    return known.items[index] if 0 <= index < len(known.items) else ""


def _value(name: str, attributes: Attributes) -> str:
    value = attributes.get("v", "")
    return value.removesuffix(_MIDNIGHT) if name == "d" else value


def _none(_: str) -> None:
    """Text and ends of elements say nothing here."""
