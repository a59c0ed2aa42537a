"""Filters of long lists, as forms in the address; and lists as files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, StreamingHttpResponse

from dlp_gateway.model import DAY

_DIGITS = 18
LARGEST = 10**_DIGITS - 1  # number that something may have: the database's hold 64 bits


class Filter(forms.Form):  # type: ignore[misc]  # Django carries no types
    """What is looked for, in a span of days; nothing of a field that cannot be understood."""

    since = forms.DateField(label="From", required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput({"type": "date"}))

    def span(self) -> dict[str, float | None]:
        """The moments ``since`` and ``before`` of the days, both of them whole, in seconds since 1970."""
        until = _moment(self.cleaned_data.get("until"))
        return {
            "since": _moment(self.cleaned_data.get("since")),
            "before": None if until is None else until + DAY,
        }

    @property
    def query(self) -> str:
        """The filter as it stands in an address, without what is empty."""
        return urlencode({name: value for name, value in self.data.items() if name in self.fields and value})


def number(text: str) -> int | None:
    """A number out of an address or a form; None when it is none. Raises Http404 for one that nothing can have."""
    if not text.isdecimal():
        return None
    if len(text) > _DIGITS:
        raise Http404
    return int(text)


def download(lines: Iterable[str], kind: str, name: str) -> Any:
    """The lines as a file, sent as they come."""
    response = StreamingHttpResponse((f"{line}\n" for line in lines), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _moment(day: dt.date | None) -> float | None:
    return None if day is None else dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()
