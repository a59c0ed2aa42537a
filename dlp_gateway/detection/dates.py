"""Dates in other languages: a month behind a day is no name, though "März" and "Mai" are surnames, too."""

from __future__ import annotations

import re

_MONTH = re.compile(
    r"(?:jan(?:uar|vier|eiro|uari)|jänner|enero|gennaio|styczeń|stycznia|feb(?:ruar|braio|rero|ruari)|février|fevereiro"
    r"|märz|mars|marzo|março|maart|marca|april|avril|abril|aprile|kwietnia|mai|mayo|maggio|maio|mei|maja"
    r"|juni|juin|junio|giugno|junho|czerwca|juli|juillet|julio|luglio|julho|lipca|août|agosto|augusti?|augustus|sierpnia"
    r"|septembre|septiembre|settembre|setembro|września|o[kc]tob(?:er|re)|octubre|ottobre|outubro|października"
    r"|novembre|noviembre|novembro|listopada|de[zc]ember|décembre|diciembre|dicembre|dezembro|grudnia)\b",
    re.IGNORECASE,
)
_DAY = re.compile(r"\b(?:[12]?\d|3[01])(?:\.|er|º)?(?: de)? $")
_REACH = 8


def is_month_of_a_date(text: str, start: int, end: int) -> bool:
    """Tell whether ``start:end`` is a month with its day before it."""
    return (
        _MONTH.fullmatch(text, start, end) is not None and _DAY.search(text, max(0, start - _REACH), start) is not None
    )
