"""Loads every library that a reader may want, so that workers forked afterwards need no file and lose no time."""

from __future__ import annotations

from importlib import import_module

_LIBRARIES = (
    "argon2.low_level",
    "asn1crypto.cms",
    "backports.zstd",
    "charset_normalizer",
    "compressed_rtf",
    "cryptography.hazmat.primitives.ciphers.aead",
    "inflate64",
    "msoffcrypto.format.doc97",
    "msoffcrypto.format.ooxml",
    "msoffcrypto.format.ppt97",
    "msoffcrypto.format.xls97",
    "olefile",
    "pikepdf",
    "py7zr",
    "pypdf",
    "pypdfium2.raw",
    "pysequoia",
    "python_calamine",
    "rarfile",
)


def preload() -> None:
    """Import the readers and their libraries; raises ImportError naming the one that is missing."""
    import_module("dlp_gateway.documents.formats")
    for name in _LIBRARIES:
        import_module(name)
