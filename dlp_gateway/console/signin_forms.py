"""The sign-in library's forms without what does not exist here: new passwords by mail, names of their making."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth carries no types
    """Name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Account name"
        self.fields["login"].widget.attrs |= {"placeholder": "", "autocapitalize": "none", "spellcheck": "false"}
        _plain(self.fields["password"], "Password")


class NewPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """The present password, and the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self.fields["oldpassword"], "Present password")
        _plain(self.fields["password2"], "New password again")
        self.fields["password1"].label = "New password"
        self.fields["password1"].widget.attrs["placeholder"] = ""


def _plain(field: Any, label: str) -> None:
    field.label = label
    field.help_text = ""
    field.widget.attrs["placeholder"] = ""
