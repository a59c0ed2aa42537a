"""The walk through a message: every entity, every reading, within the budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dlp_gateway.mime import addresses, bodies, boundaries, charsets, embedded, fields, footers, headers, transfer
from dlp_gateway.mime.budget import Ledger, OverBudget, ReadingBudget
from dlp_gateway.mime.entities import Declared, declared
from dlp_gateway.model import Part, Reading, Role, Text, Unscanned

_MESSAGE = "message"  # where something concerns the outer message as a whole
_NESTED = frozenset(
    "message/rfc822 message/global message/news message/rfc822-headers message/global-headers text/rfc822-headers "
    "text/rfc822 message/partial".split()
)
_REPORTS = frozenset(
    "message/delivery-status message/global-delivery-status message/disposition-notification message/feedback-report "
    "message/global-disposition-notification message/tracking-status".split()
)
_STOCK_PREAMBLES = (
    b"This is a multi-part message in MIME format.",
    b"This is a multipart message in MIME format.",
    b"This is a MIME-formatted message.",
    b"This is a cryptographically signed message in MIME format.",
    b"This is an OpenPGP/MIME signed message (RFC 4880 and 3156)",
    b"This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)",
)

# The fields whose addresses every recipient gets to see. Bcc is among them: the message goes out as it came, and what a
# program left in it is shown to all.
_SHOWING = frozenset({"to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc", "apparently-to"})


@dataclass(slots=True)
class _Scope:
    """One message: what its places start with, and how far its attachments and nested messages are counted."""

    prefix: str = ""
    attachments: int = 0
    messages: int = 0

    @property
    def place(self) -> str:
        return self.prefix.removesuffix(" > ") or _MESSAGE


@dataclass(frozen=True, slots=True)
class _Entity:
    """A message or part that is still to be read: ``buffer[start:end]``, header first."""

    buffer: bytes
    start: int
    end: int
    scope: _Scope
    depth: int = 0
    message: bool = False
    default: str = "text/plain"


class _Walk:
    """Reads one message; ``reading`` is the union of what was seen."""

    def __init__(self, raw: bytes, budget: ReadingBudget) -> None:
        self._raw = raw
        self._limits = budget
        self._ledger = Ledger(budget)
        self._texts: dict[tuple[Role, str, tuple[str, ...]], Text] = {}
        self._parts: dict[tuple[int, tuple[str, ...], tuple[str, ...]], Part] = {}
        self._unscanned: dict[Unscanned, None] = {}
        self._ambiguous: dict[Unscanned, None] = {}
        self._visible: dict[str, None] = {}
        self._received = 0
        self._seen: set[tuple[int, int, int, bool]] = set()
        self._buffers: list[bytes] = [raw]  # kept so that their ids stay theirs

    def reading(self) -> Reading:
        return Reading(
            texts=tuple(self._texts.values()),
            parts=tuple(self._parts.values()),
            unscanned=tuple(self._unscanned),
            visible=tuple(self._visible),
            ambiguous=tuple(self._ambiguous),
            received=self._received,
        )

    def run(self, *, subject_only: bool) -> None:
        """Read the message; the one place where failures of any reader end, as something not scanned."""
        waiting = [_Entity(self._raw, 0, len(self._raw), _Scope(), message=True)]
        while waiting:
            entity = waiting.pop()
            try:
                self._ledger.part()
                if subject_only:
                    self._outer_header(self._block(entity), all_fields=False)
                    return
                children = list(self._entity(entity))
            except OverBudget as over:
                self._unscanned[Unscanned(entity.scope.place, str(over))] = None
                return
            except Exception as error:  # noqa: BLE001 - whatever fails here must stop the message, not the worker
                why = f"could not be read ({type(error).__name__})"
                self._unscanned[Unscanned(entity.scope.place, why)] = None
                continue
            waiting.extend(reversed(children))

    def _entity(self, entity: _Entity) -> Iterator[_Entity]:
        key = (id(entity.buffer), entity.start, entity.end, entity.message)
        if key in self._seen:
            return
        self._seen.add(key)
        block = self._block(entity)
        scope = entity.scope
        if entity.depth == 0:
            self._outer_header(block, all_fields=True)
        elif block.truncated:
            self._lack(scope.place, block.truncated)
        self._field_texts(entity, block)
        says = declared(block.fields, entity.default)
        if says.truncated:
            self._lack(scope.place, "more parameters of a header field than are read")
        for text in says.odd:
            self._text(f"{scope.prefix}header parameter", text, Role.METADATA)
        if block.clear:
            self._body_texts(scope, bodies.PLAIN, block.clear, says, "header shown as text")
        for body in block.bodies:
            yield from self._body(entity, says, body)

    def _block(self, entity: _Entity) -> headers.Block:
        block = headers.read_block(
            entity.buffer,
            entity.start,
            entity.end,
            message=entity.message,
            max_bytes=self._limits.header_bytes,
            max_fields=self._limits.header_fields,
        )
        for why in block.ambiguous:
            self._ambiguous[Unscanned(f"{entity.scope.prefix}header", why)] = None
        return block

    def _outer_header(self, block: headers.Block, *, all_fields: bool) -> None:
        """Take from the header of the message itself what concerns the message."""
        if block.truncated:
            # The Subject, or another one, may lie behind the limit.
            self._lack("subject", block.truncated)
        subjects: dict[bytes, None] = {}
        senders: dict[bytes, None] = {}
        for one in block.fields:
            if one.name == "subject":
                subjects[one.value.strip()] = None
                for text in fields.readings(one.value):
                    self._text("subject", text, Role.SUBJECT)
            elif one.name == "from" and all_fields:
                senders[one.value.strip()] = None
            elif one.name == "received":
                self._received += 1
            elif one.name in _SHOWING and all_fields:
                self._see(one)
        if len(subjects) > 1:
            self._ambiguous[Unscanned("header", "more than one Subject")] = None
        if len(senders) > 1:
            self._ambiguous[Unscanned("header", "more than one From")] = None

    def _see(self, field: headers.Field) -> None:
        _, specs = addresses.split(charsets.header_text(field.value))
        for spec in specs:
            for address in addresses.canonical(spec):
                if len(self._visible) >= self._limits.addresses and address not in self._visible:
                    self._lack("header", f"more than {self._limits.addresses} addresses that are shown")
                    return
                self._visible[address] = None

    def _field_texts(self, entity: _Entity, block: headers.Block) -> None:
        prefix = entity.scope.prefix
        others = []
        for one in block.fields:
            if one.name != "subject" or not entity.message:
                others.append(one)
            elif entity.depth:
                for reading in fields.readings(one.value):
                    self._text(f"{prefix}subject", reading, Role.HEADER)
        for text in fields.texts(tuple(others), prefix):
            self._text(text.where, text.text, text.role, text.hints)

    # Bodies

    def _body(self, entity: _Entity, says: Declared, body: int) -> Iterator[_Entity]:
        """Read the body by every content type that is declared for it."""
        composite = [
            t for t in says.types if t.startswith("multipart/") or t in _NESTED or t == "message/external-body"
        ]
        leaves = tuple(t for t in says.types if t not in composite)
        found = False
        if len({_class(t) for t in says.types}) > 1 and composite:
            self._disagree(entity, "more than one Content-Type")
        if any(t.startswith("multipart/") for t in composite):
            for child in self._multipart(entity, says, body):
                found = True
                yield child
            if not found:
                leaves = leaves or ("text/plain",)
        for nested in (t for t in composite if not t.startswith("multipart/")):
            yield from self._nested(entity, says, body, nested)
        if leaves:
            self._leaf(entity, says, body, leaves)

    def _disagree(self, entity: _Entity, why: str) -> None:
        self._ambiguous[Unscanned(entity.scope.place, why)] = None

    def _sources(self, entity: _Entity, says: Declared, body: int) -> list[tuple[bytes, int, int]]:
        """Return the body of a composite as it stands, and decoded where an encoding is declared for it."""
        sources = [(entity.buffer, body, entity.end)]
        for encoding in says.encodings:
            if encoding not in (transfer.IDENTITY, transfer.UNKNOWN):
                for content in self._decode(entity, encoding, body).contents:
                    if content:
                        self._buffers.append(content)
                        sources.append((content, 0, len(content)))
        return sources

    def _decode(self, entity: _Entity, encoding: str, body: int) -> transfer.Decoded:
        decoded = transfer.decode(encoding, entity.buffer, body, entity.end)
        self._ledger.decoded(sum(map(len, decoded.contents)))
        return decoded

    def _too_deep(self, entity: _Entity) -> bool:
        if entity.depth < self._limits.depth:
            return False
        self._lack(entity.scope.place, f"nested more than {self._limits.depth} deep")
        return True

    def _multipart(self, entity: _Entity, says: Declared, body: int) -> Iterator[_Entity]:
        if self._too_deep(entity):
            return
        default = "message/rfc822" if "multipart/digest" in says.types else "text/plain"
        for buffer, start, end in self._sources(entity, says, body):
            try:
                ways = boundaries.splits(buffer, start, end, says.boundaries, self._limits.parts)
            except boundaries.TooManyParts as many:
                raise OverBudget(f"more than {self._limits.parts} parts") from many
            if len(ways) > 1 and boundaries.occurring(buffer, start, end, says.boundaries) > 1:
                self._disagree(entity, "more than one boundary")
            for way in ways:
                for first, last in way.around:
                    around = buffer[first:last]
                    if around.strip() not in _STOCK_PREAMBLES:
                        self._body_texts(entity.scope, bodies.PLAIN, around, says, "outside the parts")
                for first, last in way.parts:
                    yield _Entity(buffer, first, last, entity.scope, entity.depth + 1, default=default)

    def _nested(self, entity: _Entity, says: Declared, body: int, content_type: str) -> Iterator[_Entity]:
        if self._too_deep(entity):
            return
        scope = entity.scope
        scope.messages += 1
        place = f"{scope.prefix}message {scope.messages}"
        self._names(place, says)
        if content_type == "message/partial":
            self._lack(place, "a fragment of a message (message/partial)")
        if content_type == "message/external-body":
            self._lack(place, "a body that is kept elsewhere (message/external-body)")
        inner = _Scope(f"{place} > ")
        sources = self._sources(entity, says, body)
        likely = [s for s in sources if headers.starts_with_field(*s)]
        for buffer, start, end in likely or sources:
            is_message = content_type != "message/external-body"
            yield _Entity(buffer, start, end, inner, entity.depth + 1, message=is_message)
        if not likely and any(buffer[start:end].strip() for buffer, start, end in sources[:1]):
            self._leaf(entity, says, body, (content_type,))

    def _leaf(self, entity: _Entity, says: Declared, body: int, types: tuple[str, ...]) -> None:
        scope = entity.scope
        contents, clear = self._contents(entity, says, body)
        if clear:
            self._body_texts(scope, bodies.PLAIN, clear, says, "beside encoded data")
        kinds = tuple(dict.fromkeys(bodies.PLAIN if t in _REPORTS else bodies.kind_of(t) for t in types))
        as_body = any(kinds) and not says.attachment and not says.names
        if as_body:
            if clear and says.encodings == (transfer.BASE64,):
                contents = _without_rubbish(contents, entity.buffer[body : entity.end])
            for content in contents:
                for kind in filter(None, kinds):
                    self._body_texts(scope, kind, content, says, "")
            contents = [c for c in contents if c and (None in kinds or bodies.is_binary(c))]
        if contents:
            if any(t.startswith("text/") for t in types):
                contents += [c for content in contents for c in charsets.in_utf8(content, says.charsets)]
            self._attach(scope, says.names, types, contents, inline=says.inline)

    def _contents(self, entity: _Entity, says: Declared, body: int) -> tuple[list[bytes], bytes]:
        """Return all decodings of the body of a leaf, and the clear text that stands between encoded data."""
        contents: dict[bytes, None] = {}
        clear = b""
        for encoding in says.encodings:
            if encoding == transfer.UNKNOWN:
                self._lack(entity.scope.place, "unknown transfer encoding")
                continue
            decoded = self._decode(entity, encoding, body)
            contents.update(dict.fromkeys(decoded.contents))
            clear = clear or decoded.clear
        if len(says.encodings) > 1 and len(contents) > 1 and transfer.UNKNOWN not in says.encodings:
            self._disagree(entity, "more than one Content-Transfer-Encoding")
        if len(contents) * max(1, len(says.charsets)) > self._limits.readings:
            self._lack(entity.scope.place, "more readings of one body than may be looked at")
        return [c for c in contents if c][: self._limits.readings] or [b""], clear

    def _body_texts(self, scope: _Scope, kind: str, content: bytes, says: Declared, label: str) -> None:
        """Add the texts of one reading of a body, and the files in it as parts."""
        found: Iterable[bodies.Piece | bodies.Lack | embedded.File] = bodies.read(
            kind,
            content,
            says.charsets[: self._limits.readings],
            delsp=says.delsp,
            characters=self._ledger.characters_left,
        )
        for item in found:
            if isinstance(item, embedded.File):
                self._ledger.decoded(len(item.content))
                names = (item.name,) if item.name else ()
                self._attach(scope, names, (item.declared,) if item.declared else (), [item.content], inline=True)
            elif isinstance(item, bodies.Lack):
                self._lack(f"{scope.prefix}body", item.why)
            else:
                said = ", ".join(word for word in (label, item.label) if word)
                self._text(f"{scope.prefix}body ({said})" if said else f"{scope.prefix}body", item.text, Role.BODY)

    # What is added to the reading

    def _attach(
        self, scope: _Scope, names: tuple[str, ...], types: tuple[str, ...], contents: list[bytes], *, inline: bool
    ) -> None:
        fresh = [c for c in contents if (hash(c), names, types) not in self._parts]
        if not fresh:
            return
        scope.attachments += 1
        place = f"{scope.prefix}attachment {scope.attachments}"
        for name in names:
            self._text(f"{place} file name", name, Role.FILENAME)
        for content in fresh:
            self._ledger.part()
            self._parts[hash(content), names, types] = Part(place, content, names, types, inline)

    def _names(self, place: str, says: Declared) -> None:
        for name in says.names:
            self._text(f"{place} file name", name, Role.FILENAME)

    def _text(self, where: str, text: str, role: Role, hints: tuple[str, ...] = ()) -> None:
        key = (role, text, hints)
        if key in self._texts or not text.strip():
            return
        self._ledger.text(len(text))
        self._texts[key] = Text(where, text, role, hints)

    def _lack(self, where: str, why: str) -> None:
        self._unscanned[Unscanned(where, why)] = None


def _without_rubbish(contents: list[bytes], raw: bytes) -> list[bytes]:
    """Leave out what decoders make of a footer in clear text, when all else of a base64 body is text."""
    text = footers.body_above(raw)
    if text is None or bodies.is_binary(text):
        return contents
    return [text, *(content for content in contents if content != text and not bodies.is_binary(content))]


def _class(content_type: str) -> str:
    if content_type in _NESTED or content_type.startswith("multipart/"):
        return content_type.partition("/")[0]
    return "leaf"


def read(raw: bytes, budget: ReadingBudget) -> Reading:
    """Return the union of all plausible readings of a message; never raises on content.

    Args:
        raw: the message as received, header first.
        budget: what may be spent on it; what lies beyond is in ``Reading.unscanned``.
    """
    walk = _Walk(raw, budget)
    walk.run(subject_only=False)
    return walk.reading()


def read_subject(raw: bytes, budget: ReadingBudget) -> Reading:
    """Return the readings of the Subject alone (``received`` too); touches only the header of the message."""
    walk = _Walk(raw, budget)
    walk.run(subject_only=True)
    return walk.reading()
