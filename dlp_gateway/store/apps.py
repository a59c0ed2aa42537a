"""How Django knows the store: by the label ``store``."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):  # type: ignore[misc]  # Django carries no types
    """The application with the schema and its migrations."""

    name = "dlp_gateway.store"
    label = "store"
