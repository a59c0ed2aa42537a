"""Packs of recognisers: what is looked for, as data.

The form is that of Presidio's recogniser registry (name, supported_entity,
patterns with regex and score, context, supported_languages) plus what a
decision needs: tier, validator, negative context, the authority's page, and
examples that must and must not match (``docs/detectors.md``). A mistake is
told with file, line and reason and refuses the whole pack: an unknown key, an
unknown validator or a regex RE2 cannot run is never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from dlp_gateway.configfile import ConfigError, Problem, Source, parse, validation_problems
from dlp_gateway.detection.validators import find_validator
from dlp_gateway.model import Tier


def runs_in_re2(regex: str) -> str:
    """Return the regex; raises ValueError with RE2's reason when it cannot run it."""
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(regex, options)
    except re2.error as error:
        reason = error.args[0] if error.args else b""
        told = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"RE2 cannot run this regex: {told}") from None
    return regex


def _compiles(regex: str) -> str:
    try:
        re.compile(regex)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return regex


def _is_known(validator: str) -> str:
    try:
        find_validator(validator)
    except LookupError:
        raise ValueError("there is no validator of this name") from None
    return validator


Word = Annotated[str, Field(min_length=1, pattern=r"\S")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Pattern(_Strict):
    """One regular expression in RE2 syntax; a group ``value`` narrows what is reported."""

    name: Word
    regex: Annotated[str, AfterValidator(runs_in_re2)]
    score: float = Field(ge=0, le=1)


class Examples(_Strict):
    """Texts in which a recogniser finds something, and texts in which it must not."""

    match: list[Word] = Field(min_length=1, repr=False)
    no_match: list[Word] = Field(min_length=1, repr=False)


class Recogniser(_Strict):
    """One kind of thing to look for.

    ``compact`` is the value's form without any separators; it is looked for
    behind a context word when digits are spread over lines, cells or odd
    separators. ``owner: person`` drops values that belong to a company.
    ``person`` asks for somebody's name ``near`` (lines around it), in the same
    ``row`` or ``beside`` it. ``mistyped`` are context words right behind which
    a value counts even if its check digit is wrong.
    """

    name: Word
    entity: Annotated[str, Field(alias="supported_entity", pattern=r"^[A-Z][A-Z0-9_]*$")]
    languages: Annotated[list[Word], Field(alias="supported_languages")] = []
    type: Literal["custom"] = "custom"
    tier: Annotated[Tier, Field(strict=False)]
    patterns: list[Pattern] = Field(min_length=1)
    context: list[Word] = []
    negative_context: list[Word] = []
    negative_context_file: str | None = None
    context_required: bool = False
    validator: Annotated[str, AfterValidator(_is_known)] | None = None
    compact: Annotated[str, AfterValidator(_compiles)] | None = None
    mistyped: list[Word] = []
    owner: Literal["anyone", "person"] = "anyone"
    person: Literal["unneeded", "near", "row", "beside"] = "unneeded"
    reference: Annotated[str, Field(pattern=r"^https?://\S+$")]
    examples: Examples
    # Filled in by the reader: the file, without its ending.
    pack: str = ""

    @model_validator(mode="after")
    def _can_match(self) -> Self:
        if self.context_required and not self.context:
            raise ValueError("context_required without any context can never match")
        if not set(self.mistyped) <= set(self.context):
            raise ValueError("mistyped may only have words that context has, too")
        return self


class _Pack(_Strict):
    pack: Word
    negative_context: list[Word] = []
    negative_context_file: str | None = None
    recognizers: list[Recogniser] = Field(min_length=1)


def load_packs(directories: Sequence[Path]) -> tuple[Recogniser, ...]:
    """Read ``*.yaml`` of the directories, in name order.

    A recogniser of a later directory replaces the one of the same name of an
    earlier directory, so that a site can change a shipped one.

    Raises:
        ConfigError: a file is not a valid pack, or a name occurs twice in one directory.
    """
    merged: dict[str, Recogniser] = {}
    for directory in directories:
        if not directory.is_dir():
            raise ConfigError([Problem(str(directory), 0, "there is no such directory of detector packs")])
        here: dict[str, str] = {}
        for path in sorted(directory.glob("*.yaml")):
            for recogniser in load_pack(path):
                if recogniser.name in here:
                    reason = f"recognizer {recogniser.name} is defined in {here[recogniser.name]} already"
                    raise ConfigError([Problem(path.name, 0, reason)])
                here[recogniser.name] = path.name
                merged[recogniser.name] = recogniser
    return tuple(merged.values())


def load_pack(path: Path) -> tuple[Recogniser, ...]:
    """Read one pack file.

    Raises:
        ConfigError: what is wrong, with file and line.
    """
    try:
        source = parse(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(path.name, 0, f"cannot be read: {error}")]) from error
    try:
        pack = _Pack.model_validate(source.data)
    except ValidationError as error:
        raise ConfigError(validation_problems(source, error, _known())) from None
    shared = (*pack.negative_context, *_words_of(pack.negative_context_file, source, path, ("negative_context_file",)))
    return tuple(_completed(pack, shared, source, path))


def _completed(pack: _Pack, shared: Sequence[str], source: Source, path: Path) -> Iterator[Recogniser]:
    """Give each recogniser the negative context of its file; its own word file replaces the pack's."""
    for number, recogniser in enumerate(pack.recognizers):
        place = ("recognizers", number, "negative_context_file")
        own = _words_of(recogniser.negative_context_file, source, path, place)
        words = [*recogniser.negative_context, *(own or shared)]
        yield recogniser.model_copy(update={"negative_context": words, "pack": path.stem})


def _words_of(name: str | None, source: Source, path: Path, place: Sequence[Any]) -> tuple[str, ...]:
    if name is None:
        return ()
    try:
        return read_words(path.parent / name)
    except (OSError, ValueError) as error:
        raise ConfigError([source.problem(place, str(error))]) from error


def read_words(path: Path) -> tuple[str, ...]:
    """Read a word list: one word or phrase a line; ``#`` begins a comment line.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not UTF-8, or holds no word.
    """
    lines = path.read_text(encoding="utf-8").split("\n")
    words = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    if not words:
        raise ValueError(f"{path.name} holds no word")
    return words


def _known() -> list[str]:
    names = {*_Pack.model_fields, *Pattern.model_fields, *Examples.model_fields}
    return sorted(names | {field.alias or name for name, field in Recogniser.model_fields.items()} - {"pack"})
