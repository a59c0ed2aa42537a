"""Signing in: administrators make the accounts, and what happens at the door goes on record."""

from __future__ import annotations

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.account.signals import password_changed
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.exceptions import ValidationError

from dlp_gateway.audit.chain import EntryKind, Note
from dlp_gateway.store.change import change

_HOUR = 3600.0
# When the session began, in seconds since the epoch; kept in the session itself.
_BEGAN = "signed_in_at"


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """What differs from the sign-in library's ways."""

    def is_open_for_signup(self, _request: Any) -> bool:
        """Nobody makes an account for themselves."""
        return False

    def send_mail(self, _template_prefix: str, _email: str, _context: dict[str, Any]) -> None:
        """The console sends no mail about accounts."""

    def get_password_change_redirect_url(self, _request: Any) -> str:
        """On to what comes next: the second factor, or the first page."""
        return "/"


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors are encrypted in the database, with a key made from ``console/secret.key``."""

    def encrypt(self, text: str) -> str:
        """The form in which a secret is stored."""
        return _cipher().encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again. Raises ValueError when it was stored under another key."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            raise ValueError(
                "a second factor was stored under another console/secret.key: restore that file, or reset the account"
            ) from None


class AnotherPassword:
    """A new password is none that the account has already."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError for the present password."""
        if user is not None and user.pk is not None and user.check_password(password):
            raise ValidationError("This is the password you have already.", code="password_unchanged")

    def get_help_text(self) -> str:
        """What people read beside the field."""
        return "Your new password cannot be the one you have already."


def over(request: Any) -> bool:
    """Whether a session has lasted as long as any may, however busy it was."""
    services = settings.CONSOLE_SERVICES
    began = request.session.get(_BEGAN)
    return not isinstance(began, float) or services.clock() - began > services.settings.console.session_hours * _HOUR


def vouched(request: Any) -> bool:
    """Whether the organisation's provider signed this session in, and sees to the second factor."""
    sign_in = settings.CONSOLE_SERVICES.settings.console.sign_in
    return sign_in is not None and not sign_in.second_factor and _by_provider(request, request.user)


def _by_provider(request: Any, user: Any) -> bool:
    return any(step.get("method") == "socialaccount" for step in get_authentication_records(request, user))


def end(request: Any) -> None:
    """End a session that is over."""
    _record(request.user.get_username(), "session over")
    request.session.flush()
    request.user = AnonymousUser()


def connect() -> None:
    """Listen to what happens at the door of this process."""
    user_logged_in.connect(_signed_in, dispatch_uid="dlp-gateway-signed-in")
    user_logged_out.connect(_signed_out, dispatch_uid="dlp-gateway-signed-out")
    user_login_failed.connect(_refused, dispatch_uid="dlp-gateway-refused")
    authentication_failed.connect(_second_refused, dispatch_uid="dlp-gateway-second-refused")
    password_changed.connect(_password_changed, dispatch_uid="dlp-gateway-password-changed")
    authenticator_added.connect(_factor_added, dispatch_uid="dlp-gateway-factor-added")
    authenticator_removed.connect(_factor_removed, dispatch_uid="dlp-gateway-factor-removed")
    authenticator_reset.connect(_factor_renewed, dispatch_uid="dlp-gateway-factor-renewed")


def _signed_in(sender: Any, request: Any, user: Any, **_more: Any) -> None:  # noqa: ARG001  # Django's names
    request.session[_BEGAN] = float(settings.CONSOLE_SERVICES.clock())
    _record(user.get_username(), "signed in", **({"by": "provider"} if _by_provider(request, user) else {}))


def _signed_out(sender: Any, request: Any, user: Any, **_more: Any) -> None:  # noqa: ARG001
    if user is not None:
        _record(user.get_username(), "signed out")


def _refused(sender: Any, credentials: Any, request: Any = None, **_more: Any) -> None:  # noqa: ARG001
    # The name that was tried may be a password typed into the wrong field: it is recorded only if it is an account's.
    tried = str(credentials.get("username", ""))
    known = get_user_model().objects.filter(username__iexact=tried).exists()
    _record(tried.lower() if known else "unknown account", "refused")


def _second_refused(sender: Any, user: Any, **_more: Any) -> None:  # noqa: ARG001
    _record(user.get_username(), "second factor refused")


def _password_changed(sender: Any, request: Any, user: Any, **_more: Any) -> None:  # noqa: ARG001
    get_user_model().objects.filter(pk=user.pk).update(first_password=False)
    user.first_password = False
    _change(user, "password changed")
    # The old password was just typed: it need not be typed again to set up the second factor.
    reauthenticate_by_password(request)


def _factor_added(sender: Any, user: Any, authenticator: Any, **_more: Any) -> None:  # noqa: ARG001
    _change(user, "second factor added", authenticator)


def _factor_removed(sender: Any, user: Any, authenticator: Any, **_more: Any) -> None:  # noqa: ARG001
    _change(user, "second factor removed", authenticator)


def _factor_renewed(sender: Any, user: Any, authenticator: Any, **_more: Any) -> None:  # noqa: ARG001
    _change(user, "second factor renewed", authenticator)


def refuse(who: str, why: str) -> None:
    """Put on record that somebody whom the organisation's provider sent was not let in."""
    _record(who, "refused", why=why)


def _record(who: str, outcome: str, **more: str) -> None:
    details = {"outcome": outcome, **more}
    with change() as made:
        made.rows.notes.append(Note(EntryKind.SIGN_IN, settings.CONSOLE_SERVICES.clock(), who, "console", details))


def _change(user: Any, act: str, authenticator: Any = None) -> None:
    details = {"act": act} if authenticator is None else {"act": act, "type": str(authenticator.type)}
    name = user.get_username()
    with change() as made:
        made.rows.notes.append(Note(EntryKind.ACCOUNT, settings.CONSOLE_SERVICES.clock(), name, name, details))


def _cipher() -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=b"dlp-gateway second factors 1").derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
