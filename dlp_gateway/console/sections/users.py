"""Who signs in: administrators make, change, shut and reset accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import redirect, render

from dlp_gateway.console import accounts
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import RIGHTS, Right, Role

_ONE_LINE = RegexValidator(r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$", "One line of text, without control characters.")
_ROLES = [(role.value, role.value) for role in (Role.DPO, Role.SECURITY, Role.AUDITOR, Role.ADMIN)]


class PersonForm(forms.Form):  # type: ignore[misc]  # Django carries no types
    """Whom an account is for."""

    person = forms.CharField(
        label="Person",
        max_length=150,
        required=False,
        validators=[_ONE_LINE],
        strip=True,
        help_text="First and last name.",
    )
    address = forms.EmailField(
        label="Mail address",
        max_length=254,
        help_text="Where digests go. Nobody releases what was sent from their own address.",
    )
    role = forms.ChoiceField(
        label="Role",
        choices=_ROLES,
        help_text="dpo opens and decides; security sees it masked; auditor reads the record; admin sees no content.",
    )

    def given(self) -> accounts.Person:
        """What was filled in."""
        data = self.cleaned_data
        return accounts.Person(data["person"], data["address"], Role(data["role"]))


class NewAccountForm(PersonForm):
    """An account to be made."""

    name = forms.CharField(
        label="Account name",
        max_length=60,
        validators=[
            ProhibitNullCharactersValidator(),
            RegexValidator(r"^[\w.@+-]+$", "Letters, digits and @ . + - _ only."),
        ],
        help_text="What is typed at the sign-in. It stays in the record: a staff number tells less than a name.",
    )
    field_order = ("name", "person", "address", "role")


def users(request: Any) -> Any:
    """Every account."""
    today = request.services.settings.day(request.services.clock())
    return render(request, "console/users.html", {"accounts": accounts.listed(), "today": today, "rights": _rights()})


def add(request: Any) -> Any:
    """Make an account; its first password is shown in the answer and nowhere else, ever."""
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"].lower()
        try:
            password = accounts.add(name, form.given(), request.user.username, request.services.clock())
        except accounts.AccountError as error:
            form.add_error(None, str(error))
        else:
            # No redirect: the password would have to be stored on the way.
            return render(request, "console/user_password.html", {"name": name, "password": password, "new": True})
    return render(request, "console/user_add.html", {"form": form})


def user(request: Any, account: int) -> Any:
    """One account, and what can be done about it."""
    found = _found(account)
    form = PersonForm(
        request.POST or None, initial={"person": found.person, "address": found.address, "role": found.role}
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = accounts.change_person(account, form.given(), request.user.username, request.services.clock())
        except accounts.AccountError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Changed: {', '.join(changed)}." if changed else "Nothing was changed.")
            return redirect("user", account=account)
    own = found.id == request.user.pk
    return render(request, "console/user.html", {"account": found, "form": form, "own": own})


def disable(request: Any, account: int) -> Any:
    """Let an account sign in no more."""
    return _act(request, account, accounts.disable, "The account is disabled and its sessions have ended.")


def enable(request: Any, account: int) -> Any:
    """Let an account sign in again."""
    return _act(request, account, accounts.enable, "The account can sign in again.")


def reset(request: Any, account: int) -> Any:
    """A new first password and no second factor, after a loss."""
    found = _found(account)
    try:
        password = accounts.reset(account, request.user.username, request.services.clock())
    except accounts.AccountError as error:
        messages.error(request, _sentence(error))
        return redirect("user", account=account)
    return render(request, "console/user_password.html", {"name": found.name, "password": password, "new": False})


def _act(request: Any, account: int, act: Any, done: str) -> HttpResponseRedirect:
    _found(account)
    try:
        act(account, request.user.username, request.services.clock())
    except accounts.AccountError as error:
        messages.error(request, _sentence(error))
    else:
        messages.success(request, done)
    return redirect("user", account=account)


def _found(account: int) -> accounts.Account:
    found = accounts.find(account)
    if found is None:
        raise Http404
    return found


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _rights() -> list[tuple[str, list[tuple[str, bool]]]]:
    """Each right with the roles that have it, as a table."""
    return [(right.value, [(role.value, right in RIGHTS[role]) for role in Role]) for right in Right]


_ONE = (("account", "account"),)

PAGES = (
    Page("users", "users/", users, Right.MANAGE_USERS, label="Users", key="u"),
    Page("user_add", "users/add/", add, Right.MANAGE_USERS, ("GET", "POST")),
    Page("user", "users/<int:account>/", user, Right.MANAGE_USERS, ("GET", "POST"), example=_ONE),
    Page("user_disable", "users/<int:account>/disable/", disable, Right.MANAGE_USERS, ("POST",), example=_ONE),
    Page("user_enable", "users/<int:account>/enable/", enable, Right.MANAGE_USERS, ("POST",), example=_ONE),
    Page("user_reset", "users/<int:account>/reset/", reset, Right.MANAGE_USERS, ("POST",), example=_ONE),
)
