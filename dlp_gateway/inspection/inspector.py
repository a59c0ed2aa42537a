"""What is looked at in a message, and in which order: mail, documents, then the detectors over all texts.

Runs inside a confined worker (``serve``), or in the calling process for
``dlp-gateway check``. Every reader reports what it could not read; nothing
that was not read is taken for clean.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from dlp_gateway import mime
from dlp_gateway.detection.engine import Engine, of_folder
from dlp_gateway.detection.risk import risk_signs
from dlp_gateway.detection.values import Candidate
from dlp_gateway.documents import ocr, passwords
from dlp_gateway.documents.budget import Amounts, DocumentBudget, DocumentLimits
from dlp_gateway.documents.preload import preload
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.inspection import reveal, search
from dlp_gateway.inspection.encoding import candidate_to_plain, to_plain
from dlp_gateway.model import Attachment, Grade, Inspection, Reading, Role, Text

_NEVER = 1 << 60  # pixels
_MOST_CANDIDATES = 2000  # are told; nobody reads more
_NO_DOCUMENTS = Documents((), (), ())

Scope = Literal["subject", "all"]


@dataclass(frozen=True, slots=True)
class Examination:
    """An inspection with what it was made from; never leaves the process that opened the message."""

    inspection: Inspection
    texts: tuple[Text, ...] = field(default=(), repr=False)
    candidates: tuple[Candidate, ...] = ()


class Inspector:
    """Inspects messages, one at a time; keeps nothing of them."""

    def __init__(
        self,
        engine: Engine,
        reading: mime.ReadingBudget | None = None,
        documents: DocumentLimits | None = None,
        read_picture: Callable[[bytes], str] | None = None,
    ) -> None:
        self.engine = engine
        self._read_picture = read_picture
        self._reading = reading or mime.ReadingBudget()
        self._documents = documents or DocumentLimits()

    def inspect(self, raw: bytes, *, scope: Scope = "all", pictures: bool = False, explain: bool = False) -> Inspection:
        """Return the facts about the message ``raw``; with scope ``subject`` those of its Subject only."""
        return self.examine(raw, scope=scope, pictures=pictures, explain=explain).inspection

    def examine(
        self, raw: bytes, *, scope: Scope = "all", pictures: bool = False, explain: bool = False
    ) -> Examination:
        """Return the facts together with the texts and, with ``explain``, all candidates.

        ``pictures`` asks for the text in pictures, where a reader of them was given.
        """
        started = time.perf_counter()
        reading = mime.read_subject(raw, self._reading) if scope == "subject" else mime.read(raw, self._reading)
        documents = self._read_documents(reading, pictures=pictures) if scope == "all" else _NO_DOCUMENTS
        texts = (*reading.texts, *documents.texts)
        detection = self.engine.scan(texts, subject_only=scope == "subject", explain=explain)
        inspection = Inspection(
            findings=detection.findings,
            attachments=documents.attachments,
            unscanned=(*reading.unscanned, *reading.ambiguous, *documents.unscanned),
            risk=risk_signs(_clear(reading.texts)) if documents.attachments else (),
            people=detection.people,
            visible=reading.visible,
            received=reading.received,
            scope=scope,
            milliseconds=(time.perf_counter() - started) * 1000,
        )
        return Examination(inspection, texts, detection.candidates)

    def texts(self, raw: bytes) -> tuple[Text, ...]:
        """Every text of a message, pictures too, with nothing looked for in them yet."""
        reading = mime.read(raw, self._reading)
        return (*reading.texts, *self._read_documents(reading, pictures=True).texts)

    def _read_documents(self, reading: Reading, *, pictures: bool) -> Documents:
        if not reading.parts:
            return _NO_DOCUMENTS
        documents = read_parts(
            reading.parts,
            budget=DocumentBudget(self._documents),
            passwords=lambda: passwords.candidates(reading.texts, self._documents.password_tries),
            read_mail=lambda raw: mime.read(raw, self._reading),
            read_picture=self._read_picture if pictures else None,
        )
        locked = any(attachment.protection.state is not Grade.NONE for attachment in documents.attachments)
        if locked and passwords.announces_password(reading.texts):
            attachments = tuple(_announced(attachment) for attachment in documents.attachments)
            return replace(documents, attachments=attachments)
        return documents


def _announced(attachment: Attachment) -> Attachment:
    """The attachment of a message that says "the password is ...": what a password protects is open to its reader.

    That is not to say that it was opened here. What is encrypted to a key or certificate stays as it is.
    """
    protection = attachment.protection
    to_a_key = protection.scheme == "pgp" or protection.scheme.startswith("smime")
    if protection.state is Grade.NONE or to_a_key:
        return attachment
    return replace(attachment, protection=replace(protection, password_announced=True))


def _clear(texts: Sequence[Text]) -> tuple[Text, ...]:
    """What everybody on the way can read: subject, body, markings, names of files."""
    return tuple(text for text in texts if text.role is not Role.DOCUMENT)


def load_inspector(
    config: Path,
    detectors: Path,
    reading: mime.ReadingBudget | None = None,
    documents: DocumentLimits | None = None,
) -> Inspector:
    """Build an inspector from ``config/detection.yaml`` and the packs in ``detectors``.

    Raises:
        ValueError: a pack or the tuning is wrong; the message names file, line and reason.
    """
    engine = of_folder(config, detectors)
    return Inspector(engine, reading, documents, ocr.PictureReader() if ocr.available() else None)


def serve(
    config: str, detectors: str, reading: dict[str, Any], documents: dict[str, Any], pictures: list[int] | None
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return the function with which a worker answers requests ``{raw, scope, pictures}``.

    With ``reveal`` it answers with the values found instead of the facts; with
    ``show`` with what a reviewer is shown of the opened message (``reveal.shown``),
    with ``page`` or ``part`` and ``start`` with an HTML body or a piece of a file of it;
    with ``words`` with the places where they stand (``search.places``);
    with ``explain`` with the facts, every candidate and what ``show`` gives.
    ``reading`` and ``documents`` are the limits of the settings, ``pictures``
    the shorter side and area from which the policy holds an unread picture.
    """
    # Before the workers are forked and confined: they share what is loaded now, and find no files later.
    preload()
    limits = document_limits(documents, pictures)
    budget = mime.ReadingBudget(**reading)
    inspector = load_inspector(Path(config), Path(detectors), budget, limits)

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if "page" in request:
            return {"html": reveal.page(request["raw"], request["page"])}
        if "words" in request:
            return {"places": search.places(inspector.texts(request["raw"]), request["words"])}
        if "part" in request:
            return reveal.part(mime.read(request["raw"], budget), request["part"], request["start"])
        explain = bool(request.get("explain"))
        examination = inspector.examine(
            request["raw"], scope=request["scope"], pictures=request["pictures"], explain=explain
        )
        if explain:
            return _explained(inspector.engine, examination, request["raw"], budget)
        if request.get("show"):
            findings = examination.inspection.findings
            return reveal.shown(inspector.engine, examination.texts, findings, request["raw"], budget)
        if request.get("reveal"):
            return {"subject": _subject(examination), "values": values(examination)}
        return to_plain(examination.inspection)

    return answer


