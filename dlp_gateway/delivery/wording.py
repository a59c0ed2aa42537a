"""The words of a remote reply that may be kept.

A reply can echo an address, a name, a Subject: it is text from outside about a
message full of personal data. A list of what to strike out would always lack
something, so this is a list of what stays: the ordinary vocabulary of SMTP
replies (RFC 5321, RFC 3463 and what the common servers say). Everything else
becomes "...".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_TEXT = 200
"""Longest text kept of a reply, in characters."""

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_QUEUE_ID = re.compile(r"(?:queued as |\bid=)([0-9A-Za-z-]{6,40})\b", re.IGNORECASE)
_PUNCTUATION = "()[]{}<>,;:.!?'\"*"
_GAP = "..."

_WORDS = """
a about accept acceptable accepted access account accounts action activity active added address addresses
administrative administrator after again all allowed already an and another any are as at attachment attempt
attempts authenticate authenticated authentication authorization authorized available bad banned be because been
before begin being blacklist blacklisted blocked blocklist bounce busy by bytes can cannot certificate change
characters check checks cipher client close closed closing code command commands complete completed concurrent
configuration configured congestion connect connected connecting connection connections contact contains content
contents continue control conversion could credentials currently daily data database day deferred delayed delivered
delivery denied destination detected did different directory disabled discarded disk dkim dmarc dns does domain
domains done down due duplicate during empty encryption end enough error errors exceeded exceeds exist exists
expected expired external failed failure far few file filter final find first folder for format forward found from
full general given go goodbye greylisted greylisting group handle has have header headers hello helo here host hour
hours if ignored in inactive incoming incorrect insufficient internal invalid ip is issue issues it item junk
large later length limit limits line lines list listed load local locked long looking lookup loop lost mail mailbox
mailboxes malformed malware many match maximum may message messages minute minutes missing more moved must
mx name need network never no nobody none not now number of off ok okay on one only open or order other our out
outgoing over overload overloaded parameter parameters parse password path per permanent permanently permission
permitted please policy poor possible postmaster prior probably problem processing prohibited protocol provided
queue queued quota rate read reason receive received receiving recipient recipients recognized record records
refused reject rejected relay relayed relaying remote reply reputation request requested require required requires
resolve resource resources response restricted resubmit retry return reverse route routing rule rules same scan
schedule score second seconds secure security seems send sender senders sending sent sequence server service
session shutting shutdown since size slow smtp soon source space spam spf start started starttls status storage
store such suspected suspended suspicious syntax system table temporarily temporary terminated that the then there
this throttled throttling time timed timeout tls to today too traffic transaction transfer transmission transport
try unable unacceptable unauthenticated unavailable unexpected unknown unrecognized unreachable unsolicited
unsupported until up usage use used user users valid verification verified verify version via violation virtual
virus was we were while will with within without wrong you your
"""

VOCABULARY = frozenset(_WORDS.split())


def clean(lines: Iterable[str], *, keep_queue_id: bool) -> str:
    """Return one line of printable ASCII without anything of the message.

    Words of ``VOCABULARY`` and enhanced status codes stay, everything else
    is a gap. With ``keep_queue_id`` (a reply that accepts the message) the
    other server's queue id stays too: it is how a message is traced there.
    At most ``MAX_TEXT`` characters.
    """
    kept: list[str] = []
    length = 0
    text = " ".join(lines)[: 8 * MAX_TEXT]
    queue_id = _QUEUE_ID.search(text) if keep_queue_id else None
    for word in text.split():
        bare = word.strip(_PUNCTUATION)
        shown = bare if queue_id and bare in (queue_id[1], f"id={queue_id[1]}") else _shown(bare)
        if shown == _GAP and kept and kept[-1] == _GAP:
            continue
        length += len(shown) + 1
        if length > MAX_TEXT:
            break
        kept.append(shown)
    return " ".join(kept)


def _shown(bare: str) -> str:
    """Return the word ``bare`` if it is harmless, else a gap."""
    if _ENHANCED.fullmatch(bare):
        return bare
    pieces = re.split(r"[-/_]", bare.lower())
    # "User=jane" or "unknown:jane" is one word here, in no vocabulary, hence a gap.
    return bare if bare.isascii() and all(piece in VOCABULARY for piece in pieces) else _GAP
