"""Names and grades of encryption: the one table of what is worth what.

Scheme names are stable: policies, records and documents use them. Grades
follow the organisation's policy (Office encryption is adequate for low-risk
data, a specialised transfer for high-risk data is strong) and the ciphers:
AES stands; RC4, DES, 3DES, RC2, Blowfish and ZipCrypto do not (NIST SP 800-131A
Rev. 2; Biham and Kocher 1994 for ZipCrypto; MS-OFFCRYPTO for what Office wrote when).
"""

from __future__ import annotations

import re

from dlp_gateway.model import Grade, Protection

NONE = Protection(Grade.NONE, "none")

# First pattern that fits the scheme decides.
_GRADES: tuple[tuple[str, Grade], ...] = (
    (r"none|.*-signed|pgp-clear|pgp-key|.*-mixed|.*-owner-only|.*-default-password|.*-attachments-only", Grade.NONE),
    (r"office-(?:xor|rc4|rc4-cryptoapi|weak)", Grade.WEAK),
    (r"office-(?:agile|standard|irm)", Grade.ADEQUATE),
    (r"pdf-aes(?:128|256)", Grade.ADEQUATE),
    (r"pdf-certificate-aes(?:128|256)", Grade.STRONG),
    (r"zip-aes(?:128|192|256)|zip-pkware-aes(?:128|192|256)", Grade.ADEQUATE),
    (r"7z-aes256-headers|rar5-aes256-headers", Grade.STRONG),
    (r"7z-aes256|rar5-aes256|rar3-aes128|rar3-aes128-headers", Grade.ADEQUATE),
    (r"odf-aes(?:128|192|256)(?:-gcm)?", Grade.ADEQUATE),
    (r"pgp|pgp-passphrase", Grade.STRONG),
    (r"smime-aes(?:128|192|256)-(?:cbc|gcm|ccm)", Grade.STRONG),
)
_COMPILED = tuple((re.compile(pattern), grade) for pattern, grade in _GRADES)


def graded(scheme: str, *, cipher: str = "", key_bits: int | None = None, readable: tuple[str, ...] = ()) -> Protection:
    """Return the protection of that scheme with its grade; a scheme that is not in the table is weak."""
    grade = next((g for pattern, g in _COMPILED if pattern.fullmatch(scheme)), Grade.WEAK)
    return Protection(grade, scheme, cipher, key_bits, readable)


def weakest(protections: tuple[Protection, ...]) -> Protection:
    """Return the one with the lowest grade, the first of several; NONE when there is none."""
    order = list(Grade)
    return min(protections, key=lambda p: order.index(p.state), default=NONE)
