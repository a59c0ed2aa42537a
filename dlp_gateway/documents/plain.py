"""Plain files: text, delimited tables, JSON, calendars and contact cards."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from typing import Any

from dlp_gateway.documents import charset, tables
from dlp_gateway.documents.budget import DocumentBudget, OverBudget
from dlp_gateway.documents.flowing import FlowingText
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.mime import contentlines, embedded
from dlp_gateway.model import Part, Role, Text

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 30
_CELL_WORDS = 6  # words a cell on average; with more it is prose with commas
_DATA_URI = re.compile(r"data:([\w.+\-/]{0,60})(?:;[\w=\-]+)*;base64,([A-Za-z0-9+/=\s%]{40,})")
_JSON_DEPTH = 200


def read_text(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield a text file as it is; rows of a delimited table with their header by every value."""
    for text in charset.readings(part.content):
        budget.charge("characters", len(text))
        if (delimiter := delimiter_of(text)) is not None:
            yield from _table(part, text, delimiter, budget)
        else:
            yield Text(part.where, text, Role.DOCUMENT, part.names)
    yield from data_uris(part, text)
    for number, file in enumerate(embedded.files(part.content), 1):
        budget.charge("bytes", len(file.content))
        yield Part(under(part.where, f"encoded file {number}"), file.content, (file.name,) if file.name else ())


def delimiter_of(text: str) -> str | None:
    """Return the delimiter when the first lines form a table of two or more columns, else None."""
    lines = [line for line in text[:20_000].splitlines()[:_SAMPLE_LINES] if line.strip()]
    if len(lines) < 2:
        return None
    best: tuple[int, str] | None = None
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        except csv.Error:
            continue
        width = max(set(widths), key=widths.count)
        if len(" ".join(lines).split()) > _CELL_WORDS * sum(widths):
            continue
        steady = widths.count(width) * 10 >= len(widths) * 8
        if width >= 2 and steady and (best is None or width > best[0]):
            best = (width, delimiter)
    if best is None or (best[1] == "," and best[0] == 2 and any(line.rstrip().endswith((".", "?")) for line in lines)):
        return None
    return best[1]


def _table(part: Part, text: str, delimiter: str, budget: DocumentBudget) -> Iterator[Item]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter):
            budget.charge("cells", len(row))
            rows.append(row)
    except csv.Error:
        yield Text(part.where, text, Role.DOCUMENT, part.names)
        return
    table = tables.render(tables.plain_rows(rows), cell_places=len(rows) < 5_000)
    yield Text(part.where, table.text(), Role.DOCUMENT, part.names, tuple(table.places))


def read_json(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield JSON (also one document a line) as ``key: value`` rows, an object a row; other text as it is."""
    text = charset.decode(part.content)
    budget.charge("characters", len(text))
    documents = _json_documents(text)
    if documents is None:
        yield from read_text(part, budget)
        return
    flow = FlowingText(budget)
    for document in documents:
        _json_rows(document, "", flow, 0)
        flow.line()
    if (rendered := flow.text(part.where, hints=part.names)) is not None:
        yield rendered
    yield from data_uris(part, text)


def _json_documents(text: str) -> list[Any] | None:
    def load(piece: str) -> Any:
        return json.loads(piece, object_pairs_hook=list, parse_int=str, parse_float=str)

    if text.count("[") + text.count("{") > 2_000_000 or re.search(r"(?:[\[{]\s*){200}", text):
        return None
    try:
        return [load(text)]
    except (ValueError, RecursionError):
        pass
    try:
        return [load(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None


def _json_rows(value: Any, key: str, flow: FlowingText, depth: int) -> None:
    """One line for the plain members of an object behind its own key, then its children.

    Objects come as lists of pairs, arrays as lists.
    """
    if depth > _JSON_DEPTH:
        raise Unreadable("JSON is nested too deeply")
    if not isinstance(value, list):
        flow.add(f"{key}: {_json_text(value)}" if key else _json_text(value))
    elif value and all(isinstance(v, tuple) for v in value):
        fields = [f"{k}: {_json_text(v)}" for k, v in value if not isinstance(v, list)]
        flow.add((f"{key}: " if key else "") + tables.SEPARATOR.join(fields))
        flow.line()
        for k, child in value:
            if isinstance(child, list):
                _json_rows(child, k, flow, depth + 1)
    else:
        if key:
            flow.add(f"{key}:")
            flow.line()
        if _is_matrix(value):
            rows = tables.plain_rows([[_json_text(c) for c in v] for v in value])
            flow.add(tables.render(rows, cell_places=False).text())
        else:
            for child in value:
                _json_rows(child, "", flow, depth + 1)
    flow.line()


def _is_matrix(value: list[Any]) -> bool:
    return bool(value) and all(
        isinstance(v, list) and v and not any(isinstance(c, list | tuple) for c in v) for v in value
    )


def _json_text(value: Any) -> str:
    return "" if value is None else str(value)


def read_calendar(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield an iCalendar or vCard file (RFC 5545, 6350) unfolded and unescaped; files inside it as parts."""
    files: dict[embedded.File, None] = {}
    truncated = False
    for text in charset.readings(part.content):
        budget.charge("characters", len(text))
        source = text.replace("\r\n", "\n").replace("\r", "\n")
        found = contentlines.parse(source, budget.left("characters"))
        budget.charge("characters", max(0, len(found.text) - len(text)))
        yield Text(part.where, found.text, Role.DOCUMENT, part.names)
        files.update(dict.fromkeys(found.files))
        truncated = truncated or found.truncated
    for number, file in enumerate(files, 1):
        budget.charge("bytes", len(file.content))
        names, declared = (file.name,) if file.name else (), (file.declared,) if file.declared else ()
        yield Part(under(part.where, f"file {number}"), file.content, names, declared, inline=True)
    if truncated:
        raise OverBudget("too much text")


def data_uris(part: Part, text: str) -> Iterator[Part]:
    """Yield the files that base64 ``data:`` URIs (RFC 2397) in a text hold."""
    for number, match in enumerate(_DATA_URI.finditer(text), 1):
        content = _lenient_base64(match[2].replace("%2B", "+").replace("%2F", "/").replace("%3D", "="))
        yield Part(under(part.where, f"embedded file {number}"), content, declared=(match[1],), inline=True)


def _lenient_base64(text: str) -> bytes:
    import base64
    import binascii

    packed = re.sub(r"[^A-Za-z0-9+/]", "", text)
    try:
        return base64.b64decode(
            packed[: len(packed) & ~3] + ("" if len(packed) % 4 < 2 else packed[len(packed) & ~3 :] + "==")
        )
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "replace")
