"""JSON logs without personal data.

Our own events carry ids, counts and names of rules, never message text or
addresses. Two doors are shut on top of that: exceptions are logged by type
and place, without their text (it may quote content), and the log records of
libraries by their template, without its arguments.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import PurePath
from typing import Any, TextIO

import structlog

_FRAMES = 6


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send our events and those of the libraries to ``stream`` (standard error), one JSON object a line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            place_of_exception,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Libraries()]
    root.setLevel(logging.WARNING)
    # aiosmtpd logs every command at INFO and every line of DATA at DEBUG.
    logging.getLogger("mail").setLevel(logging.CRITICAL)


def place_of_exception(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace ``exc_info`` by the exception's type and the innermost lines it came through."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()[1]
    elif isinstance(info, tuple):
        info = info[1]
    if isinstance(info, BaseException):
        event["error"] = type(info).__qualname__
        event["error_at"] = _places(info)
    return event


def watch_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Log what falls through to the event loop by type and place, as everything else."""

    def handler(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # The texts of asyncio's own messages are constant; its other keys may hold objects of ours.
        structlog.get_logger().error("loop", message=str(context.get("message", "")), exc_info=error)

    loop.set_exception_handler(handler)


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


class _Libraries(logging.Handler):
    """Passes records of the standard logging module on, by template only."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno,
            "library",
            logger_name=record.name,
            template=str(record.msg) if record.args else "",
            exc_info=record.exc_info,
        )
