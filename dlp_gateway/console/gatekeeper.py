"""Who gets through to a page: the one place where the console lets somebody in or turns them away.

Nothing is open by mistake: a view that is no listed page, and none of the
sign-in library's that are named here, answers 404 for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

from dlp_gateway.console.pages import Page

# Views of the sign-in library: for everybody, and for whoever is signed in. The others (signing up, changing the
# mail address, a new password by mail) do not exist here: administrators make accounts.
ENTRANCE = frozenset(
    {
        "account_login",
        "account_inactive",
        "account_logout",
        "mfa_authenticate",
        "mfa_login_webauthn",
        "openid_connect_login",
        "openid_connect_callback",
    }
)
OWN_ACCOUNT = frozenset(
    {
        "account_reauthenticate",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "account_change_password",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "mfa_edit_webauthn",
        "mfa_remove_webauthn",
    }
)
_TAKES_A_FACTOR_AWAY = frozenset({"mfa_deactivate_totp", "mfa_remove_webauthn"})


class Gatekeeper:
    """Middleware: every request passes here before its view; ``request.services`` is what views work with."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._pages: Mapping[str, Page] = {page.name: page for page in settings.CONSOLE_PAGES}

    def __call__(self, request: Any) -> HttpResponse:
        """Answer a request. No browser or proxy keeps a page: it may show personal data."""
        request.services = settings.CONSOLE_SERVICES
        response = self._get_response(request)
        if "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "no-store"
        return response

    def process_view(self, request: Any, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        """Return None to let the request through; raises Http404 or PermissionDenied to turn it away."""
        name = request.resolver_match.url_name
        _end_what_is_over(request)
        if name in ENTRANCE:
            return None
        if name in OWN_ACCOUNT:
            return _own_account(request, name)
        page = self._pages.get(name)
        if page is None:
            raise Http404
        if page.right is not None and (refused := _refusal(request, page)) is not None:
            return refused
        if request.method not in page.methods and not (request.method == "HEAD" and "GET" in page.methods):
            return HttpResponseNotAllowed(page.methods)
        return None


def _end_what_is_over(request: Any) -> None:
    from dlp_gateway.console import signin

    if request.user.is_authenticated and signin.over(request):
        signin.end(request)


def _own_account(request: Any, name: str) -> HttpResponse | None:
    if not request.user.is_authenticated:
        return _sign_in(request)
    if request.user.first_password and name != "account_change_password":
        return HttpResponseRedirect(reverse("account_change_password"))
    if name in _TAKES_A_FACTOR_AWAY and second_factors(request.user) == 1:
        # Until another is set up the account would be open to whoever knows its password.
        messages.error(request, "This is your only second factor. Add another one first, or ask an administrator.")
        return HttpResponseRedirect(reverse("mfa_index"))
    return None


def _refusal(request: Any, page: Page) -> HttpResponse | None:
    from dlp_gateway.console import signin

    if not request.user.is_authenticated:
        return _sign_in(request)
    if request.user.first_password:
        return HttpResponseRedirect(reverse("account_change_password"))
    if not second_factors(request.user) and not signin.vouched(request):
        return HttpResponseRedirect(reverse("mfa_index"))
    if not request.user.may(page.right):
        raise PermissionDenied
    return None


def second_factors(user: Any) -> int:
    """How many second factors an account has; without one nothing but the own account can be used."""
    from allauth.mfa.models import Authenticator

    return int(Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).count())


def _sign_in(request: Any) -> HttpResponse:
    """To the sign-in page and back; an act of somebody who is not signed in is refused."""
    if request.method not in {"GET", "HEAD"}:
        raise PermissionDenied
    return redirect_to_login(request.get_full_path(), reverse("account_login"))
