"""Signing in: accounts are made by administrators, and every attempt goes on record."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_login_failed

from dlp_gateway.audit.chain import Kind, Note
from dlp_gateway.store.change import change


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """What differs from the sign-in library's ways."""

    def is_open_for_signup(self, _request: Any) -> bool:
        """Nobody makes an account for themselves."""
        return False

    def send_mail(self, _template_prefix: str, _email: str, _context: dict[str, Any]) -> None:
        """The console sends no mail about accounts."""


def connect() -> None:
    """Listen to the sign-ins of this process."""
    user_logged_in.connect(_signed_in, dispatch_uid="dlp-gateway-signed-in")
    user_login_failed.connect(_refused, dispatch_uid="dlp-gateway-refused")


def _signed_in(sender: Any, request: Any, user: Any, **_more: Any) -> None:  # noqa: ARG001  # Django's names
    _record(user.get_username(), {"outcome": "signed in"})


def _refused(sender: Any, credentials: Any, request: Any = None, **_more: Any) -> None:  # noqa: ARG001
    # The name that was tried may be a password typed into the wrong field: it is recorded only if it is an account's.
    from django.contrib.auth import get_user_model

    tried = str(credentials.get("username", ""))
    known = get_user_model().objects.filter(username__iexact=tried).exists()
    _record(tried.lower() if known else "unknown account", {"outcome": "refused"})


def _record(who: str, details: dict[str, str]) -> None:
    services = settings.CONSOLE_SERVICES
    with change() as made:
        made.rows.notes.append(Note(Kind.SIGN_IN, services.clock(), who, "console", details))
