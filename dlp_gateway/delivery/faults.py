"""Logging a fault of the gateway without what the message at hand may hold."""

from __future__ import annotations

import traceback

import structlog

log = structlog.get_logger()


def log_fault(event: str, error: BaseException, **fields: object) -> None:
    """Log ``event`` with the type of ``error`` and the place it came from.

    Not its text and not its traceback: the text of an exception may quote
    the message.
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    log.error(event, error=type(error).__name__, place=place, **fields)
