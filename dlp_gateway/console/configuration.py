"""What Django is told: applications, security, sessions, sign-in; from ``gateway.yaml``, or fixed here."""

from __future__ import annotations

import os
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from dlp_gateway.configfile import ConfigError, Problem
from dlp_gateway.console.pages import Page
from dlp_gateway.console.services import Services
from dlp_gateway.settings import Settings

HERE = Path(__file__).parent

# Of one form. A page has a box for each recipient of a message, or each held message of a person.
_FIELDS = 50_000

APPLICATIONS = (
    "dlp_gateway.console",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
)

_PROVIDER = ("allauth.socialaccount", "allauth.socialaccount.providers.openid_connect")

_MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "dlp_gateway.console.gatekeeper.Gatekeeper",
)

_PASSWORDS = "django.contrib.auth.password_validation"

# Nothing from elsewhere, no inline script or style, no frames but our own (held mail, shown inert).
_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}


def applications(settings: Settings) -> tuple[str, ...]:
    """What Django installs; the organisation's sign-in only where it is configured. Raises ConfigError."""
    if settings.console.sign_in is None:
        return APPLICATIONS
    missing = [name for name in ("jwt", "oauthlib", "requests") if find_spec(name) is None]
    if missing:
        raise ConfigError([Problem("console.sign_in", 0, "needs more packages: pip install 'dlp-gateway[sign-in]'")])
    return (*APPLICATIONS, *_PROVIDER)


def django_settings(services: Services, pages: tuple[Page, ...]) -> dict[str, Any]:
    """Settings for ``store.database.configure``, beside the database's. Makes the secret key when there is none."""
    settings = services.settings
    return {
        "CONSOLE_SERVICES": services,
        "CONSOLE_PAGES": pages,
        "SECRET_KEY": _secret(settings),
        "ROOT_URLCONF": "dlp_gateway.console.urls",
        "MIDDLEWARE": list(_MIDDLEWARE),
        "TEMPLATES": [_templates()],
        "STATIC_URL": "/static/",
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_MAX_AGE": 3600,
        "LANGUAGE_CODE": "en-gb",
        "TIME_ZONE": "UTC",
        "USE_I18N": True,
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
        "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        "FILE_UPLOAD_HANDLERS": ["dlp_gateway.console.uploads.InMemory"],
        "DATA_UPLOAD_MAX_MEMORY_SIZE": settings.smtp.max_message_bytes + 65536,
        "FILE_UPLOAD_MAX_MEMORY_SIZE": settings.smtp.max_message_bytes + 65536,
        # Each recipient of a message has a box on its page, even when fewer are taken by now.
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": max(_FIELDS, settings.smtp.limits.recipients + 100),
        "CONTENT_SECURITY_POLICY": _policy(settings),
        **_transport(settings),
        **_accounts(settings),
        **_provider(settings),
    }


def _policy(settings: Settings) -> dict[str, Any]:
    if settings.console.sign_in is None:
        return _POLICY
    issuer = settings.console.sign_in.issuer
    # The form that leads to the provider is answered with a redirect, which browsers hold to form-action, too.
    provider = f"{issuer.scheme}://{issuer.host}:{issuer.port}"
    return {"DIRECTIVES": {**_POLICY["DIRECTIVES"], "form-action": [SELF, provider]}}


def _provider(settings: Settings) -> dict[str, Any]:
    """The organisation's sign-in. Raises OSError when its secret cannot be read."""
    sign_in = settings.console.sign_in
    if sign_in is None:
        return {}
    app = {
        "provider_id": "organisation",
        "name": sign_in.name,
        "client_id": sign_in.client_id,
        "secret": sign_in.secret_file.read_text("utf-8").strip(),
        "settings": {"server_url": str(sign_in.issuer).rstrip("/")},
    }
    return {
        "SOCIALACCOUNT_ADAPTER": "dlp_gateway.console.provider.Provider",
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}},
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION": False,
    }


def _templates() -> dict[str, Any]:
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dlp_gateway.console.menu.menu",
            ],
            "builtins": ["dlp_gateway.console.templatetags.console", "django.contrib.humanize.templatetags.humanize"],
        },
    }


def _transport(settings: Settings) -> dict[str, Any]:
    console = settings.console
    secure = console.tls is not None or (console.url is not None and console.url.scheme == "https")
    hosts = {console.listen.host, "localhost"} | ({str(console.url.host)} if console.url else set())
    found: dict[str, Any] = {
        "ALLOWED_HOSTS": sorted(f"[{host}]" if ":" in host else host for host in hosts),
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_SECURE": secure,
        "SESSION_COOKIE_NAME": "__Host-session" if secure else "session",
        "CSRF_COOKIE_NAME": "__Host-csrf" if secure else "csrf",
        "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SAMESITE": "Strict",
        "SESSION_COOKIE_AGE": console.idle_minutes * 60,
        "SESSION_SAVE_EVERY_REQUEST": True,
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
        "X_FRAME_OPTIONS": "DENY",
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "SECURE_HSTS_SECONDS": 31_536_000 if secure else 0,
    }
    if console.tls is None and secure:
        # A web server in front ends TLS; it must set both headers itself (docs/console.md).
        found["SECURE_PROXY_SSL_HEADER"] = ("HTTP_X_FORWARDED_PROTO", "https")
        found["ALLAUTH_TRUSTED_PROXY_COUNT"] = 1
    return found


def _accounts(settings: Settings) -> dict[str, Any]:
    return {
        "AUTH_USER_MODEL": "console.Account",
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"{_PASSWORDS}.UserAttributeSimilarityValidator"},
            {"NAME": f"{_PASSWORDS}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
            {"NAME": f"{_PASSWORDS}.CommonPasswordValidator"},
            {"NAME": "dlp_gateway.console.signin.AnotherPassword"},
        ],
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "/",
        "ACCOUNT_ADAPTER": "dlp_gateway.console.signin.Adapter",
        "ACCOUNT_FORMS": {
            "login": "dlp_gateway.console.signin_forms.SignInForm",
            "change_password": "dlp_gateway.console.signin_forms.NewPasswordForm",
        },
        "ACCOUNT_LOGIN_METHODS": {"username"},
        "ACCOUNT_SIGNUP_FIELDS": ["username*", "password1*"],
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_LOGOUT_REDIRECT_URL": "/account/login/",
        "ACCOUNT_SESSION_REMEMBER": False,
        "ACCOUNT_PREVENT_ENUMERATION": True,
        "ACCOUNT_REAUTHENTICATION_TIMEOUT": 300,
        "ACCOUNT_RATE_LIMITS": {
            "login": "30/m/ip",
            "login_failed": "10/m/ip,5/300s/key",
            "reauthenticate": "10/m/user",
        },
        "MFA_ADAPTER": "dlp_gateway.console.signin.SecondFactors",
        "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
        "MFA_PASSKEY_LOGIN_ENABLED": True,
        "MFA_TOTP_ISSUER": settings.hostname,
        "MFA_TOTP_TOLERANCE": 1,
    }


def _secret(settings: Settings) -> str:
    """The key that signs cookies; made once, readable by the console's account alone."""
    path = settings.state_directory / "console" / "secret.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text("ascii")
