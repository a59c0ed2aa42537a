"""Every address of the console."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.urls import include, path

_PROVIDER = (
    [
        path("account/", include("allauth.socialaccount.providers.openid_connect.urls")),
        path("account/oidc/", include("allauth.socialaccount.urls")),
    ]
    if apps.is_installed("allauth.socialaccount")
    else []
)

urlpatterns = [
    *(path(page.route, page.view, name=page.name) for page in settings.CONSOLE_PAGES),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    *_PROVIDER,
]
