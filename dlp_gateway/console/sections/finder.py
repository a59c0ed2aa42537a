"""The filter over what is held: from the address of the list to what is looked for, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from dlp_gateway.model import DAY
from dlp_gateway.policy.rules import RuleName
from dlp_gateway.quarantine import held
from dlp_gateway.store import holds
from dlp_gateway.store.holds import Order, Waiting, Wanted

_ANY = ("", "Any")
_FIRST = ("sender", "recipient", "rule", "risk", "order")


class Filter(forms.Form):  # type: ignore[misc]  # Django carries no types
    """What a reviewer can ask of the list; every field may be empty."""

    sender = forms.CharField(label="Sender", required=False, max_length=320)
    recipient = forms.CharField(label="Recipient", required=False, max_length=320)
    rule = forms.ChoiceField(label="Rule", required=False, choices=[_ANY, *((name, name) for name in RuleName)])
    kind = forms.CharField(label="Found", required=False, max_length=64)
    risk = forms.ChoiceField(
        label="Risk",
        required=False,
        choices=[_ANY, ("high", "High: two approvals"), ("low", "Ordinary")],
    )
    age = forms.TypedChoiceField(
        label="Held for",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[_ANY, (1, "over 1 day"), (3, "over 3 days"), (7, "over 7 days"), (14, "over 14 days")],
    )
    expires = forms.TypedChoiceField(
        label="Expires",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[_ANY, (1, "within 1 day"), (3, "within 3 days"), (7, "within 7 days")],
    )
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[_ANY, ("appeal", "Sender asks for release"), ("restricted", "Restricted"), ("free", "Not restricted")],
    )
    id = forms.CharField(label="Decision id", required=False, max_length=64)
    order = forms.ChoiceField(
        label="Order",
        required=False,
        choices=[
            (Order.EXPIRY, "Next to expire"),
            (Order.OLDEST, "Oldest"),
            (Order.NEWEST, "Newest"),
            (Order.SENDER, "Sender"),
            (Order.RISK, "Risk"),
        ],
    )
    like = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    @property
    def first(self) -> list[Any]:
        """The fields that are asked most."""
        return [self[name] for name in _FIRST]

    @property
    def more(self) -> list[Any]:
        """The other ones."""
        return [field for field in self.visible_fields() if field.name not in _FIRST]

    @property
    def more_asked(self) -> bool:
        """Whether anything is asked in one of the others."""
        return any(self.cleaned_data.get(field.name) for field in self.more)

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for besides the order."""
        return any(value for name, value in self.cleaned_data.items() if name != "order")


@dataclass(frozen=True, slots=True)
class Search:
    """A filter as given: ``query`` is its part of an address, without the page.

    ``like`` is a message; those that are like it (sender, rules, recipients' domains) are looked for.
    """

    form: Filter
    wanted: Wanted
    order: Order
    like: str
    query: str

    def run(self) -> list[Waiting]:
        """What matches, in order; raises StoreError."""
        found = holds.search(self.wanted, self.order, counts=held.counting())
        return self._alike(found) if self.like else found

    def ids(self) -> list[str]:
        """Their identifiers alone, in the same order; raises StoreError."""
        return [one.message_id for one in self.run()] if self.like else holds.ids(self.wanted, self.order)

    def _alike(self, found: list[Waiting]) -> list[Waiting]:
        model = next((one for one in found if one.message_id == self.like), None)
        return [one for one in found if model is not None and one.likeness == model.likeness]


def search(given: QueryDict | str, now: float) -> Search:
    """Read a filter from an address or a form; what makes no sense there is not asked for."""
    form = Filter(QueryDict(given) if isinstance(given, str) else given, label_suffix="")
    form.is_valid()
    asked: dict[str, Any] = form.cleaned_data
    age, expires, state, risk = (asked.get(name) for name in ("age", "expires", "state", "risk"))
    wanted = Wanted(
        message_id=asked.get("id", "").strip(),
        sender=asked.get("sender", "").strip(),
        recipient=asked.get("recipient", "").strip(),
        rule=asked.get("rule", ""),
        kind=asked.get("kind", "").strip().upper().replace(" ", "_"),
        high_risk=None if not risk else risk == "high",
        restricted=None if state not in {"restricted", "free"} else state == "restricted",
        appealed=True if state == "appeal" else None,
        held_before=None if age is None else now - age * DAY,
        expires_before=None if expires is None else now + expires * DAY,
    )
    order = Order(asked.get("order") or Order.EXPIRY)
    query = urlencode({name: value for name, value in asked.items() if value and value != Order.EXPIRY})
    return Search(form, wanted, order, asked.get("like", ""), query)
