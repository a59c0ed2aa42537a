"""Signing in by the organisation's OpenID Connect provider: it says who somebody is, and we have an account for them.

Nobody gets an account by it. The account is found by the mail address that
the provider has verified, at every sign-in anew; nothing of what it sends is
kept.
"""

from __future__ import annotations

from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpResponseRedirect
from django.urls import reverse

from dlp_gateway.console import signin


class Provider(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """What differs from the sign-in library's ways."""

    def is_open_for_signup(self, _request: Any, _sociallogin: Any) -> bool:
        """Nobody makes an account for themselves."""
        return False

    def pre_social_login(self, request: Any, sociallogin: Any) -> None:
        """Find the account; raises ImmediateHttpResponse, which leads back to the sign-in page, without one."""
        if sociallogin.state.get("process") not in {None, "login"}:
            _refuse(request, "unknown account", "not a sign-in")
        data = sociallogin.account.extra_data
        # OpenID Connect Core 1.0, section 5.3.2: what UserInfo says counts only for the subject of the ID token.
        if "userinfo" in data and "id_token" in data and data["userinfo"].get("sub") != data["id_token"].get("sub"):
            _refuse(request, "unknown account", "two subjects")
        verified = [address.email for address in sociallogin.email_addresses if address.verified is True]
        if not verified:
            _refuse(request, "unknown account", "no verified address")
        account = get_user_model().objects.filter(email__iexact=verified[0]).first()
        if account is None:
            _refuse(request, "unknown account", "no account")
        if not account.is_active:
            _refuse(request, account.username, "disabled")
        if account.first_password:
            # Whoever made the account knows it, and it would never be changed.
            account.set_unusable_password()
            account.first_password = False
            account.save()
        sociallogin.user = account

    def on_authentication_error(self, request: Any, provider: Any, *_more: Any, **_others: Any) -> None:  # noqa: ARG002
        """The provider refused, or its answer is not to be trusted."""
        _refuse(request, "unknown account", "refused by the provider")


def _refuse(request: Any, who: str, why: str) -> NoReturn:
    signin.refuse(who, why)
    messages.error(request, "You were not signed in. Ask an administrator whether you have an account here.")
    raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
