"""Length-prefixed frames between the gateway and a worker.

A frame is four bytes, big endian, and that many bytes of msgpack. Workers are
not trusted (they parse hostile input), so never pickle, and the length is
checked before anything is allocated.
"""

from __future__ import annotations

import asyncio
import os
import struct
from typing import Any

import msgpack

HEADER = struct.Struct(">I")

# A reply holds findings, never content; a request holds one message.
MAX_REPLY_BYTES = 16 * 1024 * 1024
MAX_REQUEST_BYTES = 1024 * 1024 * 1024


class FrameError(Exception):
    """The other side ended in the middle of a frame, or sent one too large."""


def pack(value: object) -> bytes:
    """Return ``value`` (plain dicts, lists, strings, bytes, numbers) as one frame.

    Half a character, which a name in UTF-7 or UTF-16 may hold, becomes a question mark: UTF-8 has no such thing, and
    a name is no reason to fail.
    """
    body: bytes = msgpack.packb(value, use_bin_type=True, unicode_errors="replace")
    return HEADER.pack(len(body)) + body


def unpack(body: bytes) -> Any:
    """Return the value in the body of a frame; raises FrameError when it is not msgpack."""
    try:
        return msgpack.unpackb(body, raw=False, strict_map_key=True)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise FrameError(f"not a frame: {type(error).__name__}") from error


def read(fd: int, limit: int = MAX_REQUEST_BYTES) -> bytes | None:
    """Read one frame's body from a blocking descriptor; None at a clean end."""
    header = _read_exactly(fd, HEADER.size)
    if header is None:
        return None
    (length,) = HEADER.unpack(header)
    if length > limit:
        raise FrameError(f"frame of {length} bytes, limit {limit}")
    body = _read_exactly(fd, length)
    if body is None:
        raise FrameError("the line ended after a frame's length")
    return body


def write(fd: int, frame: bytes) -> None:
    """Write all of ``frame`` to a blocking descriptor."""
    view = memoryview(frame)
    while view:
        view = view[os.write(fd, view) :]


def _read_exactly(fd: int, length: int) -> bytes | None:
    data = bytearray(length)
    view = memoryview(data)
    filled = 0
    while filled < length:
        count = os.readv(fd, [view[filled:]])
        if count == 0:
            if filled == 0:
                return None
            raise FrameError("the line ended within a frame")
        filled += count
    return bytes(data)


async def receive(reader: asyncio.StreamReader, limit: int = MAX_REPLY_BYTES) -> bytes:
    """Read one frame's body; raises FrameError at the end of the stream or over ``limit``."""
    try:
        (length,) = HEADER.unpack(await reader.readexactly(HEADER.size))
        if length > limit:
            raise FrameError(f"frame of {length} bytes, limit {limit}")
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise FrameError("the worker ended") from error
    except ConnectionError as error:
        raise FrameError("the line to the worker broke") from error
