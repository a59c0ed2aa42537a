"""Writing a message into a Maildir instead of sending it: for trying the gateway out.

Blocking; run it in a thread.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from dlp_gateway import durable

_UNFIT = re.compile(r"[^A-Za-z0-9._=-]")


def store(folder: Path, name: str, content: bytes, sender: str, recipients: Iterable[str]) -> None:
    """Put ``content`` into the Maildir ``folder`` as one new message that survives power loss.

    The trace lines of a final delivery (RFC 5321, 4.4) stand in front of it:
    ``Return-Path`` and a ``Delivered-To`` for each recipient. ``name`` is
    unique for the message and the same for each attempt, so that a second
    attempt replaces the first. Raises OSError and leaves nothing in ``new``.
    """
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    safe = _UNFIT.sub("_", name)
    waiting, final = folder / "tmp" / safe, folder / "new" / safe
    trace = [f"Return-Path: <{sender}>\r\n", *(f"Delivered-To: {recipient}\r\n" for recipient in recipients)]
    try:
        with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write("".join(trace).encode() + content)
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(final)
    except BaseException:
        waiting.unlink(missing_ok=True)
        raise
    # The rename itself is durable only once the directory is.
    durable.sync(folder / "new")
