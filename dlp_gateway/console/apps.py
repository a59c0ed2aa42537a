"""The console's application for Django."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):  # type: ignore[misc]  # Django carries no types
    """Accounts and their sessions; everything else is in the store."""

    name = "dlp_gateway.console"
    label = "console"

    def ready(self) -> None:
        """Let sign-ins go on record."""
        from dlp_gateway.console import signin

        signin.connect()
