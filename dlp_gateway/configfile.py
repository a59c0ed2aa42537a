"""Configuration text with its line numbers: what is wrong is said as ``file:line: reason``.

Used by everything that reads YAML an administrator wrote (settings, policy,
detection). YAML 1.2 rules hold, so ``no`` and ``on`` are words, not booleans,
and the country code ``NO`` needs no quotes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

DEEPEST = 40  # levels of nesting; the deepest place in our own files is 6, and aliases can be endless

Location = tuple[str | int, ...]


class Severity(StrEnum):
    """Errors make a configuration unusable; warnings are said and do not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a configuration; ``line`` is 0 when it stands in no line of a file."""

    file: str
    line: int
    reason: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {'warning: ' if self.severity is Severity.WARNING else ''}{self.reason}"


class ConfigError(Exception):
    """A configuration that cannot be used; ``problems`` holds every reason, errors and warnings."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Source:
    """A parsed YAML mapping that still knows in which line each key and item stands."""

    def __init__(self, file: str, marked: Any) -> None:
        """Take what ruamel.yaml's round-trip loader returned for ``file``.

        Raises:
            ConfigError: the nesting is too deep.
        """
        self.file = file
        self._marked = marked
        self._origins: dict[Location, str] = {}
        self.data: dict[str, Any] = self._plain(marked, 0)

    def line(self, location: Sequence[str | int]) -> int:
        """Line (from 1) of the deepest part of ``location`` that the file has."""
        node: Any = self._marked
        line = 1
        for step in location:
            try:
                position = node.lc.key(step) if hasattr(node, "keys") else node.lc.item(step)
                node = node[step]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
            line = int(position[0]) + 1
        return line

    def put(self, location: Location, value: Any, origin: str) -> None:
        """Set what is at ``location``; problems with it are then problems of ``origin`` and not of the file."""
        node = self.data
        for step in location[:-1]:
            inner = node.get(str(step))
            node[str(step)] = inner if isinstance(inner, dict) else {}
            node = node[str(step)]
        node[str(location[-1])] = value
        self._origins[location] = origin

    def problem(self, location: Sequence[str | int], reason: str, severity: Severity = Severity.ERROR) -> Problem:
        """Say ``reason`` about the place ``location``."""
        name = ".".join(str(step) for step in location)
        reason = f"{name}: {reason}" if name else reason
        origin = next((o for place, o in self._origins.items() if tuple(location[: len(place)]) == place), None)
        if origin is not None:
            return Problem(origin, 0, reason, severity)
        return Problem(self.file, self.line(location), reason, severity)

    def _plain(self, node: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise ConfigError([Problem(self.file, 1, f"nested deeper than {DEEPEST} levels")])
        if isinstance(node, dict):
            return {str(key): self._plain(value, depth + 1) for key, value in node.items()}
        if isinstance(node, list):
            return [self._plain(value, depth + 1) for value in node]
        for kind in (bool, int, float, str):  # ruamel's scalars are subclasses that remember their notation
            if isinstance(node, kind):
                return kind(node)
        return node


class _Constructor(RoundTripConstructor):
    """Leaves dates as they are written, and says where a value stands that its notation does not allow.

    Whoever wants a date makes it from the text, and says which setting names a day that no calendar has.
    """

    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - as ruamel declares it
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError):
            raise ConstructorError(None, None, "a value that its notation does not allow", node.start_mark) from None


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


def parse(text: str, file: str) -> Source:
    """Read ``text`` as one YAML mapping; an empty file is an empty mapping.

    Raises:
        ConfigError: not YAML, a key twice, or not a mapping; with file and line.
    """
    reader = YAML(typ="rt")
    reader.Constructor = _Constructor
    try:
        marked = reader.load(text)
    except DuplicateKeyError as error:
        raise ConfigError([Problem(file, _line(error), f"the key {_twice(error)} stands here twice")]) from None
    except MarkedYAMLError as error:
        raise ConfigError([Problem(file, _line(error), f"not valid YAML: {_detail(error)}")]) from None
    except YAMLError as error:
        raise ConfigError([Problem(file, 1, f"not valid YAML: {str(error).split(chr(10))[0]}")]) from None
    except RecursionError:
        raise ConfigError([Problem(file, 1, f"nested deeper than {DEEPEST} levels")]) from None
    except (ValueError, OverflowError):
        raise ConfigError([Problem(file, 1, "not valid YAML: a character that does not exist")]) from None
    if marked is None:
        return Source(file, {})
    if not isinstance(marked, dict):
        raise ConfigError([Problem(file, 1, "expected keys with values (name: value)")])
    return Source(file, marked)


def validation_problems(source: Source, error: ValidationError, known: Sequence[str] = ()) -> list[Problem]:
    """Translate what pydantic found into problems with lines.

    ``known`` are names to suggest for a misspelt key. Values are never
    repeated: they may be secrets.
    """
    problems = []
    details = error.errors(include_url=False)
    for detail in details:
        location = tuple(detail["loc"])
        # Wrong items leave a list short, too; the items are what is wrong with it.
        if detail["type"] == "too_short" and any(_within(other["loc"], location) for other in details):
            continue
        while location and detail["type"] != "missing" and not _resolves(source.data, location):
            location = location[:-1]  # union tags and the like, which are pydantic's and not in the file
        problems.append(source.problem(location, _reason(detail, location, known)))
    return problems


def _resolves(data: Any, location: Location) -> bool:
    for step in location:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _within(inner: Location, outer: Location) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _reason(detail: ErrorDetails, location: Location, known: Sequence[str]) -> str:
    match detail["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":
            close = difflib.get_close_matches(str(location[-1]), known, n=1)
            return f"there is no such setting{f'; did you mean {close[0]!r}?' if close else ''}"
        case "missing":
            return "is missing"
        case "too_short":
            return f"needs at least {detail['ctx']['min_length']}"
        case "string_type" if isinstance(detail["input"], int | float):
            return "should be text; put it in quotes"
        case _:
            message = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
            return re.sub(r"<\w+\.\w+: ('[^']*')>", r"\1", message)  # enum members, as pydantic writes them


def _line(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return int(mark.line) + 1 if mark is not None else 1


def _detail(error: MarkedYAMLError) -> str:
    return str(error.problem or error.context or "syntax error").split("\n")[0]


def _twice(error: MarkedYAMLError) -> str:
    # The parser's own message quotes the values, which may be secrets.
    found = re.match(r'found duplicate key ("[^"]*")', str(error.problem))
    return found.group(1) if found else "in this line"
