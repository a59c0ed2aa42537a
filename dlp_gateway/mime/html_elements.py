"""Elements of HTML by what they mean for the text of a page."""

from __future__ import annotations

VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
BLOCK = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre section select "
    "summary table tbody tfoot thead title tr ul xmp listing plaintext".split()
)
TABLE_TAGS = frozenset({"table", "tr", "td", "th"})
# Elements of text without a look of their own; what is not among them, or has attributes, may have any.
PLAIN_INLINE = frozenset(
    "a abbr acronym b bdi big blink cite code del dfn em font i ins kbd label mark nobr q rb rt rtc ruby s samp small "
    "span strike strong sub sup time tt u var".split()
)
# Elements that are no more than text in a look, unless attributes or rules say so.
ORDINARY = PLAIN_INLINE | BLOCK | TABLE_TAGS
