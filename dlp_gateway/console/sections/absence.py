"""Out of office: everybody says when they are away and who stands in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render

from dlp_gateway.console import accounts
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right


class AbsenceForm(forms.Form):  # type: ignore[misc]
    """Who stands in, and until when."""

    deputy = forms.ChoiceField(label="Who stands in for you")
    until = forms.DateField(
        label="Last day of your absence", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, deputies: tuple[accounts.Account, ...], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deputy"].choices = [
            (str(a.id), f"{a.person} ({a.name})" if a.person else a.name) for a in deputies
        ]


def absence(request: Any) -> Any:
    """One's own absence."""
    me, now = request.user.pk, request.services.clock()
    today = request.services.settings.day(now)
    mine = accounts.find(me)
    if mine is None:
        raise Http404
    deputies = accounts.candidates(me)
    form = AbsenceForm(
        deputies, request.POST or None, initial={"deputy": str(mine.deputy_id), "until": mine.away_until}
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            accounts.set_absence(me, int(data["deputy"]), data["until"], request.user.username, now, today=today)
        except accounts.AccountError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Your absence is noted.")
            return redirect("absence")
    away = mine.away_until is not None and mine.away_until >= today
    return render(request, "console/absence.html", {"account": mine, "form": form, "deputies": deputies, "away": away})


def back(request: Any) -> Any:
    """The absence is over."""
    now = request.services.clock()
    today = request.services.settings.day(now)
    accounts.set_absence(request.user.pk, None, None, request.user.username, now, today=today)
    messages.success(request, "Welcome back. Messages go to you again.")
    return redirect("absence")


PAGES = (
    Page("absence", "absence/", absence, Right.OWN_ABSENCE, ("GET", "POST")),
    Page("absence_over", "absence/over/", back, Right.OWN_ABSENCE, ("POST",)),
)
