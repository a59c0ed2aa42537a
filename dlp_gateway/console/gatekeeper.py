"""Who gets through to a page: the one place where the console lets somebody in or turns them away.

Nothing is open by mistake: a view that is no listed page, and none of the
sign-in library's that are named here, answers 404 for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

from dlp_gateway.console.pages import Page

# Views of the sign-in library: for everybody, and for whoever is signed in. The others (signing up, changing the
# mail address, a new password by mail) do not exist here: administrators make accounts.
_ENTRANCE = frozenset(
    {"account_login", "account_inactive", "mfa_authenticate", "mfa_login_webauthn", "mfa_trust", "account_logout"}
)
_OWN_ACCOUNT = frozenset(
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


class Gatekeeper:
    """Middleware: every request passes here before its view; ``request.services`` is what views work with."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._pages: Mapping[str, Page] = {page.name: page for page in settings.CONSOLE_PAGES}

    def __call__(self, request: Any) -> HttpResponse:
        """Answer a request."""
        request.services = settings.CONSOLE_SERVICES
        return self._get_response(request)

    def process_view(self, request: Any, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        """Return None to let the request through; raises Http404 or PermissionDenied to turn it away."""
        name = request.resolver_match.url_name
        if name in _ENTRANCE:
            return None
        if name in _OWN_ACCOUNT:
            return None if request.user.is_authenticated else _sign_in(request)
        page = self._pages.get(name)
        if page is None:
            raise Http404
        if page.right is not None and (refused := _refusal(request, page)) is not None:
            return refused
        if request.method not in page.methods and not (request.method == "HEAD" and "GET" in page.methods):
            return HttpResponseNotAllowed(page.methods)
        return None


def _refusal(request: Any, page: Page) -> HttpResponse | None:
    if not request.user.is_authenticated:
        return _sign_in(request)
    if not request.user.may(page.right):
        raise PermissionDenied
    if not second_factor(request.user):
        return HttpResponseRedirect(reverse("mfa_index"))
    return None


def second_factor(user: Any) -> bool:
    """Whether the account has one; without it nothing but the own account can be used."""
    from allauth.mfa.utils import is_mfa_enabled

    return bool(is_mfa_enabled(user))


def _sign_in(request: Any) -> HttpResponse:
    """To the sign-in page and back; an act of somebody who is not signed in is refused."""
    if request.method not in {"GET", "HEAD"}:
        raise PermissionDenied
    return redirect_to_login(request.get_full_path(), reverse("account_login"))