def _explained(engine: Engine, examination: Examination, raw: bytes, budget: mime.ReadingBudget) -> dict[str, Any]:
    """Everything about a message that its own author asks about."""
    inspection = examination.inspection
    told = examination.candidates[:_MOST_CANDIDATES]
    return {
        "inspection": to_plain(inspection),
        "candidates": [candidate_to_plain(candidate) for candidate in told],
        "omitted": len(examination.candidates) - len(told),
        **reveal.shown(engine, examination.texts, inspection.findings, raw, budget),
    }


def values(examination: Examination) -> list[tuple[str, str, str]]:
    """Kind, place and value of every finding: for a reviewer who has opened the message, and nobody else.

    Where a place has several readings, the value of each is given.
    """
    by_place: dict[str, list[Text]] = {}
    for text in examination.texts:
        for where in {text.where, *(place.where for place in text.places)}:
            by_place.setdefault(where, []).append(text)
    found: dict[tuple[str, str, str], None] = {}
    for finding in examination.inspection.findings:
        for text in by_place.get(finding.where, ()):
            if text.role is finding.role and finding.end <= len(text.text):
                found[finding.entity, finding.where, text.text[finding.start : finding.end]] = None
    return list(found)


def _subject(examination: Examination) -> str:
    return next((text.text for text in examination.texts if text.role is Role.SUBJECT), "")


def document_limits(documents: dict[str, Any], pictures: Sequence[int] | None) -> DocumentLimits:
    """The limits of the settings, with the policy's word on unread pictures (None: all pass)."""
    amounts = {name: Amounts(**documents[name]) for name in ("part", "message")}
    side, area = (_NEVER, _NEVER) if pictures is None else pictures
    return DocumentLimits(**{**documents, **amounts}, picture_side=side, picture_area=area)
