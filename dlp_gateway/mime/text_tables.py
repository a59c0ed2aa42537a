"""Tables and records that are typed or pasted into a letter, as lines that keep each label by its value.

What a row says of somebody stands in the heading of its column: ``Ravi Iyer |
yes`` says nothing, ``Name: Ravi Iyer | Union member: yes`` does. It is a
second reading beside the text itself, made where a heading names a column of
people, or where JSON or XML is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

SEPARATOR = " | "
_LONGEST_LABEL = 40
_WORDS_OF_A_LABEL = 4
_LONGEST_LINE = 2000
_ROWS_OF_A_FORM = 50
# Columns of people are called so; without one a table is about things.
_WHO = frozenset(
    """name names surname forename firstname lastname fullname employee employees staff member worker person people
    patient learner student pupil child resident tenant client customer guest attendee participant passenger player
    applicant candidate volunteer driver carer contact who colleague mitarbeiter mitarbeiterin vorname nachname nom
    prénom nombre apellido nome cognome naam imię nazwisko""".split()
)
# First words of what forms ask for: a first column of them is a form, and its first row no heading.
_ASKED = _WHO | frozenset(
    """address street city postcode country phone telephone mobile email mail born birth dob date age gender nationality
    religion union marital status allergies allergy disability diagnosis medication condition salary position role title
    department employer start end reason note notes comment number""".split()
)
_WORD = re.compile(r"[^\W\d_]+")
_QUOTE = re.compile(r"^[> ]+")
_RULE = re.compile(r"[|+:= \t-]+")
_PADDING = re.compile(r" {2,}")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]+")
_JSON = re.compile(
    r'"(?P<key>[^\W\d][\w -]{0,39})"\s{0,20}:\s{0,20}(?:"(?P<said>[^"\\\n]{1,200})"|(?P<bare>[\w.+-]{1,40}))'
    r"|(?P<end>\})"
)
_XML = re.compile(r"<(?P<key>[^\W\d][\w.-]{0,39})(?: [^<>]{0,200})?>(?P<said>[^<>]{1,200})</(?P=key)>|(?P<end></)")


def names_columns(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first of some rows are the headings of columns, one of them of people."""
    first, *below = rows
    labels = [cell.strip() for cell in first if cell.strip()]
    if len(labels) < 2 or len(set(labels)) < len(labels) or not below:
        return False
    if not all(map(_is_label, labels)) or not any(not _WHO.isdisjoint(_words(label)) for label in labels):
        return False
    # The first column of a form holds labels, too.
    leading = [_words(row[0])[:1] for row in below[:_ROWS_OF_A_FORM] if row and row[0].strip()]
    asked = [words for words in leading if words and words[0] in _ASKED]
    return not asked or len(asked) * 2 < len(leading)


def labelled(text: str) -> str:
    """Return the rows of the tables and the records in a text, each value behind its label; "" where there are none."""
    lines = [line for table in _tables(text) for line in table]
    if '"' in text and "{" in text:
        lines += _records(_JSON, text)
    if "</" in text:
        lines += _records(_XML, text)
    return "\n".join(lines)


def _tables(text: str) -> Iterator[list[str]]:
    """Yield the data rows of each table: lines of one number of cells under a line of headings."""
    if not any(mark in text for mark in ("|", "\t", ";", "  ")):
        return
    rows: list[list[str]] = []
    for line in [*text.split("\n"), ""]:
        said = _QUOTE.sub("", line, count=1).rstrip() if len(line) <= _LONGEST_LINE else ""
        if rows and _RULE.fullmatch(said):
            continue
        cells = _cells(said)
        if rows and len(cells) != len(rows[0]):
            yield _rendered(rows)
            rows = []
        if len(cells) >= 2:
            rows.append(cells)


def _cells(line: str) -> list[str]:
    for mark in ("|", "\t", ";"):
        if mark in line:
            cells = [cell.strip() for cell in line.strip("|" if mark == "|" else "").split(mark)]
            return cells if len(cells) > 1 else []
    cells = _PADDING.split(line)
    return cells if len(cells) > 1 else []


def _rendered(rows: list[list[str]]) -> list[str]:
    if len(rows) < 2 or not names_columns(rows):
        return []
    labels, *data = rows
    return [
        SEPARATOR.join(f"{label}: {cell}" if label else cell for label, cell in zip(labels, row, strict=True) if cell)
        for row in data
    ]


def _records(pattern: re.Pattern[str], text: str) -> list[str]:
    """Return a line for each object of JSON, or element of XML, with plain members."""
    lines: list[str] = []
    fields: list[str] = []
    for match in pattern.finditer(text):
        if match["end"]:
            if len(fields) > 1:
                lines.append(SEPARATOR.join(fields))
            fields = []
        else:
            said = match["said"] or match.groupdict().get("bare") or ""
            fields.append(f"{_HUMP.sub(' ', match['key']).lower()}: {said.strip()}")
    if len(fields) > 1:
        lines.append(SEPARATOR.join(fields))
    return lines


def _is_label(cell: str) -> bool:
    return (
        len(cell) <= _LONGEST_LABEL
        and len(cell.split()) <= _WORDS_OF_A_LABEL
        and not any(c.isdigit() or c in ":@." for c in cell)
    )


def _words(cell: str) -> list[str]:
    return _WORD.findall(cell.lower())
