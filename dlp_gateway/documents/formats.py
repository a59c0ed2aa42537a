"""Which reader reads which type. A new format is a line here, a line in ``sniff`` and a module of its own."""

from __future__ import annotations

from functools import partial

from dlp_gateway.documents import (
    archives,
    cms,
    compound_rest,
    excel97,
    fonts,
    leftovers,
    markup_records,
    odf,
    office_crypto,
    ole,
    ooxml,
    openpgp,
    outlook,
    pdf,
    pictures,
    plain,
    powerpoint97,
    rar,
    rtf,
    seven_zip,
    starview,
    tnef,
    web,
    word97,
    wrapped,
    zip_archive,
)
from dlp_gateway.documents.items import Reader

_PICTURES = ("png", "jpg", "gif", "tif", "bmp", "webp", "heic", "emf", "wmf", "ico", "psd", "wdp")


def _picture(kind: str) -> Reader:
    return partial(pictures.read, kind=kind)


READERS: dict[str, Reader] = {
    "txt": plain.read_text,
    "json": plain.read_json,
    "ics": plain.read_calendar,
    "vcf": plain.read_calendar,
    "xml": markup_records.read,
    "svg": markup_records.read,
    "html": web.read,
    "rtf": rtf.read,
    "docx": ooxml.read,
    "xlsx": ooxml.read,
    "xlsb": ooxml.read,
    "pptx": ooxml.read,
    "vsdx": ooxml.read,
    "opc": ooxml.read,
    "flat-opc": ooxml.read_flat,
    "odt": odf.read,
    "ods": odf.read,
    "odp": odf.read,
    "odg": odf.read,
    "odf": odf.read,
    "odc": odf.read,
    "odm": odf.read,
    "oth": odf.read,
    "flat-odf": odf.read_flat,
    "pdf": pdf.read,
    "ooxml-encrypted": compound_rest.beside(office_crypto.read_package),
    "doc": compound_rest.beside(word97.read),
    "xls": compound_rest.beside(excel97.read),
    "ppt": compound_rest.beside(powerpoint97.read),
    "ole": compound_rest.beside(ole.read),
    "msg": compound_rest.beside(outlook.read),
    "tnef": tnef.read,
    "zip": zip_archive.read,
    "epub": zip_archive.read,
    "tar": archives.read_tar,
    "gz": archives.read_gzip,
    "bz2": archives.read_bzip2,
    "xz": archives.read_xz,
    "lzma": archives.read_xz,
    "zst": archives.read_zstd,
    "7z": seven_zip.read,
    "rar": rar.read,
    "iso": archives.read_iso,
    "pgp": openpgp.read,
    "cms": cms.read,
    "der": cms.read_certificate,
    "appledouble": leftovers.read,
    "ds-store": leftovers.read,
    "font": fonts.read,
    "svm": starview.read,
    "base64": wrapped.read,
    **{kind: _picture(kind) for kind in _PICTURES},
}
PASSED = frozenset({"empty"})  # nothing can be read in it
