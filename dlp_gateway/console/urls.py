"""Every address of the console."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    *(path(page.route, page.view, name=page.name) for page in settings.CONSOLE_PAGES),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
]
