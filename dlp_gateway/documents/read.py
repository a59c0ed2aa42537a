"""The way in: parts of a message in, texts, graded attachments and what was not read out.

Types are told by content (those of text by names too), every type that fits
is read, files inside files are followed, and whatever a reader cannot do ends
as ``Unscanned``: this module is the one place where a failure of a reader is
turned into that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from dlp_gateway.documents import claims, pdf_crypto, protection, sniff, zip_structure
from dlp_gateway.documents import passwords as password_search
from dlp_gateway.documents.budget import DocumentBudget, OverBudget, Tried
from dlp_gateway.documents.formats import PASSED, READERS
from dlp_gateway.documents.items import Item, Locked, Outside, Picture, Unreadable, under
from dlp_gateway.model import Attachment, Grade, Part, Protection, Reading, Role, Text, Unscanned

ReadMail = Callable[[bytes], Reading]
ReadPicture = Callable[[bytes], str]
_NOT_ZIPPED = frozenset({"pdf", "tar", "iso"})
_NESTED_ROLES = {Role.SUBJECT: Role.DOCUMENT, Role.BODY: Role.DOCUMENT, Role.HEADER: Role.METADATA}


@dataclass(frozen=True, slots=True)
class Documents:
    """Everything that the parts of a message hold."""

    texts: tuple[Text, ...]
    attachments: tuple[Attachment, ...]
    unscanned: tuple[Unscanned, ...]


def read_parts(
    parts: Sequence[Part],
    *,
    budget: DocumentBudget,
    passwords: Sequence[str] | Callable[[], Sequence[str]] = (),
    read_mail: ReadMail | None = None,
    read_picture: ReadPicture | None = None,
) -> Documents:
    """Read all ``parts`` of one message within ``budget``; never raises on content.

    ``passwords`` (or what the function returns, called only when something is locked) are tried in
    this order, and after them those that the documents themselves mention. ``read_mail`` reads mail
    inside the parts; without it such mail is Unscanned.
    ``read_picture`` gives the text of a picture file (``ocr.PictureReader``) or raises Unreadable; without
    it pictures of the size of a page or screenshot are Unscanned and smaller ones pass.
    Texts stand at ``where`` of their part and on (``attachment 1 > sheet 2 (hidden)``), built from
    positions and kinds, never from names; ``Text.places`` go on from there (``B7``, ``page 3``).
    """
    reading = _Reading(budget, passwords, read_mail, read_picture)
    for part in parts:
        reading.attachment(part)
    reading.unlock_waiting()
    return reading.result()


@dataclass(slots=True)
class _Waiting:
    """A locked file that no password has opened yet, the record that it has, and how many were at hand and tried."""

    locked: Locked
    record: int
    depth: int
    offered: int = 0
    tried: Tried = field(default_factory=Tried)


@dataclass(slots=True)
class _Reading:
    budget: DocumentBudget
    given: Sequence[str] | Callable[[], Sequence[str]]
    read_mail: ReadMail | None
    read_picture: ReadPicture | None
    texts: list[Text] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    unscanned: list[Unscanned] = field(default_factory=list)
    waiting: list[_Waiting] = field(default_factory=list)

    @property
    def passwords(self) -> tuple[str, ...]:
        """The passwords that the message mentions, each once; worked out when they are first wanted."""
        if callable(self.given):
            self.given = tuple(dict.fromkeys(self.given()))
        return tuple(p for p in self.given if p)

    def attachment(self, part: Part) -> None:
        """Read one part of the message itself."""
        with self.budget.part():
            self._guarded(part.where, partial(self._file, part, 0))

    def unlock_waiting(self) -> None:
        """Try the passwords that the documents mention on what stayed locked."""
        while self.waiting:  # what opens may hold locked files again
            mentioned = password_search.candidates(self.texts, self.budget.limits.password_tries)
            more = tuple(p for p in mentioned if p not in self.passwords)
            waiting, self.waiting = self.waiting, []
            for entry in waiting:
                with self.budget.part():
                    self._guarded(entry.locked.where, partial(self._unlock_or_report, entry, more))

    def result(self) -> Documents:
        """Return what was read; equal entries are given once."""
        return Documents(tuple(self.texts), tuple(self.attachments), tuple(dict.fromkeys(self.unscanned)))

    def _guarded(self, where: str, work: Callable[[], object]) -> None:
        """Run ``work``; whatever it raises becomes an Unscanned entry at ``where``."""
        try:
            work()
        except (OverBudget, Unreadable) as error:
            self.unscanned.append(Unscanned(where, str(error)))
        except MemoryError:
            self.unscanned.append(Unscanned(where, "needs too much memory to read"))
        except RecursionError:
            self.unscanned.append(Unscanned(where, "nested too deeply"))
        except Exception as error:  # noqa: BLE001 - the boundary: a reader's fault is "not read", never a crash
            self.unscanned.append(Unscanned(where, f"could not be read ({type(error).__name__})"))

    def _file(self, part: Part, depth: int) -> None:
        if depth > self.budget.limits.depth:
            self.unscanned.append(Unscanned(part.where, f"nested more than {self.budget.limits.depth} deep"))
            return
        self.budget.charge("entries", 1)
        kinds = sniff.kinds(part.content)
        kinds += claims.kinds(part, kinds)
        name = part.names[0] if part.names else ""
        record = len(self.attachments)
        self.attachments.append(Attachment(name, part.where, kinds[0], len(part.content), protection.NONE))
        for kind in kinds:
            self._as_kind(part, kind, depth, record, leading=kind == kinds[0])
        if part.inline and depth and self.attachments[record].protection.scheme == "none":
            self._drop(record)

    def _drop(self, record: int) -> None:
        """Take back the record of a file that is a piece of its document, unless later records refer past it."""
        if record == len(self.attachments) - 1:
            self.attachments.pop()

    def _as_kind(self, part: Part, kind: str, depth: int, record: int, *, leading: bool) -> None:
        """Read a part as one of its kinds. That a secondary kind is broken means that the part is not of it."""
        if kind == "eml":
            self._mail(part, depth)
            return
        reader = READERS.get(kind)
        if reader is None:
            if kind not in PASSED:
                self.unscanned.append(Unscanned(part.where, f"files of type {kind} are not read"))
            return
        items = reader(part, self.budget)
        if leading:
            self._items(items, depth, record)
            return
        try:
            self._items((item for item in items if not isinstance(item, Outside)), depth, record)
        except Unreadable as error:
            # To other programs it is an archive all the same when it has a directory.
            if kind not in _NOT_ZIPPED and zip_structure.directory(part.content):
                self.unscanned.append(Unscanned(part.where, str(error)))

    def _items(self, items: Iterator[Item], depth: int, record: int) -> None:
        for item in items:
            match item:
                case Text():
                    self.texts.append(item)
                case Unscanned():
                    self.unscanned.append(item)
                case Part():
                    self._child(item, depth + 1)
                case Outside():
                    self._child(item.part, depth + 1)
                case Protection():
                    self._protect(record, item)
                case Locked():
                    self._locked(item, depth, record)
                case Picture():
                    self._picture(item)

    def _picture(self, picture: Picture) -> None:
        """Read what is drawn, where that is wanted; a picture that stays unread matters from a certain size on."""
        limits = self.budget.limits
        sides, area = (picture.width, picture.height), picture.width * picture.height
        matters = min(sides) >= limits.picture_side and area >= limits.picture_area
        why = f"picture not read ({picture.width} x {picture.height})"
        if self.read_picture is not None and min(sides) >= limits.legible_side and area >= limits.legible_area:
            self.budget.charge("pixels", area)
            try:
                text = self.read_picture(picture.content())
            except Unreadable as error:
                why = str(error)
            else:
                if text.strip():
                    where = under(picture.where, "picture text")
                    self.texts.append(Text(where, text, Role.DOCUMENT, picture.hints))
                return
        if matters:
            self.unscanned.append(Unscanned(picture.where, why))

    def _child(self, part: Part, depth: int) -> None:
        """Read a file inside another; only an exhausted budget ends the reading of what holds it."""
        try:
            self._file(part, depth)
        except OverBudget:
            raise
        except Unreadable as error:
            self.unscanned.append(Unscanned(part.where, str(error)))

    def _mail(self, part: Part, depth: int) -> None:
        if self.read_mail is None:
            self.unscanned.append(Unscanned(part.where, "mail inside the attachment is not read"))
            return
        reading = self.read_mail(part.content)
        for text in reading.texts:
            role = _NESTED_ROLES.get(text.role, text.role)
            self.texts.append(replace(text, where=under(part.where, text.where), role=role))
        for entry in (*reading.unscanned, *reading.ambiguous):
            self.unscanned.append(Unscanned(under(part.where, entry.where), entry.why))
        for inner in reading.parts:
            self._child(replace(inner, where=under(part.where, inner.where)), depth + 1)

    def _protect(self, record: int, found: Protection) -> None:
        self.attachments[record] = replace(self.attachments[record], protection=found)

    def _locked(self, locked: Locked, depth: int, record: int) -> None:
        """Record what is locked and try to open it; an archive that is partly locked gets a record of its own."""
        beside = locked.beside if isinstance(locked, pdf_crypto.PartlyLocked) else ()
        self._items(iter(beside), depth, record)
        if locked.whole:
            self._protect(record, locked.protection)
            if beside and locked.protection.state is Grade.NONE:
                return
        else:
            record = len(self.attachments)
            name = locked.names[0] if locked.names else ""
            self.attachments.append(Attachment(name, locked.where, "encrypted", locked.size, locked.protection))
        entry = _Waiting(locked, record, depth)
        if not self._opens_by_itself(entry) and not self._unlock(entry, self.passwords):
            self.waiting.append(entry)

    def _unlock_or_report(self, entry: _Waiting, candidates: Sequence[str]) -> None:
        """Try ``candidates``; what stays locked and does not count as encrypted is reported: no rule asks for it.

        So is what was not tried: that no password opened it is not known then.
        """
        if self._unlock(entry, candidates):
            return
        if entry.locked.protection.state is Grade.NONE:
            self.unscanned.append(Unscanned(entry.locked.where, "encrypted in part, not read"))
        if entry.tried.count < min(self.budget.limits.least_tries, entry.offered):
            self.unscanned.append(Unscanned(entry.locked.where, "passwords of the message could not be tried"))

    def _opens_by_itself(self, entry: _Waiting) -> bool:
        """Try the passwords that every program tries without asking: they are no guesses, and none is left out."""
        locked = entry.locked
        if locked.attempt is None or not locked.defaults:
            return False
        if locked.rounds > self.budget.limits.kdf_rounds:
            self.unscanned.append(Unscanned(locked.where, "default password takes too long to try"))
            return False
        for password in locked.defaults:
            self.budget.check_time()
            if (found := locked.attempt(password)) is not None:
                family = locked.protection.scheme.partition("-")[0]
                self._protect(entry.record, protection.graded(f"{family}-default-password"))
                self._items(iter(found), entry.depth, entry.record)
                return True
        return False

    def _unlock(self, entry: _Waiting, candidates: Sequence[str]) -> bool:
        """Try ``candidates`` and read what opens; returns whether one did. The likeliest are tried most thoroughly."""
        locked, limits = entry.locked, self.budget.limits
        if locked.attempt is None:
            return False
        entry.offered += len(candidates)
        if locked.rounds > limits.kdf_rounds:
            return False
        if locked.rounds >= limits.costly_rounds:
            candidates = candidates[: limits.costly_tries]
        for number, password in enumerate(candidates):
            attempt = locked.thorough if locked.thorough and number < limits.costly_tries else locked.attempt
            with self.budget.password_try(entry.tried) as allowed:
                found = attempt(password) if allowed else None
            if not allowed:
                return False
            if found is not None:
                self._protect(entry.record, replace(locked.protection, password_inside=True))
                self._items(iter(found), entry.depth, entry.record)
                return True
        return False
