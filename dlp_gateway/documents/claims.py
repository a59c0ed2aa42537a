"""What a text file claims to be: programs open text by its name or declared type, whatever it begins with.

The bytes tell most files (``sniff``). Text that begins with a word may be
anything, and a page, calendar or mail is shown as one all the same.
"""

from __future__ import annotations

from dlp_gateway.mime import bodies, headers
from dlp_gateway.model import Part

_TEXTUAL = frozenset({"txt", "json", "xml", "svg", "html", "eml", "ics", "vcf", "base64"})
_CALENDARS = frozenset({"ics", "vcf"})
_BY_NAME = {
    **dict.fromkeys(("htm", "html", "shtml", "xhtml", "xht"), "html"),
    **dict.fromkeys(("ics", "ical", "ifb", "vcs", "vcf", "vcard"), "ics"),
    **dict.fromkeys(("eml", "mht", "mhtml"), "eml"),
}
_BY_BODY = {bodies.HTML: "html", bodies.CALENDAR: "ics"}
_BLANKS = ". \t\r\n\0"  # that systems drop at the end of a name


def kinds(part: Part, sniffed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the types that name and declared type of a text file add to those its bytes tell (``sniffed``)."""
    if sniffed[0] not in _TEXTUAL:
        return ()
    claimed = [_BY_NAME.get(name.rstrip(_BLANKS).rpartition(".")[2].lower()) for name in part.names]
    claimed += [_BY_BODY.get(bodies.kind_of(declared) or "") for declared in part.declared]
    known = {*sniffed, *(_CALENDARS if _CALENDARS & {*sniffed} else ())}
    found = dict.fromkeys(kind for kind in claimed if kind and kind not in known)
    if "eml" in found and not headers.starts_with_field(part.content, 0, len(part.content)):
        del found["eml"]
    return tuple(found)
