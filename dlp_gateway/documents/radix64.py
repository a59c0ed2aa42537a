"""Base64 in lines between two marks (RFC 7468; RFC 9580, section 6): which lines are data, and which say something."""

from __future__ import annotations

import base64
import binascii
import re

_DATA = re.compile(rb"[A-Za-z0-9+/]+={0,2}|={1,2}")
_CHECKSUM = re.compile(rb"=[A-Za-z0-9+/]{4}")


def split(body: bytes) -> tuple[bytes, list[bytes]]:
    """Return the data in the lines that are wholly base64, and the other lines as they stand.

    Decoders pass over every octet that is no base64, and end at the padding, so text may stand between the marks for
    whoever looks at the file. The checksum of OpenPGP is no text. Raises ValueError when the data is no base64.
    """
    data, said = list[bytes](), list[bytes]()
    ended = checked = False
    for line in body.replace(b"\r", b"\n").split(b"\n"):
        bare = line.strip(b" \t")
        if not bare:
            continue
        if not ended and _DATA.fullmatch(bare):
            data.append(bare)
            ended = bare.endswith(b"=")
        elif not checked and _CHECKSUM.fullmatch(bare):
            ended = checked = True
        else:
            said.append(line)
    try:
        return base64.b64decode(b"".join(data)), said
    except binascii.Error as error:
        raise ValueError("no base64") from error
