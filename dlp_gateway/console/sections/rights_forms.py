"""What is filled in about a person's request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator

from dlp_gateway.policy.zones import canonical_domain
from dlp_gateway.store.requests import DataSubject, Outcome, RequestKind

KINDS = (
    (RequestKind.ACCESS.value, "Access: what is stored about them"),
    (RequestKind.EXPORT.value, "Export: the same, for a machine to read"),
    (RequestKind.RECTIFY.value, "Rectify: correct what is wrong"),
    (RequestKind.RESTRICT.value, "Restrict: keep it, but do nothing with it"),
    (RequestKind.ERASE.value, "Erase"),
)
OUTCOMES = (
    (Outcome.GRANTED.value, "Granted"),
    (Outcome.PARTLY.value, "Granted in part"),
    (Outcome.REFUSED.value, "Refused"),
    (Outcome.WITHDRAWN.value, "Withdrawn by the person"),
)
_MOST = 20
_LONGEST = 120
_SHORTEST = 3


class RequestForm(forms.Form):  # type: ignore[misc]  # Django carries no types
    """A request to be registered."""

    kind = forms.ChoiceField(label="What they ask for", choices=KINDS)
    addresses = forms.CharField(
        label="Mail addresses",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line. Found in decisions, held mail, notices, the record and accounts.",
    )
    words = forms.CharField(
        label="Names, or other words",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[ProhibitNullCharactersValidator()],
        help_text="One a line: a name, a staff or client number. Looked for inside held messages only when you ask.",
    )
    received = forms.DateField(
        label="Received on",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The clock runs from this day: one calendar month.",
    )

    def clean_addresses(self) -> tuple[str, ...]:
        """Each as it is compared: lower case, the domain as A-labels."""
        return tuple(dict.fromkeys(_address(line) for line in _lines(self.cleaned_data["addresses"])))

    def clean_words(self) -> tuple[str, ...]:
        """Each long enough to mean somebody."""
        words = tuple(dict.fromkeys(" ".join(line.split()) for line in _lines(self.cleaned_data["words"])))
        if any(not _SHORTEST <= len(word) <= _LONGEST for word in words):
            raise forms.ValidationError(f"Give {_SHORTEST} to {_LONGEST} characters a line: less is found everywhere.")
        return words

    def clean(self) -> dict[str, Any]:
        """Somebody has to be named."""
        data: dict[str, Any] = super().clean()
        if not self.errors and not data.get("addresses") and not data.get("words"):
            raise forms.ValidationError("Say who asks: a mail address, or a name.")
        return data

    def person(self) -> DataSubject:
        """Who was named."""
        return DataSubject(self.cleaned_data["addresses"], self.cleaned_data["words"])

    def received_at(self) -> float:
        """The first second (UTC) of the day of receipt."""
        day: dt.date = self.cleaned_data["received"]
        return dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()


class ExtensionForm(forms.Form):  # type: ignore[misc]
    """Two more months."""

    reason = forms.CharField(
        label="Why it takes longer, as the person was told",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[ProhibitNullCharactersValidator()],
    )


class AnswerForm(forms.Form):  # type: ignore[misc]
    """How the request was answered."""

    outcome = forms.ChoiceField(label="Outcome", choices=OUTCOMES)
    answer = forms.CharField(
        label="What the person was told, and how",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[ProhibitNullCharactersValidator()],
        help_text="A refusal says why, and that they may complain to the supervisory authority or go to court.",
    )


def _lines(text: str) -> Sequence[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > _MOST:
        raise forms.ValidationError(f"At most {_MOST} lines.")
    return lines


def _address(line: str) -> str:
    text = line.strip("<>").lower()
    local, at, domain = text.rpartition("@")
    try:
        name = canonical_domain(domain)
    except ValueError:
        name = ""
    if not (local and at and name) or any(c.isspace() or not c.isprintable() for c in text):
        raise forms.ValidationError("One of the lines is not a mail address.")
    return f"{local}@{name}"
